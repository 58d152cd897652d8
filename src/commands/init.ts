/** Gives a project its first workflow. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { initCommand } from '../app/init/init.ts';
import { listTemplates } from '../app/init/list.ts';

/** `codemachine init [dir]` */
export default class Init extends Command {
  static override readonly summary = 'Write a first workflow, with the engines and tests that are here.';
  static override readonly description =
    'Asks at most three questions, and none with --yes, with --json, in CI or away from a terminal. What is there already stays as it is.';
  static override readonly examples = [
    { command: '<%= config.bin %> init', description: 'three questions, each answered by Enter' },
    { command: '<%= config.bin %> init --list', description: 'what a workflow can start as' },
    {
      command: '<%= config.bin %> init --template looped-fix --test "make check" --yes',
      description: 'no question',
    },
  ];
  static override readonly args = {
    dir: Args.string({
      ignoreStdin: true,
      description: 'a directory of the repository; default: the current one',
    }),
  };
  static override readonly flags = {
    template: Flags.string({
      char: 't',
      description: 'what the workflow is to do; --list shows them',
      helpValue: '<name>',
    }),
    engine: Flags.string({
      description: 'the engine of its agents; default: those that are here',
      helpValue: '<name>',
    }),
    test: Flags.string({
      description: 'the command that runs the tests; default: what the project says',
      helpValue: '<command>',
    }),
    yes: Flags.boolean({ char: 'y', description: 'ask nothing' }),
    list: Flags.boolean({
      description: 'list the templates, and write nothing',
      exclusive: ['template', 'engine', 'test', 'yes'],
    }),
    json: Flags.boolean({ description: 'print one JSON object; with --list a list' }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const { template, engine, test, yes, json } = flags;
    const packageRoot = this.config.root;
    process.exitCode = flags.list
      ? listTemplates({ json, packageRoot })
      : await initCommand({ dir: args.dir, template, engine, test, yes, json, packageRoot });
  }
}

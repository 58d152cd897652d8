/** Shows in which order a workflow would run, without running it. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { printPlan } from '../app/show-plan.ts';

/** `codemachine plan <workflow>` */
export default class Plan extends Command {
  static override readonly summary = 'Show what would run: batches, engines, models, rights.';
  static override readonly description = 'Nothing is started. With inputs it shows what would run with them.';
  static override readonly examples = [
    { command: '<%= config.bin %> plan fix-issue', description: 'a workflow of .codemachine/workflows' },
    { command: '<%= config.bin %> plan ci.yml --graph mermaid', description: 'a drawing, for a page' },
    {
      command: '<%= config.bin %> plan deploy --input target=live',
      description: 'what would run for this input',
    },
  ];
  static override readonly args = {
    workflow: Args.string({
      ignoreStdin: true,
      description: 'path, or name in .codemachine/workflows',
      required: true,
    }),
  };
  static override readonly flags = {
    input: Flags.string({
      char: 'i',
      description: 'an input: name=value, or name=@file',
      multiple: true,
      multipleNonGreedy: true,
    }),
    inputs: Flags.string({ description: 'a JSON file with inputs' }),
    graph: Flags.string({
      description: 'how to draw it',
      options: ['text', 'mermaid', 'dot', 'json'],
      default: 'text',
    }),
    json: Flags.boolean({
      description: 'print one JSON object, as `--graph json` does',
      exclusive: ['graph'],
    }),
    only: Flags.string({
      description: 'only steps whose id fits this glob',
      multiple: true,
      multipleNonGreedy: true,
    }),
    skip: Flags.string({
      description: 'all but the steps whose id fits this glob',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Plan);
    process.exitCode = await printPlan(args.workflow, { ...flags, graph: flags.json ? 'json' : flags.graph });
  }
}

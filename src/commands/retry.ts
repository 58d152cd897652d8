/** Starts a run that takes over what another one came to. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { retryCommand } from '../app/runs/run-command.ts';

/** `codemachine retry <run>` */
export default class Retry extends Command {
  static override readonly summary = 'Start a new run that keeps what succeeded in another one.';
  static override readonly description =
    'The old run stays as it was. Without flags everything runs again that did not succeed.';
  static override readonly examples = [
    { command: '<%= config.bin %> retry @failed', description: 'the newest run that failed' },
    { command: '<%= config.bin %> retry @last --from code', description: '`code` and all behind it' },
    {
      command: '<%= config.bin %> retry 20261120-14 --updated --input issue=43',
      description: "today's workflow, another input",
    },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
  };
  static override readonly flags = {
    failed: Flags.boolean({
      description: 'run what has no result, and all behind it; the default',
      exclusive: ['from'],
    }),
    from: Flags.string({ description: 'run this step again too, and all behind it', helpValue: '<step>' }),
    updated: Flags.boolean({ description: "take today's workflow: what changed runs again too" }),
    input: Flags.string({
      char: 'i',
      description: 'an input that differs: name=value, or name=@file; steps that see it run again',
      multiple: true,
      multipleNonGreedy: true,
    }),
    inputs: Flags.string({ description: 'a JSON file with inputs that differ' }),
    'keep-tree': Flags.boolean({
      description: 'put nothing back: start from the tree as it is',
      exclusive: ['restore'],
    }),
    restore: Flags.boolean({ description: 'put the tree back even where it was edited since' }),
    park: Flags.boolean({
      description:
        'park rather than wait when all that is left waits for a quota; the default in GitHub Actions',
      allowNo: true,
    }),
    junit: Flags.string({
      description: 'write JUnit XML to this file besides, each execution of a step a test case',
      helpValue: '<file>',
    }),
    json: Flags.boolean({ description: 'print events, one per line' }),
    verbose: Flags.boolean({ char: 'v', description: 'show what agents think and call' }),
    yes: Flags.boolean({ char: 'y', description: 'ask nothing: do what is safe' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Retry);
    process.exitCode = await retryCommand({
      ...{ run: args.run, json: flags.json, verbose: flags.verbose, yes: flags.yes },
      junit: flags.junit,
      ...{ keepTree: flags['keep-tree'], restore: flags.restore, from: flags.from },
      ...{ updated: flags.updated, input: flags.input ?? [], inputs: flags.inputs },
      ...{ park: flags.park, stateDir: flags['state-dir'] },
    });
  }
}

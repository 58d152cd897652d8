/** Goes on with a run. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { resumeCommand } from '../app/runs/run-command.ts';

/** `codemachine resume <run>` */
export default class Resume extends Command {
  static override readonly summary = 'Go on with a run that was cut off, parked or canceled, or failed.';
  static override readonly description =
    "No step that succeeded runs again; edits of a step that was cut off are undone first. The workflow is the one that was recorded at the start, unless --updated takes today's.";
  static override readonly examples = [
    { command: '<%= config.bin %> resume @last', description: 'after Ctrl-C, a crash or a failure' },
    { command: '<%= config.bin %> resume 20261120-14 --keep-tree', description: 'undo nothing' },
    { command: '<%= config.bin %> resume @last --budget usd=10', description: 'raise what it may spend' },
    { command: '<%= config.bin %> resume @last --updated', description: "with today's workflow" },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
  };
  static override readonly flags = {
    'keep-tree': Flags.boolean({
      description: 'undo nothing: go on from the tree as it is',
      exclusive: ['restore'],
    }),
    restore: Flags.boolean({ description: 'put the tree back even where it was edited since' }),
    resolved: Flags.string({
      description: 'a step whose change collided and is merged in the checkout by now: it is not made again',
      helpValue: 'STEP',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['updated'],
    }),
    updated: Flags.boolean({
      description: "take today's workflow: what changed runs again, with all behind it",
    }),
    input: Flags.string({
      char: 'i',
      description: 'with --updated: an input that is new, or differs: name=value, or name=@file',
      multiple: true,
      multipleNonGreedy: true,
    }),
    inputs: Flags.string({ description: 'with --updated: a JSON file with inputs' }),
    budget: Flags.string({
      description: 'raise limits: usd=10,tokens=5M,time=3h; step:fix.usd=2',
      multiple: true,
      multipleNonGreedy: true,
    }),
    park: Flags.boolean({
      description:
        'park rather than wait when all that is left waits for a quota; the default in GitHub Actions',
      allowNo: true,
    }),
    junit: Flags.string({
      description: 'write JUnit XML to this file besides, each execution of a step a test case',
      helpValue: '<file>',
    }),
    json: Flags.boolean({ description: 'print events from run-resumed on, one per line' }),
    verbose: Flags.boolean({ char: 'v', description: 'show what agents think and call' }),
    yes: Flags.boolean({ char: 'y', description: 'ask nothing: do what is safe' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Resume);
    process.exitCode = await resumeCommand({
      ...{ run: args.run, json: flags.json, verbose: flags.verbose, yes: flags.yes },
      junit: flags.junit,
      ...{ keepTree: flags['keep-tree'], restore: flags.restore },
      ...{
        resolved: flags.resolved ?? [],
        updated: flags.updated,
        input: flags.input ?? [],
        inputs: flags.inputs,
      },
      ...{ budget: flags.budget?.join(','), park: flags.park, stateDir: flags['state-dir'] },
    });
  }
}

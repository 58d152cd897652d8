/** Merges the change of an attempt into the tree by hand. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { applyCommand } from '../app/trees/apply.ts';
import { splitPaths } from '../app/trees/split-paths.ts';

/** `codemachine apply <run> <step>[.<attempt>]` */
export default class Apply extends Command {
  static override readonly summary = 'Merge what an attempt of a step made into the tree as it is now.';
  static override readonly description =
    'For a change that is not there: of an isolated step that failed, that collided, or that says `merge: never`; of an attempt that was undone. Where it collides with the tree nothing is changed, exit code 1. Files only: HEAD, branches and the index stay, and the run is not changed by it.';
  static override readonly usage =
    '<%= command.id %> <run> <step> [--markers | --take shared|step] [flags] [-- <path>…]';
  static override readonly examples = [
    { command: '<%= config.bin %> apply @last fix', description: 'bring in what `fix` made' },
    {
      command: '<%= config.bin %> apply @last fix.1 --dry-run',
      description: 'would its first attempt merge?',
    },
    {
      command: '<%= config.bin %> apply 20261120-14 fix --markers',
      description: 'with both sides in the files that collide',
    },
    {
      command: '<%= config.bin %> apply @last fix --take step -- logo.png',
      description: 'of one file, what the step has',
    },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
    step: Args.string({ ignoreStdin: true, description: 'the step, or step.attempt', required: true }),
  };
  static override readonly flags = {
    markers: Flags.boolean({
      description: 'where it collides, put both sides into the files between markers',
      default: false,
    }),
    take: Flags.option({
      description: 'of the files behind `--` that collide, take one side whole',
      options: ['shared', 'step'] as const,
      exclusive: ['markers'],
    })(),
    'dry-run': Flags.boolean({ description: 'only show what would change', default: false }),
    json: Flags.boolean({ description: 'print one JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { argv, paths } = splitPaths(this.argv);
    const { args, flags } = await this.parse(Apply, argv);
    process.exitCode = await applyCommand({
      ...{ run: args.run, step: args.step, markers: flags.markers, dryRun: flags['dry-run'] },
      ...{ take: flags.take, paths, json: flags.json },
      stateDir: flags['state-dir'],
    });
  }
}

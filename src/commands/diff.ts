/** Shows what a run changed in the tree. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { diffCommand } from '../app/trees/diff.ts';
import { splitPaths } from '../app/trees/split-paths.ts';

/** `codemachine diff <run> [step[.attempt]] [-- paths…]` */
export default class Diff extends Command {
  static override readonly summary = 'Show what a run, or one attempt of a step, changed in the tree.';
  static override readonly description =
    'Of a run: the tree as it found it against the tree as it left it, merges included. Of a step: what its newest attempt, or the one named, made of the tree it started from. Into a file or a pipe it prints a patch for `git apply`.';
  static override readonly usage = '<%= command.id %> <run> [step] [flags] [-- <path>…]';
  static override readonly examples = [
    { command: '<%= config.bin %> diff @last', description: 'what the run changed' },
    {
      command: '<%= config.bin %> diff @last code.2 --stat',
      description: 'what one attempt changed: files and lines',
    },
    {
      command: '<%= config.bin %> diff @last code --conflict -- src',
      description: 'where a change did not merge',
    },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
    step: Args.string({
      ignoreStdin: true,
      description: 'the step, or step.attempt; the whole run without it',
    }),
  };
  static override readonly flags = {
    stat: Flags.boolean({ description: 'only the files and how many lines', default: false }),
    conflict: Flags.boolean({
      description: 'what could not be merged, with both sides between markers',
      default: false,
    }),
    json: Flags.boolean({
      description: 'the files with what became of each, as one JSON object',
      default: false,
    }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { argv, paths } = splitPaths(this.argv);
    const { args, flags } = await this.parse(Diff, argv);
    process.exitCode = await diffCommand({
      ...{ run: args.run, step: args.step, paths },
      ...{ stat: flags.stat, json: flags.json, conflict: flags.conflict },
      stateDir: flags['state-dir'],
    });
  }
}

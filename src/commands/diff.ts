/** Shows what a run changed in the tree. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { diffCommand } from '../app/diff.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine diff <run> [step[.attempt]]` */
export default class Diff extends Command {
  static override readonly summary = 'Show what a run, or one attempt of a step, changed in the tree.';
  static override readonly examples = [
    '<%= config.bin %> diff @last',
    '<%= config.bin %> diff @last code.2 --stat',
  ];
  static override readonly args = {
    run: Args.string({ description: 'run id, the beginning of one, @last or @failed', required: true }),
    step: Args.string({ description: 'the step, or step.attempt; the whole run without it' }),
  };
  static override readonly flags = {
    stat: Flags.boolean({ description: 'only the files and how many lines' }),
    json: Flags.boolean({ description: 'only the names of the files, as JSON' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    process.exitCode = await diffCommand({
      run: args.run,
      step: args.step,
      stat: flags.stat,
      json: flags.json,
      stateDir: flags['state-dir'],
    });
  }
}

/** Shows one run. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { statusCommand } from '../app/look.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine status [run]` */
export default class Status extends Command {
  static override readonly summary = 'Show a run: its steps, what failed and why, what it cost.';
  static override readonly description =
    'Of a run that goes on, how far it is; of one that ended, why, and what to type next.';
  static override readonly examples = [
    { command: '<%= config.bin %> status', description: 'the newest run' },
    { command: '<%= config.bin %> status 20261120-14 --watch', description: 'follow it until it ends' },
    {
      command: '<%= config.bin %> status @failed --json',
      description: 'the newest that failed, for programs',
    },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      default: '@last',
    }),
  };
  static override readonly flags = {
    all: Flags.boolean({ description: 'leave no step, file or output out' }),
    json: Flags.boolean({ description: 'print one JSON object; with --watch events, one per line' }),
    watch: Flags.boolean({ description: 'show it until nobody runs it any more' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    process.exitCode = await statusCommand(args.run, { ...flags, stateDir: flags['state-dir'] });
  }
}

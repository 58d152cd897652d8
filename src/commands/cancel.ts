/** Ends a run from another process. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { cancelCommand } from '../app/cancel.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine cancel <run>` */
export default class Cancel extends Command {
  static override readonly summary = 'End a run: its children are stopped, `finally` runs.';
  static override readonly description =
    'It works from any terminal. A canceled run can be resumed all the same.';
  static override readonly examples = [
    { command: '<%= config.bin %> cancel @last', description: 'the newest run' },
    { command: '<%= config.bin %> cancel 20261120-14', description: 'the run whose id begins so' },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, or @last',
      required: true,
    }),
  };
  static override readonly flags = {
    json: Flags.boolean({ description: 'print one JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Cancel);
    process.exitCode = await cancelCommand(args.run, { json: flags.json, stateDir: flags['state-dir'] });
  }
}

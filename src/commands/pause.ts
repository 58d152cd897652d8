/** Parks a run from another process. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { pauseCommand } from '../app/pause.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine pause <run>` */
export default class Pause extends Command {
  static override readonly summary = 'Park a run: what runs comes to its end, nothing new starts.';
  static override readonly description = 'It is parked then, and `codemachine resume` goes on with it.';
  static override readonly examples = [
    { command: '<%= config.bin %> pause @last', description: 'the newest run' },
    { command: '<%= config.bin %> pause 20261120-14', description: 'the run whose id begins so' },
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
    const { args, flags } = await this.parse(Pause);
    process.exitCode = await pauseCommand(args.run, { json: flags.json, stateDir: flags['state-dir'] });
  }
}

/** Ends a run from another process. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import { cancelCommand } from '../app/cancel.ts';

/** `codemachine cancel <run>` */
export default class Cancel extends Command {
  static override readonly summary = 'End a run: its children are stopped, `finally` runs.';
  static override readonly examples = ['<%= config.bin %> cancel @last'];
  static override readonly args = {
    run: Args.string({ description: 'run id, the beginning of one, or @last', required: true }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Cancel);
    process.exitCode = await cancelCommand(args.run);
  }
}

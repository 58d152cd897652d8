/** Lists the runs of this repository. */
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { runsCommand } from '../app/look.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine runs` */
export default class Runs extends Command {
  static override readonly summary = 'List the runs of this repository, newest first.';
  static override readonly description =
    'Those that wait for a decision are listed once more, with what to type.';
  static override readonly examples = [
    { command: '<%= config.bin %> runs', description: 'the newest 20' },
    '<%= config.bin %> runs --limit 5',
    { command: '<%= config.bin %> runs --json', description: 'for programs' },
  ];
  static override readonly flags = {
    json: Flags.boolean({ description: 'print one JSON list' }),
    limit: Flags.integer({ description: 'at most so many', default: 20, min: 1 }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Runs);
    process.exitCode = await runsCommand({ ...flags, stateDir: flags['state-dir'] });
  }
}

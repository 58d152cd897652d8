/** Looks whether everything that a run needs is there. */
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { doctorCommand } from '../app/doctor/doctor.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine doctor` */
export default class Doctor extends Command {
  static override readonly summary =
    'Look whether Node, git, the database and the engines are there, and what to do.';
  static override readonly examples = ['<%= config.bin %> doctor'];
  static override readonly flags = {
    json: Flags.boolean({ description: 'print one JSON list' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    process.exitCode = await doctorCommand({ json: flags.json, stateDir: flags['state-dir'] });
  }
}

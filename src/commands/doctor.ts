/** Looks whether everything that a run needs is there. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { doctorCommand } from '../app/doctor/doctor.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine doctor` */
export default class Doctor extends Command {
  static override readonly summary = 'Look whether all is there that a run needs, and what to do.';
  static override readonly description =
    'Node, git, the database, the engines: where each is, which version, what signs it in; of a workflow, whether it can run here. It spends no token, needs no network and tries no key.';
  static override readonly examples = [
    { command: '<%= config.bin %> doctor', description: 'what is missing, and what to do' },
    { command: '<%= config.bin %> doctor fix-issue --input issue=42', description: 'can this run here?' },
  ];
  static override readonly args = {
    workflow: Args.string({
      ignoreStdin: true,
      description: 'path, or name in .codemachine/workflows: what it needs',
    }),
  };
  static override readonly flags = {
    input: Flags.string({
      char: 'i',
      description: 'with a workflow, an input: name=value, or name=@file',
      multiple: true,
      multipleNonGreedy: true,
    }),
    inputs: Flags.string({ description: 'with a workflow, a JSON file with inputs' }),
    json: Flags.boolean({ description: 'print one JSON list' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Doctor);
    process.exitCode = await doctorCommand({
      ...{ json: flags.json, stateDir: flags['state-dir'], workflow: args.workflow },
      ...{ input: flags.input ?? [], inputs: flags.inputs },
    });
  }
}

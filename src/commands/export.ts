/** Writes a run to a file. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { exportCommand } from '../app/travel/export.ts';

/** `codemachine export <run> -o <file>` */
export default class Export extends Command {
  static override readonly summary = 'Write a run to one file, to go on with it elsewhere.';
  static override readonly description =
    'History, logs, artifacts and the recordings of the tree, secrets masked; not what the commit that the run began at has. With CODEMACHINE_BUNDLE_KEY in the environment the file is encrypted. A run that is being run is refused.';
  static override readonly examples = [
    { command: '<%= config.bin %> export @last -o run.codemachine', description: 'the newest run' },
    {
      command: '<%= config.bin %> export 20261120-14 -o run.codemachine --json',
      description: 'say what is in the file, for programs',
    },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
  };
  static override readonly flags = {
    output: Flags.string({
      char: 'o',
      description: 'where the file goes',
      helpValue: '<file>',
      required: true,
    }),
    json: Flags.boolean({ description: 'print one JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Export);
    const { output, json } = flags;
    process.exitCode = await exportCommand({ run: args.run, output, json, stateDir: flags['state-dir'] });
  }
}

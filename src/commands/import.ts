/** Reads a run from a file. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { importCommand } from '../app/travel/import.ts';

/** `codemachine import <file>` */
export default class Import extends Command {
  static override readonly summary = 'Read a run that `export` wrote, to go on with it here.';
  static override readonly description =
    'To be called in a clean checkout of the commit that the run began at; a shallow one will do. The files become what the run had left. All of it is checked before anything is changed. Whoever resumes the run starts what its file says: import from people you trust.';
  static override readonly examples = [
    {
      command: '<%= config.bin %> import run.codemachine',
      description: 'with the files as the run left them',
    },
    {
      command: '<%= config.bin %> import run.codemachine --keep-tree',
      description: 'leave the files of the checkout alone',
    },
  ];
  static override readonly args = {
    file: Args.string({ ignoreStdin: true, description: 'what `export` wrote', required: true }),
  };
  static override readonly flags = {
    'keep-tree': Flags.boolean({
      description: 'leave the files of the checkout as they are',
      default: false,
    }),
    json: Flags.boolean({ description: 'print one JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Import);
    const { json, 'keep-tree': keepTree, 'state-dir': stateDir } = flags;
    process.exitCode = await importCommand({ file: args.file, keepTree, json, stateDir });
  }
}

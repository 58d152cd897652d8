/** Checks workflow files without running anything. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { FORMATS, type Format, validateFiles } from '../app/validate/validate.ts';

/** `codemachine validate [files…]` */
export default class Validate extends Command {
  static override readonly summary = 'Check workflow files; every problem at its line and column.';
  static override readonly strict = false;
  static override readonly description = 'Nothing is started. Exit code 2 says that a file is refused.';
  static override readonly examples = [
    { command: '<%= config.bin %> validate', description: 'all of .codemachine/workflows' },
    { command: '<%= config.bin %> validate fix-issue', description: 'one of them' },
    {
      command: '<%= config.bin %> validate --format json ci.yml release.yml',
      description: 'files, for programs',
    },
    {
      command: '<%= config.bin %> validate --fix --dry-run workflows/',
      description: 'what could be mended by itself',
    },
  ];
  static override readonly args = {
    files: Args.string({
      ignoreStdin: true,
      description:
        'names, paths, directories, globs, or - for standard input; default: .codemachine/workflows',
      required: false,
    }),
  };
  static override readonly flags = {
    format: Flags.custom<Format>({ options: [...FORMATS] })({ description: 'how to print', default: 'text' }),
    json: Flags.boolean({
      description: 'print one JSON object, as `--format json` does',
      exclusive: ['format'],
    }),
    strict: Flags.boolean({ description: 'take warnings as errors' }),
    fix: Flags.boolean({ description: 'write into the files what can only be meant in one way' }),
    'dry-run': Flags.boolean({ description: 'with --fix: print the changes as a diff, and write nothing' }),
    watch: Flags.boolean({ description: 'validate again when a file changes, until Ctrl-C' }),
    'stdin-filename': Flags.string({
      description: 'with -: the path that the text stands for',
      helpValue: '<path>',
    }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Validate);
    const named = flags['stdin-filename'];
    process.exitCode = await validateFiles(argv as string[], {
      format: flags.json ? 'json' : flags.format,
      strict: flags.strict,
      fix: flags.fix,
      dryRun: flags['dry-run'],
      watch: flags.watch,
      ...(named === undefined ? {} : { stdinFilename: named }),
    });
  }
}

/** Checks workflow files without running anything. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { validateFiles } from '../app/validate.ts';

/** `codemachine validate [files…]` */
export default class Validate extends Command {
  static override readonly summary = 'Check workflow files; every problem at its line and column.';
  static override readonly strict = false;
  static override readonly examples = [
    '<%= config.bin %> validate',
    '<%= config.bin %> validate fix-issue',
    '<%= config.bin %> validate --format json ci.yml release.yml',
  ];
  static override readonly args = {
    files: Args.string({
      description: 'paths or names; default: all of .codemachine/workflows',
      required: false,
    }),
  };
  static override readonly flags = {
    format: Flags.string({ description: 'how to print', options: ['text', 'json'], default: 'text' }),
    strict: Flags.boolean({ description: 'take warnings as errors' }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Validate);
    process.exitCode = await validateFiles(
      argv as string[],
      flags.format === 'json' ? 'json' : 'text',
      flags.strict,
    );
  }
}

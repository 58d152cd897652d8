/** Prints the JSON schema of a file that codemachine reads or writes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';

/** `codemachine schema [name]` */
export default class Schema extends Command {
  static override readonly summary = 'Print the JSON schema of a file that codemachine reads or writes.';
  static override readonly examples = ['<%= config.bin %> schema workflow > workflow.schema.json'];
  static override readonly args = {
    name: Args.string({
      description: 'which schema',
      options: [
        'workflow',
        'event',
        'config',
        'diagnostics',
        'test',
        'test-report',
        'engines',
        'cost',
        'export',
        'import',
      ],
      default: 'workflow',
    }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Schema);
    const file = path.join(this.config.root, 'schemas', `${args.name}.schema.json`);
    process.stdout.write(await readFile(file, 'utf8'));
  }
}

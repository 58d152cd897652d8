/** Prints the JSON schema of a file that codemachine reads or writes. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { printSchema, SCHEMAS } from '../app/schemas.ts';

/** `codemachine schema [name]` */
export default class Schema extends Command {
  static override readonly summary = 'Print the JSON Schema of a file, or of what --json prints.';
  static override readonly description = 'Editors check and complete by it.';
  static override readonly examples = [
    { command: '<%= config.bin %> schema', description: 'which there are' },
    { command: '<%= config.bin %> schema workflow > workflow.schema.json', description: 'for your editor' },
    { command: '<%= config.bin %> schema event', description: 'what `run --json` prints' },
  ];
  static override readonly args = {
    name: Args.string({
      ignoreStdin: true,
      description: 'which schema; without it they are listed',
      options: [...SCHEMAS],
    }),
  };
  static override readonly flags = {
    json: Flags.boolean({ description: 'list them as JSON; a schema is JSON anyway' }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Schema);
    await printSchema(this.config.root, args.name, flags.json);
  }
}

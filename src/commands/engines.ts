/** Shows the engines and what each can do. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { enginesCommand } from '../app/engines/engines.ts';

/** `codemachine engines [name]` */
export default class Engines extends Command {
  static override readonly summary = 'Show what each engine can do, and which of them are installed.';
  static override readonly examples = ['<%= config.bin %> engines', '<%= config.bin %> engines codex --json'];
  static override readonly args = {
    name: Args.string({ description: 'show this one alone, at length' }),
  };
  static override readonly flags = {
    json: Flags.boolean({ description: 'print one JSON list' }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Engines);
    process.exitCode = await enginesCommand({ json: flags.json, name: args.name });
  }
}

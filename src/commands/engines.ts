/** Shows the engines and what each can do. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { enginesCommand } from '../app/engines/engines.ts';

/** `codemachine engines [name]` */
export default class Engines extends Command {
  static override readonly summary = 'Show what each engine can do, and which of them are installed.';
  static override readonly description =
    'Only programs of PATH or of your own configuration are started to find out.';
  static override readonly examples = [
    { command: '<%= config.bin %> engines', description: 'beside each other' },
    { command: '<%= config.bin %> engines codex', description: 'one at length' },
    { command: '<%= config.bin %> engines --json', description: 'for programs' },
  ];
  static override readonly args = {
    name: Args.string({ ignoreStdin: true, description: 'show this one alone, at length' }),
  };
  static override readonly flags = {
    json: Flags.boolean({ description: 'print one JSON list' }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Engines);
    process.exitCode = await enginesCommand({ json: flags.json, name: args.name });
  }
}

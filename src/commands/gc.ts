/** Clears up old runs. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { gcCommand } from '../app/clearing/gc.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine gc [run…]` */
export default class Gc extends Command {
  static override readonly summary = 'Remove old runs: their history, logs, recordings and worktrees.';
  static override readonly description =
    'Without a name, the ended runs that `retention` in config.yml keeps no longer: by default those that ended over 30 days ago, and those behind the newest 200. A run that is going on, interrupted or parked is never removed unless it is named with --force. No run clears up by itself.';
  static override readonly examples = [
    { command: '<%= config.bin %> gc --dry-run', description: 'what would go' },
    { command: '<%= config.bin %> gc --older-than 7d', description: 'all that ended over a week ago' },
    { command: '<%= config.bin %> gc 20261120-14 --force', description: 'this one, whatever it waits for' },
  ];
  static override readonly strict = false;
  static override readonly args = {
    run: Args.string({ ignoreStdin: true, description: 'only this run; several may be named' }),
  };
  static override readonly flags = {
    'older-than': Flags.string({
      description: 'those that ended longer ago, whatever is configured',
      helpValue: '<30d>',
    }),
    keep: Flags.integer({
      description: 'all but the newest, whatever is configured',
      helpValue: '<number>',
      min: 0,
    }),
    'dry-run': Flags.boolean({ description: 'only say what would be removed', default: false }),
    force: Flags.boolean({ description: 'named runs go even if they could go on' }),
    json: Flags.boolean({ description: 'print one JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Gc);
    process.exitCode = await gcCommand({
      ...{ runs: argv.map(String), olderThan: flags['older-than'], keep: flags.keep },
      ...{ dryRun: flags['dry-run'], force: flags.force, json: flags.json },
      stateDir: flags['state-dir'],
    });
  }
}

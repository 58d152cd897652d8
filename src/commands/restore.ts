/** Puts the tree back to how a run recorded it. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { restoreCommand } from '../app/trees/restore.ts';
import { splitPaths } from '../app/trees/split-paths.ts';

/** `codemachine restore <run> [step[.attempt]] (--before|--after) [-- paths…]` */
export default class Restore extends Command {
  static override readonly summary = 'Put files of the tree back to how a run had recorded them.';
  static override readonly description =
    'Files only: HEAD, branches and the index stay without --head, ignored files always. What is overwritten is recorded first, and the command that brings it back is printed. Refused while a run works in the checkout.';
  static override readonly usage =
    '<%= command.id %> <run> ([step] (--before | --after) | --to <number>) [flags] [-- <path>…]';
  static override readonly examples = [
    { command: '<%= config.bin %> restore @last --before', description: 'as the run found the tree' },
    {
      command: '<%= config.bin %> restore @last fix.1 --after -- src/a.ts',
      description: 'one file as an attempt left it',
    },
    {
      command: '<%= config.bin %> restore @last fix.1 --after --head',
      description: 'commits and the index too',
    },
    {
      command: '<%= config.bin %> restore 20261120-14 --to 7 --dry-run',
      description: 'what recording 7 would change',
    },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
    step: Args.string({
      ignoreStdin: true,
      description: 'the step, or step.attempt; the whole run without it',
    }),
  };
  static override readonly flags = {
    before: Flags.boolean({ description: 'as the step, or the run, found it', exclusive: ['after', 'to'] }),
    after: Flags.boolean({ description: 'as the step, or the run, left it', exclusive: ['to'] }),
    to: Flags.string({
      description: 'a recording of the run by its number; no step with it',
      helpValue: '<number>',
    }),
    head: Flags.boolean({ description: 'of a step: HEAD, its branch and the index too', exclusive: ['to'] }),
    'dry-run': Flags.boolean({ description: 'only show what would change', default: false }),
    json: Flags.boolean({ description: 'print one JSON object' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { argv, paths } = splitPaths(this.argv);
    const { args, flags } = await this.parse(Restore, argv);
    process.exitCode = await restoreCommand({
      ...{ run: args.run, step: args.step, to: flags.to, head: flags.head, paths },
      side: flags.before ? 'before' : flags.after ? 'after' : undefined,
      ...{ dryRun: flags['dry-run'], yes: flags.yes, json: flags.json, stateDir: flags['state-dir'] },
    });
  }
}

/** Says what agents cost. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { costCommand } from '../app/cost.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine cost [run]` */
export default class Cost extends Command {
  static override readonly summary = 'Say what agents used and cost, over the runs that are kept.';
  static override readonly description = 'What nobody knows is said, and not taken for nothing.';
  static override readonly examples = [
    { command: '<%= config.bin %> cost', description: 'by workflow' },
    { command: '<%= config.bin %> cost --by day --since 7d', description: 'of the last week, day by day' },
    { command: '<%= config.bin %> cost @last', description: 'of one run, step by step' },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'only this one: a run id, the beginning of one, @last or @failed',
    }),
  };
  static override readonly flags = {
    by: Flags.option({
      description: 'what to add up by; default: workflow, of one run step',
      options: ['step', 'engine', 'workflow', 'day', 'run'] as const,
    })(),
    since: Flags.string({
      description: 'only attempts that ended since then: a time ago, or a day',
      helpValue: '<7d>',
      exclusive: ['last'],
    }),
    last: Flags.integer({ description: 'only the newest runs', helpValue: '<number>', min: 1 }),
    json: Flags.boolean({ description: 'print one JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Cost);
    const { by, since, last, json } = flags;
    process.exitCode = await costCommand({
      ...{ run: args.run, by, since, last, json },
      stateDir: flags['state-dir'],
    });
  }
}

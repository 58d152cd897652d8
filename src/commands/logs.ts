/** Prints what the attempts of a run wrote. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { logsCommand } from '../app/logs.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine logs <run> [step]` */
export default class Logs extends Command {
  static override readonly summary = 'Print the transcripts of a run or of one step.';
  static override readonly description =
    'Without a step those of all steps, in the order in which they started.';
  static override readonly examples = [
    { command: '<%= config.bin %> logs @last test', description: 'what one step printed' },
    { command: '<%= config.bin %> logs @last code --file prompt.md', description: 'what an agent was asked' },
    { command: '<%= config.bin %> logs @last --follow', description: 'what a run prints while it runs' },
  ];
  static override readonly args = {
    run: Args.string({
      ignoreStdin: true,
      description: 'run id, the beginning of one, @last or @failed',
      required: true,
    }),
    step: Args.string({
      ignoreStdin: true,
      description: 'the step, or `step.attempt`; all steps without it',
    }),
  };
  static override readonly flags = {
    attempt: Flags.integer({ description: 'only this attempt', min: 1 }),
    file: Flags.string({
      description: 'one file of the transcript; default: what was printed, and agents’ answers',
      options: ['prompt.md', 'stdout.log', 'stderr.log', 'events.jsonl', 'answer.json'],
    }),
    follow: Flags.boolean({ char: 'f', description: 'go on until nobody runs the run any more' }),
    json: Flags.boolean({ description: 'print each line as a JSON object' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    process.exitCode = await logsCommand({
      ...{ run: args.run, step: args.step, attempt: flags.attempt, file: flags.file },
      ...{ follow: flags.follow, json: flags.json },
      stateDir: flags['state-dir'],
    });
  }
}

/** Decides for one of the options of a gate. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { decideCommand } from '../app/gates/decide.ts';
import {
  COMMENT_FLAG,
  FIELD_FLAG,
  GATE_ARG,
  JSON_FLAG,
  RESUME_FLAG,
  RUN_ARG,
  VERBOSE_FLAG,
} from '../app/gates/decide-flags.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine answer <run> [gate]` */
export default class Answer extends Command {
  static override readonly summary = 'Decide for any option of a gate, and answer its questions.';
  static override readonly description =
    'Only what was shown at the gate is decided about: if that has changed since, it is asked again. A parked run goes on when it is resumed, or at once with --resume.';
  static override readonly examples = [
    { command: '<%= config.bin %> answer @last --option ship', description: 'the only gate that is open' },
    {
      command: '<%= config.bin %> answer @last ship --option canary --field percent=5',
      description: 'with an answer to what it asks',
    },
    {
      command: '<%= config.bin %> answer 20261120-14 ship --option ship --resume',
      description: 'and go on at once',
    },
  ];
  static override readonly args = { run: Args.string(RUN_ARG), gate: Args.string(GATE_ARG) };
  static override readonly flags = {
    option: Flags.string({ description: 'what is decided: one of the options of the gate' }),
    field: Flags.string(FIELD_FLAG),
    comment: Flags.string(COMMENT_FLAG),
    resume: Flags.boolean(RESUME_FLAG),
    json: Flags.boolean(JSON_FLAG),
    verbose: Flags.boolean(VERBOSE_FLAG),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Answer);
    process.exitCode = await decideCommand({
      ...{ run: args.run, gate: args.gate, option: flags.option, field: flags.field ?? [] },
      ...{ comment: flags.comment, resume: flags.resume, json: flags.json, verbose: flags.verbose },
      stateDir: flags['state-dir'],
    });
  }
}

/** Decides for the option `reject` at a gate. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { decideCommand } from '../app/gates/decide.ts';
import {
  COMMENT_FLAG,
  GATE_ARG,
  JSON_FLAG,
  RESUME_FLAG,
  RUN_ARG,
  VERBOSE_FLAG,
} from '../app/gates/decide-flags.ts';
import { STATE_DIR_FLAG } from '../app/place.ts';

/** `codemachine reject <run> [gate]` */
export default class Reject extends Command {
  static override readonly summary = 'Decide for `reject` at a gate: its step fails.';
  static override readonly description =
    'The run is parked until it is resumed, or goes on at once with --resume. What needs the gate does not run then.';
  static override readonly examples = [
    { command: '<%= config.bin %> reject @last', description: 'the only gate that is open' },
    {
      command: '<%= config.bin %> reject @last ship -m "not on a Friday"',
      description: 'with a word that is recorded',
    },
  ];
  static override readonly args = { run: Args.string(RUN_ARG), gate: Args.string(GATE_ARG) };
  static override readonly flags = {
    comment: Flags.string(COMMENT_FLAG),
    resume: Flags.boolean(RESUME_FLAG),
    json: Flags.boolean(JSON_FLAG),
    verbose: Flags.boolean(VERBOSE_FLAG),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Reject);
    process.exitCode = await decideCommand({
      ...{ run: args.run, gate: args.gate, option: 'reject', field: [] },
      ...{ comment: flags.comment, resume: flags.resume, json: flags.json, verbose: flags.verbose },
      stateDir: flags['state-dir'],
    });
  }
}

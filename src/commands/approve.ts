/** Decides for the option `approve` at a gate. */
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

/** `codemachine approve <run> [gate]` */
export default class Approve extends Command {
  static override readonly summary = 'Decide for `approve` at a gate.';
  static override readonly description =
    'A run that is parked there can go on then. What is decided about is what was shown and nothing else: if that has changed since, it is asked again.';
  static override readonly examples = [
    { command: '<%= config.bin %> approve @last', description: 'the only gate that is open' },
    { command: '<%= config.bin %> approve @last ship --resume', description: 'this gate, and go on at once' },
    {
      command: '<%= config.bin %> approve 20261120-14 ship -m "looks right"',
      description: 'with a word that is recorded',
    },
  ];
  static override readonly args = { run: Args.string(RUN_ARG), gate: Args.string(GATE_ARG) };
  static override readonly flags = {
    field: Flags.string(FIELD_FLAG),
    comment: Flags.string(COMMENT_FLAG),
    resume: Flags.boolean(RESUME_FLAG),
    json: Flags.boolean(JSON_FLAG),
    verbose: Flags.boolean(VERBOSE_FLAG),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Approve);
    process.exitCode = await decideCommand({
      ...{ run: args.run, gate: args.gate, option: 'approve', field: flags.field ?? [] },
      ...{ comment: flags.comment, resume: flags.resume, json: flags.json, verbose: flags.verbose },
      stateDir: flags['state-dir'],
    });
  }
}

/** Does what `codemachine run`, `codemachine resume` and `codemachine retry` say. */
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { ok, type Result } from '../../model/result.ts';
import type { RunRecord } from '../../state/runs.ts';
import { givenInputs } from '../facts.ts';
import { whyUnwritten } from '../junit-file.ts';
import { stateAt } from '../place.ts';
import { orTrouble, printDiagnosed, printRefusal } from '../print.ts';
import { answerError } from '../programs.ts';
import type { Refusal } from '../refusal.ts';
import type { Executed } from './execute.ts';
import { askGoOn, askTree, askUndo, canAsk, presenter, type ShowFlags, tell } from './present.ts';
import { readRaise } from './raise.ts';
import type { RunFlags } from './record.ts';
import { type ResumeOptions, resume } from './resume.ts';
import { retry } from './retry.ts';
import { absoluteFlags, start } from './start.ts';

/** The flags of `run`. */
export interface RunCommand extends ShowFlags {
  readonly workflow: string;
  readonly input: readonly string[];
  readonly inputs: string | undefined;
  readonly flags: RunFlags;
  readonly park?: boolean | undefined;
  readonly stateDir?: string | undefined;
}

/** `codemachine run` */
export function runCommand(command: RunCommand): Promise<ExitCode> {
  return orTrouble(() => runnable(command) ?? runOnce(command));
}

/** Refuses where what is asked for besides could not be done at the end. */
function runnable({ junit }: ShowFlags): Promise<ExitCode> | undefined {
  const unwritten = junit === undefined ? undefined : whyUnwritten(junit);
  return unwritten === undefined ? undefined : printRefusal({ message: unwritten });
}

async function runOnce(command: RunCommand): Promise<ExitCode> {
  const inputs = givenInputs(process.cwd(), command.input, command.inputs);
  if (!inputs.ok) return printRefusal(inputs.error);
  const ended = await start({
    workflow: command.workflow,
    inputs: inputs.value,
    flags: absoluteFlags(command.flags, process.cwd()),
    ...stateAt(command.stateDir),
    ...(command.park === undefined ? {} : { park: command.park }),
    env: process.env,
    by: 'run',
    reporter: presenter(command),
    warn: ({ diagnostics = [], sources = new Map() }) => printDiagnosed(diagnostics, sources),
    tell,
    signals: true,
    ...atTerminal(),
  });
  return finish(ended, command);
}

/** What `resume` and `retry` have in common. */
interface GoingOn extends ShowFlags {
  readonly run: string;
  readonly keepTree: boolean;
  readonly restore: boolean;
  readonly yes: boolean;
  readonly updated: boolean;
  readonly input: readonly string[];
  readonly inputs: string | undefined;
  readonly park?: boolean | undefined;
  readonly stateDir?: string | undefined;
}

/** The flags of `resume`. */
export interface ResumeCommand extends GoingOn {
  /** Steps that were merged by hand. */
  readonly resolved: readonly string[];
  readonly budget?: string | undefined;
}

/** The flags of `retry`. */
export interface RetryCommand extends GoingOn {
  readonly from: string | undefined;
}

/** `codemachine resume` */
export function resumeCommand(command: ResumeCommand): Promise<ExitCode> {
  return orTrouble(() => runnable(command) ?? resumeOnce(command));
}

async function resumeOnce(command: ResumeCommand): Promise<ExitCode> {
  const inputs = givenInputs(process.cwd(), command.input, command.inputs);
  if (!inputs.ok) return printRefusal(inputs.error);
  const given = Object.keys(inputs.value);
  if (given.length > 0 && !command.updated)
    return printRefusal({
      message: `--input ${given.join(', ')}: a resumed run has the inputs that it was started with`,
      help: 'add `--updated`, or start a new run with `codemachine retry`',
    });
  const raise = command.budget === undefined ? ok(undefined) : readRaise(command.budget);
  if (!raise.ok) return printRefusal(raise.error);
  const asking = canAsk() && !command.yes;
  const updated = { inputs: inputs.value, ...(asking ? { askGoOn } : {}) };
  const ended = await resume({
    ...goingOn(command, 'resume'),
    ...(asking ? { ask: askUndo } : {}),
    ...(command.resolved.length === 0 ? {} : { resolved: command.resolved }),
    ...(command.updated ? { updated } : {}),
    ...(raise.value === undefined ? {} : { raise: raise.value }),
  });
  return finish(ended, command);
}

/** `codemachine retry` */
export function retryCommand(command: RetryCommand): Promise<ExitCode> {
  return orTrouble(() => runnable(command) ?? retryOnce(command));
}

async function retryOnce(command: RetryCommand): Promise<ExitCode> {
  const inputs = givenInputs(process.cwd(), command.input, command.inputs);
  if (!inputs.ok) return printRefusal(inputs.error);
  const ended = await retry({
    ...goingOn(command, 'retry'),
    today: command.updated,
    ...(Object.keys(inputs.value).length === 0 ? {} : { inputs: inputs.value }),
    ...(command.from === undefined ? {} : { from: command.from }),
  });
  return finish(ended, command);
}

function goingOn(command: GoingOn, by: string): ResumeOptions {
  const tree = command.keepTree ? 'keep' : command.restore ? 'restore' : undefined;
  return {
    run: command.run,
    ...stateAt(command.stateDir),
    ...(command.park === undefined ? {} : { park: command.park }),
    env: process.env,
    by,
    reporter: presenter(command),
    tell,
    signals: true,
    ...atTerminal(),
    ...(tree === undefined ? {} : { tree }),
    ...(canAsk() && !command.yes ? { askTree } : {}),
  };
}

/** A gate is asked where somebody sits, whatever `--yes` says: that answers our questions, and this is the author's. */
function atTerminal(): Pick<ResumeOptions, 'askGate'> {
  if (!canAsk()) return {};
  return { askGate: async (...asked) => (await import('../gates/ask-gate.ts')).askGate(...asked) };
}

async function finish(
  ended: Result<Executed & { readonly record: RunRecord }, Refusal>,
  { json }: ShowFlags,
): Promise<ExitCode> {
  if (!ended.ok) return printRefusal(ended.error);
  const { exit, message, record, began } = ended.value;
  if (message !== undefined) {
    tell(message);
    if (exit === EXIT.refused) answerError({ code: 'state', message, exit });
  }
  if (began === false) return exit;
  // The summary says how to go on; where standard output holds events, nobody sees one.
  if (json && (exit === EXIT.interrupted || exit === EXIT.terminated))
    tell(`go on with \`codemachine resume ${record.id}\``);
  if (json && exit === EXIT.parked)
    tell(`the run is parked; \`codemachine status ${record.id}\` says for what, and what to type`);
  return exit;
}

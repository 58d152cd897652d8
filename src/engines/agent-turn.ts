/** Makes one turn of an agent: one process from its start to what its end means. */
import type { Failure } from '../model/failure.ts';
import type { Hear, PromptJob, Stop } from '../model/ports.ts';
import type { AgentDeps, AgentLog } from './agent.ts';
import { chatterOf, sayingSessions } from './agent-chatter.ts';
import { type Ending, endedBySilence } from './agent-ending.ts';
import { layOut, type TurnFiles } from './agent-files.ts';
import { type Idle, type Silence, watchIdle } from './agent-idle.ts';
import { ledgerBefore, readLedger, type Totals, usageOfTurn } from './agent-ledger.ts';
import { cutLines } from './agent-lines.ts';
import { PAUSES, type ProcessEars, type ProcessEnd } from './child.ts';
import {
  type AnyDialect,
  type Facts,
  type Ledger,
  type Line,
  NOTHING_SAID,
  type Reader,
  type Verdict,
} from './dialects/dialect.ts';
import { engineCommand } from './not-started.ts';
import { startProcess } from './process.ts';
import { locate } from './search-path.ts';
import { keepTail, type Tail } from './tail.ts';
import { advised, notStarted, stopFailure } from './turn-failure.ts';
import { lookAt, type Started, unlessUpdating } from './updating.ts';
import type { TurnWatch, VersionWatch } from './version-watch.ts';

/** What every turn of an attempt has in common. */
export interface Turns {
  readonly dialect: AnyDialect;
  readonly deps: AgentDeps;
  /** The directory of the step; absolute and checked. */
  readonly cwd: string;
  /** The engine's whole environment, given what its dialect sets. */
  env(own: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  readonly mark: string;
  readonly log: AgentLog;
  readonly hear: Hear;
  readonly stop: Stop;
  /** How the program was when it last started; changed by each turn. */
  readonly started: Started;
  /** Remembers what the sessions of this engine had used. */
  readonly totals: Totals;
  readonly version: VersionWatch;
}

/** How a turn ended. */
export interface TurnEnd {
  readonly facts: Facts;
  /** Why it failed; undefined when it did not. */
  readonly failure?: Failure;
  readonly session?: string;
  readonly exitCode?: number;
  /** It was stopped from outside: nothing more is to be tried. */
  readonly stopped: boolean;
  readonly durationMs: number;
}

/** Makes the turn that `job` describes. */
export async function makeTurn(turns: Turns, job: PromptJob): Promise<TurnEnd> {
  const { deps, dialect, cwd } = turns;
  let files: TurnFiles;
  try {
    const { tmp, root } = deps;
    const { pass: passed } = deps.config;
    files = layOut(dialect, job, { cwd, root: job.root ?? root, tmp, mark: turns.mark, passed });
  } catch (error) {
    const message = `files for the engine could not be written to ${deps.tmp}: ${(error as Error).message}`;
    const help = 'make room there, or set TMPDIR to a directory that can be written';
    return { facts: {}, failure: { reason: 'spawn', message, help }, stopped: false, durationMs: 0 };
  }
  try {
    return await converse(turns, job, files);
  } finally {
    files.leave();
  }
}

async function converse(turns: Turns, job: PromptJob, files: TurnFiles): Promise<TurnEnd> {
  const { deps, dialect } = turns;
  const { command } = files;
  const env = turns.env(command.env);
  const before = ledgerBefore(dialect, env, job, turns.totals);
  const reader = dialect.reader(job);
  const ending = endedBySilence(turns.stop);
  const idle = watchIdle(deps.clock, job.idleTimeoutMs, ending.silent);
  const { program, first } = engineCommand(dialect, deps.config, deps.root);
  const found = locate(program, env.PATH ?? '');
  const version = turns.version.turn(turns, found, reader);
  const ears = listen(turns, job, reader, idle, ending, version);
  const look = lookAt({ found, first });
  const end = await startProcess(
    {
      // A path that cannot be: given the bare name, the system would look into relative places as well.
      command: found ?? `/nonexistent/${program}`,
      args: [...first, ...command.args],
      cwd: turns.cwd,
      env,
      stdin: command.stdin,
      mark: turns.mark,
      kind: 'engine',
      sweepAfter: true,
    },
    ears,
    ending.stop,
    deps.pauses ?? PAUSES,
  );
  idle.leave();
  ending.leave();
  ears.ended();
  const how = {
    end,
    env,
    found,
    silence: ending.why(),
    stderr: ears.stderrTail.text(),
    notes: files.notes(),
  };
  const turn = conclude(turns, job, reader, { ...how, leftOut: ears.leftOut() }, before);
  const start = { ...how, before: look, said: ears.said(), name: program, first, searchPath: env.PATH ?? '' };
  await version.ended(turn.failure !== undefined && end.stopped === undefined);
  return { ...turn, ...unlessUpdating(turns, turn, start) };
}

interface AgentEars extends ProcessEars {
  readonly stderrTail: Tail;
  /** The length in bytes of the last line that was too long. */
  leftOut(): number | undefined;
  /** Whether anything came on standard output. */
  said(): boolean;
  ended(): void;
}

/** Passes on what a line says. */
function teller(
  { deps, dialect, hear }: Turns,
  job: PromptJob,
  reader: Reader,
  idle: Idle,
  ending: Ending,
): (line: Line) => void {
  const openSession = sayingSessions(dialect, reader, hear);
  return (line) => {
    // Before anybody hears what it used: that may be more than it was to use.
    if (line.over || line.alive) ending.over(line.over);
    openSession();
    for (const said of line.said) {
      const chatter = chatterOf(job.step, job.attempt, said);
      // Its pieces were masked as they came, which is no help where a secret stands in two of them.
      if (chatter !== undefined) hear.chatter(deps.masker?.json(chatter) ?? chatter);
    }
    idle.hear(line);
    if (line.hopeless) ending.silent('idle');
  };
}

/** Everything is masked before anybody reads it, ourselves included: what is not known cannot leak from here on. */
function listen(
  turns: Turns,
  job: PromptJob,
  reader: Reader,
  idle: Idle,
  ending: Ending,
  version: TurnWatch,
): AgentEars {
  const { deps, log } = turns;
  const stderrTail = keepTail();
  let leftOut: number | undefined;
  let said = false;
  const take = teller(turns, job, reader, idle, ending);
  const lines = cutLines(
    (text) => take(reader.line(text)),
    (bytes) => {
      leftOut = bytes;
      idle.miss();
    },
  );
  const errorLines = cutLines(
    (text) => take(reader.errorLine?.(text) ?? NOTHING_SAID),
    () => undefined,
  );
  const onStdout = (bytes: Uint8Array): void => {
    said ||= bytes.length > 0;
    log.write('events.jsonl', bytes);
    lines.push(bytes);
    version.begun();
  };
  const onStderr = (bytes: Uint8Array): void => {
    version.begun();
    log.write('stderr.log', bytes);
    stderrTail.add(bytes);
    if (reader.errorLine !== undefined) errorLines.push(bytes);
  };
  const stdout = deps.masker?.stream();
  const stderr = deps.masker?.stream();
  return {
    stderrTail,
    leftOut: () => leftOut,
    said: () => said,
    stdout: (chunk) => onStdout(stdout === undefined ? chunk : stdout.push(chunk)),
    stderr: (chunk) => onStderr(stderr === undefined ? chunk : Uint8Array.from(stderr.push(chunk))),
    ended() {
      if (stdout !== undefined) onStdout(stdout.end());
      if (stderr !== undefined) onStderr(Uint8Array.from(stderr.end()));
      lines.end();
      errorLines.end();
    },
  };
}

interface HowItEnded {
  readonly end: ProcessEnd;
  readonly env: Readonly<Record<string, string>>;
  /** The program that was found to start. */
  readonly found: string | undefined;
  readonly silence: Silence | undefined;
  readonly stderr: string;
  readonly notes: string | undefined;
  readonly leftOut: number | undefined;
}

function conclude(turns: Turns, job: PromptJob, reader: Reader, how: HowItEnded, before: Ledger): TurnEnd {
  const { deps, dialect } = turns;
  const { end, env, silence, stderr, notes, leftOut } = how;
  const session = reader.session();
  const common = {
    ...(session === undefined ? {} : { session }),
    ...(end.exitCode === null ? {} : { exitCode: end.exitCode }),
    stopped: end.stopped !== undefined && silence === undefined,
    durationMs: end.durationMs,
  };
  if (end.spawnError !== undefined) {
    return { ...common, facts: {}, failure: notStarted(turns, how.found, end.spawnError) };
  }
  // An engine that had said how its turn ended, yet would not leave, is judged by what it said.
  const exit = silence === 'lingers' ? { exitCode: 0, signal: null } : end;
  const verdict = reader.end({
    exitCode: exit.exitCode,
    signal: exit.signal,
    stderr,
    now: deps.clock.now(),
    ...(notes === undefined ? {} : { notes: deps.masker?.text(notes) ?? notes }),
    ...(leftOut === undefined ? {} : { leftOut }),
  });
  const after = session === undefined ? {} : lateLedger(dialect, env, session, verdict);
  const { usage: total = after.usage } = verdict;
  const isTotal = total !== undefined && verdict.cumulative === true;
  if (isTotal && session !== undefined) turns.totals.set(session, total);
  const usage = isTotal ? usageOfTurn(dialect, job, total, before.usage) : total;
  const facts = factsOf(verdict, usage, verdict.model ?? after.model);
  const failure =
    stopFailure(job, end, silence, reader) ??
    (verdict.ok ? undefined : advised(verdict.failure, turns, job, env));
  return { ...common, facts, ...(failure === undefined ? {} : { failure }) };
}

/** The engine's own record is asked only for what its output did not say. */
function lateLedger(
  dialect: AnyDialect,
  env: Readonly<Record<string, string>>,
  session: string,
  { usage, model }: Verdict,
): Ledger {
  return usage !== undefined && model !== undefined ? {} : readLedger(dialect, env, session);
}

function factsOf(
  { text, structured }: Verdict,
  usage: Facts['usage'] | undefined,
  model: string | undefined,
): Facts {
  return {
    ...(text === undefined ? {} : { text }),
    ...(structured === undefined ? {} : { structured }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
}

/** Makes attempts of `run` steps for a runner, in a process that is small and therefore quick to start others. */
import { Socket } from 'node:net';
import { shellAttempt } from '../../engines/shell.ts';
import { EXIT } from '../../model/exit.ts';
import type { Attempt, RunJob, StopReason } from '../../model/ports.ts';
import { outputFileIn } from '../../state/output-files.ts';
import { type Defect, type FromHost, type Line, openLine, type ToHost } from './attempt-line.ts';
import { type ShellSettings, shellDeps } from './shell-settings.ts';

/** Where the runner has put its end of the channel. */
const CHANNEL = 3;

/** What something that a step left behind, and no sweep has found, may take to close its pipes. */
const DRAIN_MS = 500;

/** A runner that reads nothing, because it was stopped, must not fill our memory: the log has what is left out. */
const MOST_UNHEARD_BYTES = 8 * 1024 * 1024;

interface Stopping {
  readonly soft: AbortController;
  readonly hard: AbortController;
}

/** What the host is in the middle of. */
interface Host {
  readonly line: Line<FromHost>;
  readonly stops: Map<number, Stopping>;
  attempt: Promise<Attempt>;
  /** Transcripts that somebody may still write to. */
  open: number;
  ending: boolean;
}

function serve(): void {
  const channel = new Socket({ fd: CHANNEL });
  const host: Host = {
    line: openLine(channel, (message: ToHost) => told(host, message)),
    stops: new Map(),
    attempt: Promise.reject(new Error('an attempt came before the settings')),
    open: 0,
    ending: false,
  };
  host.attempt.catch(() => undefined);
  // The runner is gone, and the next owner of the run may be at work: not a word more. What we started carries its mark.
  channel.on('close', () => process.exit());
  channel.on('error', () => process.exit());
  // The runner hears them too, and says what becomes of the attempts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('uncaughtException', (error) => {
    process.exitCode = EXIT.defect;
    host.line.say({ type: 'defect', defect: defectOf(error) });
    setImmediate(() => channel.end());
  });
}

function told(host: Host, message: ToHost): void {
  switch (message.type) {
    case 'settings':
      host.attempt = prepare(host, message.settings);
      void host.attempt.then(() => host.line.say({ type: 'ready' }));
      return;
    case 'job':
      void make(host, message);
      return;
    case 'stop':
      host.stops.get(message.id)?.[message.how].abort(message.reason);
      return;
    case 'end':
      host.ending = true;
      setTimeout(() => process.exit(), DRAIN_MS);
      leaveWhenWritten(host);
  }
}

async function prepare(host: Host, settings: ShellSettings): Promise<Attempt> {
  const { masked, state } = settings;
  const masker = masked.length === 0 ? undefined : (await import('../../engines/mask.ts')).makeMasker(masked);
  const deps = shellDeps(settings, masker, ({ run, step, attempt }) =>
    outputFileIn(state, run, step, attempt),
  );
  return shellAttempt({ ...deps, transcript: (job) => counted(host, deps.transcript(job)) });
}

/** Knows when the last one is closed. */
function counted<T extends { close(): void }>(host: Host, transcript: T): T {
  host.open += 1;
  return {
    ...transcript,
    close: () => {
      host.open -= 1;
      try {
        transcript.close();
      } finally {
        leaveWhenWritten(host);
      }
    },
  };
}

function leaveWhenWritten(host: Host): void {
  if (host.ending && host.open === 0) process.exit();
}

async function make(
  host: Host,
  asked: {
    readonly id: number;
    readonly job: RunJob;
    readonly soft?: StopReason;
    readonly hard?: StopReason;
  },
): Promise<void> {
  const { id, job } = asked;
  const stopping = { soft: new AbortController(), hard: new AbortController() };
  if (asked.soft !== undefined) stopping.soft.abort(asked.soft);
  if (asked.hard !== undefined) stopping.hard.abort(asked.hard);
  host.stops.set(id, stopping);
  const hear = {
    chatter: (chatter: Parameters<Parameters<Attempt>[1]['chatter']>[0]) => {
      if (host.line.waiting() < MOST_UNHEARD_BYTES) host.line.say({ type: 'chatter', id, chatter });
    },
    session: () => undefined,
  };
  try {
    const attempt = await host.attempt;
    const outcome = await attempt(job, hear, { soft: stopping.soft.signal, hard: stopping.hard.signal });
    host.line.say({ type: 'outcome', id, outcome });
  } catch (error) {
    host.line.say({ type: 'defect', id, defect: defectOf(error) });
  } finally {
    host.stops.delete(id);
  }
}

function defectOf(error: unknown): Defect {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { message, stack: stack ?? message };
}

serve();

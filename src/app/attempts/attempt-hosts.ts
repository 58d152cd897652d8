/** Has attempts of `run` steps made by processes that start others faster than the runner can. */
import { existsSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exit, HostProcess } from '../../engines/child.ts';
import { MARK_VARIABLE, makeMark } from '../../engines/mark.ts';
import { startHost, sweepAttempt } from '../../engines/process.ts';
import { SWEEP, SWEEP_HARD } from '../../engines/sweep.ts';
import type { Failure } from '../../model/failure.ts';
import type { Hear, Outcome, RunJob, Stop, StopReason } from '../../model/ports.ts';
import { outputFileIn } from '../../state/output-files.ts';
import { type Defect, type FromHost, type Line, openLine, type ToHost } from './attempt-line.ts';
import { markOf, type ShellSettings } from './shell-settings.ts';

/** Two hosts take as long to start as they save in some fifty steps; at a hundred, a run takes a quarter less. */
const WORTHWHILE_STEPS = 64;

const MOST_HOSTS = 2;

/** After this a host that was told to go is ended. */
const PATIENCE_MS = 2_000;

/** The processes that make attempts for us. */
export interface AttemptHosts {
  /** Has an attempt made by a host; undefined while none is ready. */
  make(job: RunJob, hear: Hear, stop: Stop): Promise<Outcome> | undefined;
  /** Resolves when all of them are gone. Only after the run's last sweep: what it ends may still have something to say. */
  close(): Promise<void>;
}

/** An attempt that a host is making. */
interface UnderWay {
  readonly job: RunJob;
  readonly hear: Hear;
  readonly stop: Stop;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

interface Host {
  readonly process: HostProcess;
  readonly line: Line<ToHost>;
  readonly underWay: Map<number, UnderWay>;
  ready: boolean;
}

/**
 * Starts hosts for a run of so many `run` steps, and waits for none of them. Undefined where they would not pay, where this
 * process is no Node that could be started again, and where the program was not built.
 */
export function startAttemptHosts(
  run: string,
  settings: ShellSettings,
  { steps, parallel }: { readonly steps: number; readonly parallel: number },
): AttemptHosts | undefined {
  if (steps < WORTHWHILE_STEPS || !isPlainNode()) return undefined;
  const program = findProgram();
  if (program === undefined) return undefined;
  const count = Math.min(MOST_HOSTS, parallel, os.availableParallelism());
  const hosts = Array.from({ length: count }, () => open(program, run, settings)).filter(
    (host) => host !== undefined,
  );
  let last = 0;
  return {
    make: (job, hear, stop) => {
      const host = leastBusy(hosts);
      return host === undefined ? undefined : make(host, ++last, { job, hear, stop });
    },
    close: async () => {
      await Promise.all(hosts.map(close));
    },
  };
}

/** In Electron, and in a program that was packed into one file, `process.execPath` starts that. */
function isPlainNode(): boolean {
  return (
    process.versions['electron'] === undefined && /^node(js)?[\d.-]*$/.test(path.basename(process.execPath))
  );
}

/** Beside the door, or above the chunk that this stands in; nowhere among sources. */
function findProgram(): string | undefined {
  return ['attempt-host.cjs', '../attempt-host.cjs']
    .map((relative) => fileURLToPath(new URL(relative, import.meta.url)))
    .find((file) => existsSync(file));
}

function open(program: string, run: string, settings: ShellSettings): Host | undefined {
  const { outer, epoch } = settings;
  // All else is told over the channel, which nobody can look into.
  const env = {
    PATH: process.env['PATH'] ?? '',
    [MARK_VARIABLE]: makeMark(outer, { run, epoch, directory: 'host' }),
  };
  const started = startHost(program, [run], env);
  if (started === undefined) return undefined;
  const host: Host = {
    process: started,
    line: openLine(started.channel, (message: FromHost) => heard(host, message)),
    underWay: new Map(),
    ready: false,
  };
  host.line.say({ type: 'settings', settings });
  void started.ended.then((exit) => lost(host, settings, exit));
  return host;
}

function leastBusy(hosts: readonly Host[]): Host | undefined {
  let best: Host | undefined;
  for (const host of hosts) {
    if (host.ready && (best === undefined || host.underWay.size < best.underWay.size)) best = host;
  }
  return best;
}

function make(host: Host, id: number, asked: Pick<UnderWay, 'job' | 'hear' | 'stop'>): Promise<Outcome> {
  const { job, stop } = asked;
  const tell = (how: 'soft' | 'hard') => (): void =>
    host.line.say({ type: 'stop', id, how, reason: stop[how].reason as StopReason });
  const [soft, hard] = [tell('soft'), tell('hard')];
  return new Promise<Outcome>((resolve, reject) => {
    host.underWay.set(id, { ...asked, resolve, reject });
    stop.soft.addEventListener('abort', soft, { once: true });
    stop.hard.addEventListener('abort', hard, { once: true });
    host.line.say({ type: 'job', id, job, ...raised(stop) });
  }).finally(() => {
    stop.soft.removeEventListener('abort', soft);
    stop.hard.removeEventListener('abort', hard);
  });
}

function raised({ soft, hard }: Stop): { readonly soft?: StopReason; readonly hard?: StopReason } {
  return {
    ...(soft.aborted ? { soft: soft.reason as StopReason } : {}),
    ...(hard.aborted ? { hard: hard.reason as StopReason } : {}),
  };
}

function heard(host: Host, message: FromHost): void {
  switch (message.type) {
    case 'ready':
      host.ready = true;
      return;
    case 'chatter':
      host.underWay.get(message.id)?.hear.chatter(message.chatter);
      return;
    case 'outcome':
      take(host, message.id)?.resolve(message.outcome);
      return;
    case 'defect': {
      const ids = message.id === undefined ? [...host.underWay.keys()] : [message.id];
      for (const id of ids) take(host, id)?.reject(asError(message.defect));
    }
  }
}

function take(host: Host, id: number): UnderWay | undefined {
  const found = host.underWay.get(id);
  host.underWay.delete(id);
  return found;
}

function asError({ message, stack }: Defect): Error {
  const error = new Error(message);
  error.stack = stack;
  return error;
}

/** Nobody makes its attempts any more: what they started is ended first, as if they had failed in any other way. */
async function lost(host: Host, settings: ShellSettings, exit: Exit): Promise<void> {
  host.ready = false;
  const left = [...host.underWay.values()];
  host.underWay.clear();
  await Promise.all(
    left.map(async ({ job, stop, resolve, reject }) => {
      try {
        await sweepAttempt(markOf(settings, job), stop.hard.aborted ? SWEEP_HARD : SWEEP);
        // Nobody has read it, and what is in it passed no mask.
        rmSync(outputFileIn(settings.state, job.run, job.step, job.attempt), {
          recursive: true,
          force: true,
        });
        resolve({ ok: false, failure: failureOf(exit, stop), values: {} });
      } catch (error) {
        reject(error as Error);
      }
    }),
  );
}

function failureOf([code, signal]: Exit, stop: Stop): Failure {
  if (stop.soft.aborted || stop.hard.aborted)
    return { reason: 'interrupted', message: 'stopped before it had ended' };
  const message = `the process of codemachine that made this attempt was ended by ${signal ?? `itself, with exit code ${code}`}`;
  const help = 'if the system has run out of memory, lower `max-parallel`; then `codemachine resume`';
  // As if the signal had met the step's own shell: whoever wants that tried again wants this tried again.
  return signal === null
    ? { reason: 'internal', message, help }
    : { reason: 'signal', message, signal, help };
}

async function close({ process: started, line, ready }: Host): Promise<void> {
  // One that is still loading has nothing to write down.
  if (ready) line.say({ type: 'end' });
  const timer = setTimeout(() => started.kill(), ready ? PATIENCE_MS : 0);
  await started.ended;
  clearTimeout(timer);
}

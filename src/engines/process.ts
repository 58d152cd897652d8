/** Starts children; nobody else does. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Stop } from '../model/ports.ts';
import {
  type Exit,
  type HostProcess,
  PAUSES,
  type ProcessEars,
  type ProcessEnd,
  type ProcessPauses,
  type ProcessSpec,
  type SpawnError,
  spawnError,
  type ToolEnd,
  type ToolOptions,
} from './child.ts';
import { outlasts } from './drain.ts';
import { kinOf } from './kin.ts';
import { attemptPattern, runPattern } from './mark.ts';
import { climb, raised } from './stopping.ts';
import { endMarked, markedInProc, markedInPs, SWEEP_HARD, type SweepPauses, type Swept } from './sweep.ts';
import { toolPath } from './tool-path.ts';

/**
 * Starts a child in a process group of its own, hears it to its end, and ends what it left behind where `spec` says so.
 * Resolves in every case. A `stop` that is raised already starts nothing.
 */
export async function startProcess(
  spec: ProcessSpec,
  on: ProcessEars,
  stop: Stop,
  pauses: ProcessPauses = PAUSES,
): Promise<ProcessEnd> {
  const pattern = attemptPattern(spec.mark);
  const start = spec.kind === 'engine' ? await engineStarter() : startPlain;
  const early = raised(stop);
  if (early !== undefined) return { exitCode: null, signal: null, stopped: early, cut: false, durationMs: 0 };

  const began = performance.now();
  const born = start(spec);
  if (!('child' in born)) {
    return {
      spawnError: await born.refused,
      exitCode: null,
      signal: null,
      cut: false,
      durationMs: performance.now() - began,
    };
  }
  const { child } = born;
  const kin = kinOf(child.pid);
  const ladder = climb(stop, kin.tell, pauses.ladder);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = lifeOf(child);
  child.stdout?.on('data', on.stdout);
  child.stderr?.on('data', on.stderr);
  feed(child, spec.stdin);

  const end = await exited;
  const stopped = ladder.leave();
  const durationMs = performance.now() - began;
  if (!Array.isArray(end))
    return { spawnError: end as SpawnError, exitCode: null, signal: null, cut: false, durationMs };
  const [exitCode, killedBy] = end as Exit;
  const how = { exitCode, signal: killedBy, durationMs, ...(stopped === undefined ? {} : { stopped }) };

  const ending = spec.sweepAfter || stopped !== undefined || exitCode !== 0;
  const [held] = await Promise.all([
    outlasts(closed, stop.hard, pauses.drainMs),
    ending ? kin.end(pattern, findMarked, stop.hard.aborted ? SWEEP_HARD : pauses.sweep) : undefined,
  ]);
  if (!held) return { ...how, cut: false };
  if (!ending) return { ...how, cut: false, background: letGo(child, closed) };
  child.stdout?.destroy();
  child.stderr?.destroy();
  return { ...how, cut: true };
}

type Born = { readonly child: ChildProcess } | { readonly refused: SpawnError | Promise<SpawnError> };

/** The hot path: a thousand shell steps cannot afford what a library adds to each start (2 ms). */
function startPlain(spec: ProcessSpec): Born {
  try {
    const { command, args, cwd, env } = spec;
    const child = spawn(command, args, {
      cwd,
      env,
      // A session of its own: the terminal's Ctrl-C must not reach it too, or it would be interrupted twice.
      detached: true,
      stdio: [spec.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    return { child };
  } catch (error) {
    return { refused: spawnError(error) };
  }
}

/** Loads what the first engine needs to start, which takes as long as several gits; for a moment in which somebody waits for those. */
export async function readyEngines(): Promise<void> {
  await import('execa');
}

/** Engines come as shims and launchers, which execa knows how to find. Loaded late: a run of shell steps never pays for it. */
async function engineStarter(): Promise<(spec: ProcessSpec) => Born> {
  const { execa } = await import('execa');
  return ({ command, args, cwd, env, stdin }) => {
    const child = execa(command, args, {
      cwd,
      env,
      extendEnv: false,
      detached: true,
      // Kept output would end the attempt at 100 million characters.
      buffer: false,
      cleanup: false,
      reject: false,
      stripFinalNewline: false,
      stdin: stdin === undefined ? 'ignore' : 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    if (child.pid !== undefined) return { child: child as unknown as ChildProcess };
    return { refused: child.then((result) => spawnError(result)) };
  };
}

/** `exit`, not `close`: a grandchild that inherited the pipes can put `close` off for ever. */
function lifeOf(child: ChildProcess): Promise<Exit | SpawnError> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve([code, signal]));
    child.on('error', (error) => {
      // Without a pid it never lived; later errors are about signals that could not be sent.
      if (child.pid === undefined) resolve(spawnError(error));
    });
  });
}

function feed(child: ChildProcess, stdin: string | Uint8Array | undefined): void {
  if (child.stdin === null || stdin === undefined) return;
  // EPIPE: it ended, or closed its input, before it had read everything. Its exit code says what that means.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
}

function letGo(child: ChildProcess, closed: Promise<void>): { readonly closed: Promise<void> } {
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  return { closed };
}

/** Hosts carry the run's mark, so that whoever comes after us ends them; we end them ourselves, after everything they hold. */
const hosts = new Set<number>();

/** Pids of the processes whose environment holds `pattern`, ours and our living hosts' excepted. */
export async function findMarked(pattern: string): Promise<readonly number[]> {
  const found =
    process.platform === 'linux' ? markedInProc(pattern) : markedInPs(await listProcesses(), pattern);
  return found.filter((pid) => !hosts.has(pid));
}

/** Ends what one attempt has started, where the process that started it is gone. */
export function sweepAttempt(mark: string, pauses?: SweepPauses): Promise<Swept> {
  return endMarked(attemptPattern(mark), findMarked, pauses);
}

/** Ends whatever any owner of this run has started. Only for who owns the run now, before it starts a child or after the last. */
export function sweepRun(run: string, pauses?: SweepPauses): Promise<Swept> {
  return endMarked(runPattern(run), findMarked, pauses);
}

/** Every process as `pid uid command environment`, a line each: the way where there is no `/proc` (ps(1) of macOS: `-E`). */
export async function listProcesses(): Promise<string> {
  const flags = process.platform === 'darwin' ? ['-A', '-E', '-ww'] : ['axeww'];
  // From `/` nobody knows which places are those of a repository: the system's own come first.
  const env = { PATH: `/bin:/usr/bin:${process.env.PATH ?? ''}` };
  const { stdout } = await runTool('ps', [...flags, '-o', 'pid=,uid=,command='], { cwd: '/', env });
  return Buffer.from(stdout).toString('latin1');
}

/** Runs git to its end. */
export function runGit(args: readonly string[], options: ToolOptions): Promise<ToolEnd> {
  return runTool('git', args, options);
}

function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, input }: ToolOptions,
): Promise<ToolEnd> {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  return new Promise((resolve) => {
    const end = (code: number, why = ''): void =>
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() + why });
    const child = spawn(command, args, {
      cwd,
      env: { ...env, PATH: toolPath(env.PATH ?? process.env.PATH ?? '', cwd) },
      // Ctrl-C means the run, not a recording that is half done.
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    child.on('error', (error) => end(127, `${command} could not be started: ${error.message}`));
    child.stdout?.on('data', (chunk: Uint8Array) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Uint8Array) => stderr.push(chunk));
    child.on('close', (code) => end(code ?? 128));
    feed(child, input);
  });
}

/** Starts a helper that is told things over its standard input; it outlives a runner that dies, and never keeps one alive. */
export function startHelper(
  command: string,
  args: readonly string[],
): { tell(text: string): void; close(text: string): void } {
  const child = spawn(command, args, {
    cwd: '/',
    env: { PATH: toolPath(process.env.PATH ?? '', process.cwd()) },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const stdin = child.stdin as Socket;
  // A helper that could not be started or died is a safety net less, not a failed run.
  child.on('error', () => {});
  stdin.on('error', () => {});
  child.unref();
  stdin.unref();
  return { tell: (text) => void stdin.write(text), close: (text) => void stdin.end(text) };
}

/**
 * Starts Node on `script`, with a channel to us as its descriptor 3; undefined where the system has no room for it. In a session of
 * its own: what a terminal says is said to us, and we tell it. It keeps nobody alive.
 */
export function startHost(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): HostProcess | undefined {
  let child: ChildProcess;
  try {
    const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'pipe'];
    child = spawn(process.execPath, [script, ...args], { cwd: '/', env, detached: true, stdio });
  } catch {
    return undefined;
  }
  child.on('error', () => {});
  const { pid } = child;
  if (pid === undefined) return undefined;
  hosts.add(pid);
  child.once('exit', () => hosts.delete(pid));
  // Not `exit`: what it had said before it ended is read first.
  const ended = new Promise<Exit>((resolve) => child.once('close', (...exit) => resolve(exit)));
  const channel = child.stdio[3] as Socket;
  // What is told to a host that is gone is lost with it; `ended` says so.
  channel.on('error', () => {});
  child.unref();
  channel.unref();
  return { channel, ended, kill: () => void child.kill('SIGKILL') };
}

/** Starts Node in a session of its own, which outlives us. Its standard error goes to the file `log`. */
export function startDetached(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: number,
): { readonly stdout: Socket; readonly ended: Promise<number>; letGo(): void } {
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'pipe', log] });
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 128));
  });
  const stdout = child.stdout as Socket;
  return {
    stdout,
    ended,
    letGo: () => {
      child.unref();
      stdout.unref();
    },
  };
}

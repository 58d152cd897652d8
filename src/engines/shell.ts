/** Makes the attempts of `run` steps. */
import type { AttemptValues } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Attempt, Hear, Outcome, RunJob, Stop } from '../model/ports.ts';
import { PAUSES, type ProcessEars, type ProcessEnd, type ProcessPauses } from './child.ts';
import { childEnv, type Environ, shellBase } from './child-env.ts';
import { stepDirectory } from './cwd.ts';
import { liveOutput } from './live-output.ts';
import type { Masker } from './mask.ts';
import { startProcess } from './process.ts';
import { release } from './release.ts';
import { type NoShell, type ShellCommand, shellCommand } from './shell-command.ts';
import { exitCodeOf, exitFailure } from './shell-verdict.ts';
import { takeOutputs } from './step-output.ts';
import { keepTail } from './tail.ts';

/** The transcript of one attempt. */
export interface AttemptLog {
  /** Written when it returns, so that a child is never faster than the disk. The bytes are freed then: what is kept is a copy. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  close(): void;
}

/** What the attempts of `run` steps need from outside. */
export interface ShellDeps {
  /** Absolute path of the workspace's root. */
  readonly root: string;
  /** The caller's environment. */
  readonly environ: Environ;
  /** The names that the workflow declares as secrets. */
  readonly secrets: readonly string[];
  /** An existing directory for scripts too long for an argument. */
  readonly tmp: string;
  /** There when something has to be masked. */
  readonly masker?: Masker;
  readonly pauses?: ProcessPauses;
  transcript(job: RunJob): AttemptLog;
  /** A path in an existing directory, its own for each attempt. */
  outputFile(job: RunJob): string;
  /** The mark that this attempt's children carry. */
  mark(job: RunJob): string;
}

/** Makes the attempt of `run` steps. A job of another kind is a defect of ours. */
export function shellAttempt(deps: ShellDeps): Attempt {
  const base = shellBase(deps.environ, deps.secrets);
  return (job, hear, stop) => {
    if (job.kind !== 'run') throw new Error(`a ${job.kind} step was given to the shell: ${job.step}`);
    return attempt(deps, base, job, hear, stop);
  };
}

async function attempt(
  deps: ShellDeps,
  base: Readonly<Record<string, string>>,
  job: RunJob,
  hear: Hear,
  stop: Stop,
): Promise<Outcome> {
  const root = job.root ?? deps.root;
  const cwd = stepDirectory(root, job.cwd);
  if (!cwd.ok) return { ok: false, failure: { reason: 'config', message: cwd.error }, values: {} };
  const output = deps.outputFile(job);
  const mark = deps.mark(job);
  const { run, step, attempt: number } = job;
  const env = childEnv(base, job.env, { run, step, attempt: number, workspace: root, mark, output });
  const shell = prepare(job, env.PATH ?? '', deps.tmp);
  if (!shell.ok) return { ok: false, failure: { reason: 'spawn', ...shell.error }, values: {} };

  const { command, args, dispose } = shell.value;
  const ears = listen(deps, job, hear);
  const end = await startProcess(
    { command, args, cwd: cwd.value, env, mark, kind: 'shell', sweepAfter: false },
    ears,
    stop,
    deps.pauses ?? PAUSES,
  );
  dispose();
  ears.ended(end.background === undefined);
  // What it left running goes on writing to the log until the run ends it.
  if (end.background === undefined) ears.close();
  else void end.background.closed.then(ears.close);
  if (end.cut) ears.note('output cut: a process that this step left behind still held its pipes');
  return judge(deps, job, end, ears, output);
}

type Prepared =
  | { readonly ok: true; readonly value: ShellCommand }
  | { readonly ok: false; readonly error: NoShell };

function prepare(job: RunJob, searchPath: string, tmp: string): Prepared {
  try {
    const command = shellCommand(job.shell, job.script, searchPath, tmp);
    if (command.ok || job.env.PATH === undefined) return command;
    const help = 'correct PATH: the step has its own, from `env` or a file of `env-file`';
    return { ok: false, error: { ...command.error, help } };
  } catch (error) {
    const message = `the script could not be written to ${tmp}: ${(error as Error).message}`;
    return {
      ok: false,
      error: { message, help: 'make room there, or set TMPDIR to a directory that can be written' },
    };
  }
}

interface Listening extends ProcessEars {
  readonly stdout: (chunk: Uint8Array) => void;
  readonly stderr: (chunk: Uint8Array) => void;
  /** The step is over. Unless this was the whole of it, what still comes goes to the log alone. */
  readonly ended: (whole: boolean) => void;
  /** Nothing more will come. */
  readonly close: () => void;
  note(text: string): void;
  tail(stream: 'stdout' | 'stderr'): string;
  /** Why the log is not whole. */
  trouble(): string | undefined;
}

function listen(deps: ShellDeps, job: RunJob, hear: Hear): Listening {
  const log = deps.transcript(job);
  let trouble: string | undefined;
  const write = (stream: 'stdout' | 'stderr', bytes: Uint8Array): void => {
    if (trouble !== undefined || bytes.length === 0) return;
    try {
      log.write(stream, bytes);
    } catch (error) {
      trouble = (error as Error).message;
    }
  };
  const say = (stream: 'stdout' | 'stderr', text: string): void =>
    hear.chatter({ type: 'output', step: job.step, attempt: job.attempt, stream, text });
  const [stdout, stderr] = (['stdout', 'stderr'] as const).map((stream) =>
    earOf(
      deps.masker,
      (bytes) => write(stream, bytes),
      (text) => say(stream, text),
    ),
  ) as [Ear, Ear];
  return {
    stdout: stdout.hear,
    stderr: stderr.hear,
    ended(whole) {
      stdout.ended(whole);
      stderr.ended(whole);
    },
    close() {
      stdout.close();
      stderr.close();
      try {
        log.close();
      } catch (error) {
        trouble ??= (error as Error).message;
      }
    },
    note: (text) => say('stderr', `${text}\n`),
    tail: (stream) => (stream === 'stdout' ? stdout : stderr).tail(),
    trouble: () => trouble,
  };
}

interface Ear {
  hear(chunk: Uint8Array): void;
  ended(whole: boolean): void;
  close(): void;
  tail(): string;
}

/** One stream: masked first, then to the log, the tail and the live view. */
function earOf(
  masker: Masker | undefined,
  write: (bytes: Uint8Array) => void,
  say: (text: string) => void,
): Ear {
  const mask = masker?.stream();
  const tail = keepTail();
  const live = liveOutput(say, () => performance.now());
  let over = false;
  const pass = (bytes: Uint8Array): void => {
    write(bytes);
    if (over) return;
    tail.add(bytes);
    live.push(bytes);
  };
  const flush = (): void => {
    if (mask !== undefined) pass(mask.end());
  };
  return {
    hear(chunk) {
      const bytes = mask === undefined ? chunk : mask.push(chunk);
      pass(bytes);
      if (bytes.buffer !== chunk.buffer) release(bytes);
      release(chunk);
    },
    ended(whole) {
      if (whole) flush();
      live.end();
      over = true;
    },
    close: flush,
    tail: () => tail.text(),
  };
}

function judge(deps: ShellDeps, job: RunJob, end: ProcessEnd, ears: Listening, output: string): Outcome {
  const values: AttemptValues = {
    'duration-ms': Math.round(end.durationMs),
    stdout: ears.tail('stdout'),
    stderr: ears.tail('stderr'),
    ...exitCodeOf(end),
  };
  const failed = (failure: Failure, more: AttemptValues = {}): Outcome => ({
    ok: false,
    failure,
    values: { ...values, ...more },
  });

  const failure = exitFailure(end, values);
  const read = end.spawnError === undefined ? takeOutputs(output, job.outputs) : undefined;
  const outputs = read?.ok ? (deps.masker?.json(read.value.outputs) ?? read.value.outputs) : {};
  if (failure !== undefined) return failed(failure, { outputs });
  if (read !== undefined && !read.ok) {
    return failed({ reason: 'output', message: deps.masker?.text(read.error) ?? read.error });
  }
  for (const name of read?.value.undeclared ?? []) {
    ears.note(
      `output "${name}" is not declared, so nothing can refer to it; declare it under \`outputs:\` with its type`,
    );
  }
  const trouble = ears.trouble();
  if (trouble !== undefined) {
    const help = 'make room on the disk of the state directory, then run the step again';
    return failed(
      { reason: 'internal', message: `the step ran, but its log could not be written: ${trouble}`, help },
      { outputs },
    );
  }
  return { ok: true, values: { ...values, outputs } };
}

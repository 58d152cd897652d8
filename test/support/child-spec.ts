// Describes children for tests.
import { tmpdir } from 'node:os';
import type { ProcessEars, ProcessPauses, ProcessSpec } from '../../src/engines/child.ts';
import { makeMark } from '../../src/engines/mark.ts';
import type { Stop, StopReason } from '../../src/model/ports.ts';

const TEN_MINUTES = 600_000;

/** Pauses that a test never sees the end of: what it sees happened for another reason. */
export const PATIENT: ProcessPauses = {
  ladder: { interruptMs: TEN_MINUTES, terminateMs: TEN_MINUTES },
  sweep: { graceMs: TEN_MINUTES, pollMs: 5 },
  drainMs: TEN_MINUTES,
};

/** Every pause is over at once. */
export const HASTY: ProcessPauses = {
  ladder: { interruptMs: 1, terminateMs: 1 },
  sweep: { graceMs: 1, pollMs: 1 },
  drainMs: 1,
};

let serial = 0;

/** A run that no other test has. */
export function freshRun(): string {
  serial += 1;
  return `test-${process.pid}-${serial}`;
}

/** A shell child in a run of its own. */
export function shellSpec(script: string, more: Partial<ProcessSpec> & { run?: string } = {}): ProcessSpec {
  const { run = freshRun(), ...rest } = more;
  const mark = makeMark(undefined, { run, epoch: 1, directory: 'step-00000000.1' });
  const env = { PATH: process.env.PATH ?? '', ...rest.env, CODEMACHINE_MARK: mark };
  return {
    command: 'sh',
    args: ['-c', script],
    cwd: tmpdir(),
    mark,
    kind: 'shell',
    sweepAfter: false,
    ...rest,
    env,
  };
}

/** A stop with its switches. */
export function stopSwitch(): { stop: Stop; soft(reason: StopReason): void; hard(reason: StopReason): void } {
  const soft = new AbortController();
  const hard = new AbortController();
  return {
    stop: { soft: soft.signal, hard: hard.signal },
    soft: (reason) => soft.abort(reason),
    hard: (reason) => hard.abort(reason),
  };
}

/** Keeps what a child says. */
export function collect(): ProcessEars & { text(stream: 'stdout' | 'stderr'): string; bytes(): number } {
  const heard = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  return {
    stdout: (chunk) => void heard.stdout.push(chunk),
    stderr: (chunk) => void heard.stderr.push(chunk),
    text: (stream) => Buffer.concat(heard[stream]).toString(),
    bytes: () => heard.stdout.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

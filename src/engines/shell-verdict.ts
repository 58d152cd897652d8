/** Says what the end of a shell's process means for its step. */
import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import type { AttemptValues } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { ProcessEnd } from './child.ts';

/** What `timeout(1)` exits with. */
const TIMED_OUT = 124;

/** Messages are one line; the log has the rest. */
const LONGEST_MESSAGE = 300;

/** The number that scripts know: 124 for a step whose time was up, 128 and the signal's number for a killed one. */
export function exitCodeOf({ exitCode, signal, stopped }: ProcessEnd): { readonly 'exit-code'?: number } {
  if (exitCode === null && signal === null) return {};
  if (stopped === 'timeout') return { 'exit-code': TIMED_OUT };
  return { 'exit-code': exitCode ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0) };
}

/** Why the attempt failed; undefined when it did not. */
export function exitFailure(end: ProcessEnd, values: AttemptValues): Failure | undefined {
  if (end.spawnError !== undefined) {
    const { code, message } = end.spawnError;
    return {
      reason: 'spawn',
      message: `the shell could not be started (${code}): ${message}`,
      ...helpFor(code),
    };
  }
  const code = exitCodeOf(end);
  if (end.stopped === 'timeout') {
    return { reason: 'timeout', message: said('stopped when its `timeout` was up', values), ...code };
  }
  if (end.stopped !== undefined) {
    return { reason: 'interrupted', message: 'stopped before it had ended', ...code };
  }
  if (end.signal !== null) {
    return { reason: 'signal', message: said(`ended by ${end.signal}`, values), ...code, signal: end.signal };
  }
  if (end.exitCode === 0) return undefined;
  return { reason: 'exit-code', message: said(`exit code ${end.exitCode}`, values), ...code };
}

/** Adds the last thing that the step said: most programs end with the reason. */
function said(what: string, { stdout, stderr }: AttemptValues): string {
  const line = lastLine(stderr) ?? lastLine(stdout);
  return line === undefined ? `${what}, and it said nothing` : `${what}: ${line}`;
}

function lastLine(text = ''): string | undefined {
  const lines = stripVTControlCharacters(text).split(/[\r\n]+/);
  const line = lines.findLast((candidate) => candidate.trim() !== '')?.trim();
  return line !== undefined && line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

function helpFor(code: string): { readonly help?: string } {
  switch (code) {
    case 'E2BIG':
      return { help: 'its environment is too big: pass big values in files' };
    case 'EMFILE':
    case 'ENFILE':
      return { help: 'too many files are open: raise `ulimit -n`, or lower `max-parallel`' };
    case 'EAGAIN':
    case 'ENOMEM':
      return { help: 'the system has no room for another process: lower `max-parallel`' };
    case 'EACCES':
      return {
        help: 'the shell may not be executed: check its permissions, or name another one under `shell:`',
      };
    default:
      return {};
  }
}

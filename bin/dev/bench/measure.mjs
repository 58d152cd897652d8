// Times programs against each other in turns, so that a busy machine is busy for both.
import { spawnSync } from 'node:child_process';

/**
 * A program to time.
 * @typedef {object} Contender
 * @property {string[]} command
 * @property {string} cwd
 * @property {Record<string, string>} env
 * @property {() => void} [before] puts things in order; not timed
 * @property {string} [input] its standard input; empty if unsaid
 * @property {number} [patienceMs] after this it is given up: its figure is then the least it can be
 */

/**
 * Runs all of them `rounds` times in turns, after once to warm up where there are several; gives the median milliseconds of each.
 * Throws where one fails: a program that does not do its work is fast.
 * @param {Contender[]} contenders
 * @param {number} rounds
 */
export function inTurns(contenders, rounds) {
  const times = contenders.map(() => /** @type {number[]} */ ([]));
  for (let round = rounds > 1 ? -1 : 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const ms = once(contender);
      if (round >= 0) times[index]?.push(ms);
    }
  }
  return times.map(median);
}

/**
 * The milliseconds of one run; of one that was given up, those until then.
 * @param {Contender} contender
 */
function once({ command, cwd, env, before, input = '', patienceMs }) {
  before?.();
  const [file = '', ...rest] = command;
  const began = performance.now();
  const { status, error, stderr } = spawnSync(file, rest, {
    cwd,
    env,
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'ignore', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    timeout: patienceMs,
    killSignal: 'SIGTERM',
  });
  const ms = performance.now() - began;
  if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT') return ms;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`);
  return ms;
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

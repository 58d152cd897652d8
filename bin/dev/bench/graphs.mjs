// Writes the same graph of no-op steps in the language of each runner.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Every step needs the one this many before it: so many chains side by side. */
const CHAINS = 10;

/** The command of every step, and the shell that runs it. */
export const COMMAND = ':';
export const SHELL = 'sh';

/** @param {number} count */
function steps(count) {
  return Array.from({ length: count }, (_, index) => ({
    id: `s${index}`,
    needs: index < CHAINS ? [] : [`s${index - CHAINS}`],
  }));
}

/**
 * @param {string} directory
 * @param {number} count
 */
export function writeWorkflow(directory, count) {
  const text = steps(count).map(
    ({ id, needs }) => `  - id: ${id}\n    needs: [${needs.join(', ')}]\n    run: '${COMMAND}'\n`,
  );
  const file = path.join(directory, `steps-${count}.yml`);
  writeFileSync(file, `name: bench\ndefaults:\n  shell: ${SHELL}\nsteps:\n${text.join('')}`);
  return file;
}

/**
 * A package whose script `all` depends on every step.
 * @param {string} directory
 * @param {number} count
 */
export function writeWireit(directory, count) {
  const all = steps(count);
  const scripts = Object.fromEntries([...all.map(({ id }) => [id, 'wireit']), ['all', 'wireit']]);
  const wireit = {
    ...Object.fromEntries(all.map(({ id, needs }) => [id, { command: COMMAND, dependencies: needs }])),
    all: { dependencies: all.map(({ id }) => id) },
  };
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ private: true, scripts, wireit }));
}

/**
 * @param {string} directory
 * @param {number} count
 */
export function writeGitlab(directory, count) {
  const jobs = steps(count).map(
    ({ id, needs }) => `${id}:\n  needs: [${needs.join(', ')}]\n  script: ['${COMMAND}']\n`,
  );
  writeFileSync(path.join(directory, '.gitlab-ci.yml'), jobs.join(''));
}

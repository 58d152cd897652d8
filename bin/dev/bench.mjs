// Measures what the program costs beside something else, each figure in one run on the same machine; reports, and never fails for one.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { agentSteps } from './bench/agent-step.mjs';
import { COMMAND, SHELL, writeGitlab, writeWireit, writeWorkflow } from './bench/graphs.mjs';
import { inTurns } from './bench/measure.mjs';
import { makePlace, rival } from './bench/places.mjs';
import { recordings } from './bench/recorder.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const program = path.join(root, 'bin/codemachine.js');
const node = process.execPath;
const STEPS = 1_000;
/** Nobody waits longer for another runner: what has not ended by then is slower, and how much is not our question. */
const PATIENCE_MS = 60_000;
const parallel = String(Math.max(2, availableParallelism()));

/**
 * One figure: what is measured against what, and what is aimed at: a ratio, or milliseconds where it is a sum of terms.
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} what
 * @property {number} target at most this
 * @property {number} rounds
 * @property {(place: Place) => { ours: Contender, theirs: Contender }} [contenders]
 * @property {(place: Place) => Promise<{ terms: { weight: number, contender: Contender }[], close: () => void }>} [terms]
 * @typedef {ReturnType<typeof makePlace>} Place
 * @typedef {import('./bench/measure.mjs').Contender} Contender
 */

/** @type {readonly Figure[]} */
const FIGURES = [
  {
    name: 'version',
    what: "codemachine --version / node -e ''",
    target: 1.4,
    rounds: 31,
    contenders: ({ work, env }) => ({ ours: ours(work, env, '--version'), theirs: bareNode(work, env) }),
  },
  {
    name: 'validate',
    what: "codemachine validate, 10 steps / node -e ''",
    target: 2,
    rounds: 31,
    contenders: ({ work, env }) => ({
      ours: ours(work, env, 'validate', writeWorkflow(work, 10)),
      theirs: bareNode(work, env),
    }),
  },
  {
    name: 'run',
    what: `a run of ${STEPS} no-op steps / as many plain spawns of the same shell`,
    target: 1.6,
    rounds: 5,
    contenders: ({ work, env }) => ({
      ours: oursRuns(work, env),
      theirs: {
        command: [
          node,
          path.join(import.meta.dirname, 'bench/plain-spawn.mjs'),
          String(STEPS),
          parallel,
          SHELL,
          '-c',
          COMMAND,
        ],
        ...{ cwd: work, env },
      },
    }),
  },
  {
    name: 'wireit',
    what: `a run of ${STEPS} no-op steps / the same graph with wireit`,
    target: 1,
    rounds: 1,
    contenders: ({ work, env }) => ({ ours: oursRuns(work, env), theirs: wireit(work, env) }),
  },
  {
    name: 'gitlab-ci-local',
    what: `a run of ${STEPS} no-op steps / the same graph with gitlab-ci-local`,
    target: 1,
    rounds: 1,
    contenders: ({ work, env }) => ({ ours: oursRuns(work, env), theirs: gitlab(work, env) }),
  },
  {
    name: 'linear',
    what: `plan of ${10 * STEPS} steps / plan of ${STEPS}`,
    target: 12,
    rounds: 5,
    contenders: ({ work, env }) => ({
      ours: ours(work, env, 'plan', writeWorkflow(work, 10 * STEPS)),
      theirs: ours(work, env, 'plan', writeWorkflow(work, STEPS)),
    }),
  },
  ...[2_000, 50_000].map((files) => recordings(files)),
  ...agentSteps('claude-code'),
  ...agentSteps('codex'),
];

/** @typedef {Record<string, string>} Environment */

/** @returns {Contender} */
function ours(/** @type {string} */ cwd, /** @type {Environment} */ env, /** @type {string[]} */ ...rest) {
  return { command: [node, program, ...rest], cwd, env };
}

/** Durable and with its report, as users run it; each run begins with an empty state. @returns {Contender} */
function oursRuns(/** @type {string} */ cwd, /** @type {Environment} */ env) {
  const file = writeWorkflow(cwd, STEPS);
  const before = () => rmSync(path.join(cwd, '.codemachine'), { recursive: true, force: true });
  return { ...ours(cwd, env, 'run', file, '--max-parallel', parallel), before };
}

/** @returns {Contender} */
function bareNode(/** @type {string} */ cwd, /** @type {Environment} */ env) {
  return { command: [node, '-e', ''], cwd, env };
}

/** Without its cache, which would leave out the work from the second round on. @returns {Contender} */
function wireit(/** @type {string} */ work, /** @type {Environment} */ env) {
  const cwd = path.join(work, 'wireit');
  mkdirSync(cwd, { recursive: true });
  writeWireit(cwd, STEPS);
  const PATH = `${path.join(rival('wireit'), '.bin')}:${env.PATH}`;
  return {
    command: ['npm', 'run', 'all'],
    cwd,
    env: { ...env, PATH, WIREIT_PARALLEL: parallel, WIREIT_CACHE: 'none', WIREIT_FAILURES: 'no-new' },
    patienceMs: PATIENCE_MS,
    before: () => rmSync(path.join(cwd, '.wireit'), { recursive: true, force: true }),
  };
}

/** Its copy of the tree, once before the first job, is left out: no step here reads a file. @returns {Contender} */
function gitlab(/** @type {string} */ work, /** @type {Environment} */ env) {
  writeGitlab(work, STEPS);
  const tools = path.join(work, 'tools');
  mkdirSync(tools, { recursive: true });
  writeFileSync(path.join(tools, 'rsync'), '#!/bin/sh\n');
  chmodSync(path.join(tools, 'rsync'), 0o755);
  return {
    command: [
      path.join(rival('gitlab-ci-local'), '.bin/gitlab-ci-local'),
      ...['--force-shell-executor', '--no-shell-isolation', '--concurrency', parallel],
    ],
    cwd: work,
    env: { ...env, PATH: `${tools}:${env.PATH}` },
    patienceMs: PATIENCE_MS,
    before: () => rmSync(path.join(work, '.gitlab-ci-local'), { recursive: true, force: true }),
  };
}

/** Measures one figure in a place of its own. */
async function measure(/** @type {Figure} */ { contenders, terms, rounds }) {
  const place = makePlace();
  try {
    if (terms !== undefined) return await summed(await terms(place), rounds);
    if (contenders === undefined) throw new Error('nothing is measured');
    const { ours: first, theirs: second } = contenders(place);
    const [mine = Number.NaN, other = Number.NaN] = inTurns([first, second], rounds);
    const said = `${(mine / other).toFixed(2).padStart(6)}  (target: at most %)  ${mine.toFixed(0)} ms / ${other.toFixed(0)} ms`;
    return { value: mine / other, said, figures: { ratio: mine / other, ms: mine, 'against-ms': other } };
  } finally {
    place.remove();
  }
}

function summed(
  /** @type {{ terms: { weight: number, contender: Contender }[], close: () => void }} */ { terms, close },
  /** @type {number} */ rounds,
) {
  try {
    const times = inTurns(
      terms.map(({ contender }) => contender),
      rounds,
    );
    const value = terms.reduce((sum, { weight }, index) => sum + weight * (times[index] ?? Number.NaN), 0);
    const all = times.map((ms) => `${ms.toFixed(0)} ms`).join(', ');
    const said = `${value.toFixed(0).padStart(6)} ms  (target: at most % ms)  of ${all}`;
    return { value, said, figures: { ms: value, of: times } };
  } finally {
    close();
  }
}

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const wanted = FIGURES.filter(({ name }) => values.only === undefined || values.only.includes(name));
  if (wanted.length === 0) throw new Error(`--only takes ${FIGURES.map(({ name }) => name).join(', ')}`);
  if (!existsSync(path.join(root, 'dist/cli.js'))) throw new Error('there is no dist/: run `npm run build`');
  /** @type {Record<string, unknown>} */
  const figures = {};
  for (const figure of wanted) {
    const { name, what, target } = figure;
    try {
      const { value, said, figures: found } = await measure(figure);
      figures[name] = { ...found, target, rounds: figure.rounds };
      const line = said.replace('%', String(target));
      console.log(`${value <= target ? 'ok  ' : 'OVER'} ${name.padEnd(16)}${line}  ${what}`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      figures[name] = { error: message, target };
      console.log(`none ${name.padEnd(16)} could not be measured: ${message}`);
    }
  }
  console.log(JSON.stringify({ node: process.versions.node, parallel: Number(parallel), figures }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main();
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  }
}

// Looks at a repository over and over: makes recordings of it, or asks git for its status as often, so that the two can be timed against each other.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const CHANGED = 10;

/** The file that stands for number `i`: a few to a directory, as in a source tree. */
export function fileOf(/** @type {number} */ i) {
  return `src/part-${i % 40}/module-${Math.floor(i / 40) % 25}/file-${i}.ts`;
}

/**
 * Changes ten files, some of them far from each other.
 * @param {string} root
 * @param {number} count
 * @param {number} round
 */
function change(root, count, round) {
  for (let k = 0; k < CHANGED; k++) {
    const i = ((round * CHANGED + k) * 37) % count;
    writeFileSync(path.join(root, fileOf(i)), `${round} ${k} ${process.pid}\n`.repeat(20));
  }
}

/**
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: Record<string, string>, input?: string | Uint8Array }} options
 * @returns {Promise<{ code: number, stdout: Buffer, stderr: string }>}
 */
function git(args, { cwd, env, input }) {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const out = [];
    /** @type {Buffer[]} */
    const said = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(said).toString() }),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}

/**
 * The value of a result, or the end of the measurement.
 * @template T
 * @param {{ ok: true, value: T } | { ok: false, error: unknown }} result
 * @returns {T}
 */
function must(result) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** Two looks at the tree for each attempt, before and after it. */
async function main(
  /** @type {string} */ what,
  /** @type {string} */ bundle,
  /** @type {string} */ root,
  /** @type {number} */ count,
  /** @type {number} */ attempts,
) {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
  /** @type {() => Promise<unknown>} */
  let look = () => git(['status', '--porcelain'], { cwd: root, env });
  if (what === 'record') {
    const { findRoot, openWorkspace } = await import(pathToFileURL(bundle).href);
    const places = must(await findRoot(root, git, env));
    const stateDir = path.join(root, '.codemachine', 'state');
    const workspace = must(await openWorkspace({ places, stateDir, git, environ: env, now: Date.now }));
    /** @type {string | undefined} */
    let last;
    look = async () => {
      last = must(await workspace.record('20261120-141503-k7qd', 'look', last)).tree;
    };
  }
  for (let round = 0; round < attempts; round++) {
    await look();
    change(root, count, round);
    await look();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [what = '', bundle = '', root = '', count = '', attempts = ''] = process.argv.slice(2);
  await main(what, bundle, root, Number(count), Number(attempts));
}

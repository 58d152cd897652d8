// Sets up what a recording costs beside a `git status`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { fileOf } from './recordings.mjs';

const root = path.resolve(import.meta.dirname, '../../..');

/**
 * One figure: attempts that change ten files, recorded before and after, against as many looks of git at the same tree.
 * @param {number} count how many files the repository has
 */
export function recordings(count) {
  return {
    name: `record-${count / 1000}k`,
    what: `10 attempts recorded before and after, ${count} files of which 10 change / git status as often`,
    target: 4,
    rounds: count > 10_000 ? 1 : 9,
    contenders: (/** @type {{ work: string, env: Record<string, string> }} */ { work, env }) => {
      writeFiles(work, env, count);
      const bundle = path.join(path.dirname(work), 'workspace.mjs');
      buildSync({
        stdin: {
          contents: "export * from './root.ts'; export * from './workspace.ts';",
          resolveDir: path.join(root, 'src/workspace'),
          loader: 'ts',
        },
        ...{ bundle: true, platform: 'node', format: 'esm', outfile: bundle, logLevel: 'error' },
      });
      const script = path.join(import.meta.dirname, 'recordings.mjs');
      const command = (/** @type {string} */ what, /** @type {number} */ attempts) => [
        process.execPath,
        ...[script, what, bundle, work, String(count), String(attempts)],
      ];
      const contender = (/** @type {string} */ what) => ({ command: command(what, 10), cwd: work, env });
      // The first recording of a repository reads all of it, which is another question.
      const [node = '', ...rest] = command('record', 1);
      execFileSync(node, rest, { cwd: work, env });
      return { ours: contender('record'), theirs: contender('status') };
    },
  };
}

function writeFiles(
  /** @type {string} */ work,
  /** @type {Record<string, string>} */ env,
  /** @type {number} */ count,
) {
  for (let i = 0; i < count; i++) {
    const file = path.join(work, fileOf(i));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `export const value${i} = ${i};\n`.repeat(20));
  }
  writeFileSync(path.join(work, '.gitignore'), '.codemachine/\n');
  const git = (/** @type {string[]} */ ...rest) => execFileSync('git', rest, { cwd: work, env });
  git('add', '-A');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-q', '-m', 'files');
}

/** Shows people how two texts differ. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Environ, type Git, scratchEnvironment, text } from './git.ts';

/**
 * The difference line by line, three lines of context, without a header; empty where there is none. Without git it is the first line
 * that differs, since a person needs at least the place.
 */
export async function compareTexts(
  before: string,
  after: string,
  git: Git,
  environ: Environ,
): Promise<string> {
  if (before === after) return '';
  const dir = mkdtempSync(path.join(tmpdir(), 'codemachine-diff-'));
  try {
    writeFileSync(path.join(dir, 'before'), ended(before), { mode: 0o600 });
    writeFileSync(path.join(dir, 'after'), ended(after), { mode: 0o600 });
    // A `.git` above the temporary directory has a config that must not be read.
    const env = { ...scratchEnvironment(environ, dir), GIT_CEILING_DIRECTORIES: path.dirname(dir) };
    const args = [
      'diff',
      '--no-index',
      '--no-ext-diff',
      '--no-textconv',
      '--no-color',
      '--text',
      '--',
      'before',
      'after',
    ];
    const end = await git(args, { cwd: dir, env });
    const from = text(end.stdout).indexOf('\n@@ ');
    return end.code === 1 && from !== -1
      ? text(end.stdout)
          .slice(from + 1)
          .trimEnd()
      : firstDifference(before, after);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function ended(all: string): string {
  return all === '' || all.endsWith('\n') ? all : `${all}\n`;
}

function firstDifference(before: string, after: string): string {
  const left = before.split('\n');
  const right = after.split('\n');
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at++;
  const lines = [`@@ line ${at + 1} @@`];
  if (at < left.length) lines.push(`-${left[at]}`);
  if (at < right.length) lines.push(`+${right[at]}`);
  return lines.join('\n');
}

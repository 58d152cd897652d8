/** Keeps what git notes down of an operation that it is in the middle of: a merge, a rebase, a cherry-pick, a revert. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { elsewhere, leadsElsewhere } from './intact.ts';

/** Content of each file in base64, by its path in the worktree's own git directory. */
export type Operation = Readonly<Record<string, string>>;

/** Files and directories, from git's own `sequencer.c`, `builtin/merge.c` and `git-rebase`. A bisection has refs too and is left alone. */
const NOTES = [
  'MERGE_HEAD',
  'MERGE_MODE',
  'MERGE_MSG',
  'AUTO_MERGE',
  'SQUASH_MSG',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'rebase-merge',
  'rebase-apply',
  'sequencer',
] as const;

/** They stand in a commit's message; a rebase of thousands of commits notes down more, and is left alone. */
const MOST_BYTES = 256 * 1024;

/** What is noted down now; undefined where it is too much, or no plain files. */
export function readOperation(gitDir: string): Operation | undefined {
  const found: Record<string, string> = {};
  let left = MOST_BYTES;
  const waiting: string[] = [...NOTES];
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const file = path.join(gitDir, name);
    try {
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (stat.isDirectory()) {
        for (const inner of readdirSync(file)) waiting.push(`${name}/${inner}`);
        continue;
      }
      left -= stat.size + 1;
      if (!stat.isFile() || left < 0) return undefined;
      found[name] = readFileSync(file, 'base64');
    } catch {
      return undefined;
    }
  }
  return found;
}

/** The branches that a rebase in progress moves when it ends: its own, and those of `--update-refs`. They are noted down by git in plain files. */
export function rebasedBranches(gitDir: string): readonly string[] {
  const names = ['rebase-merge/head-name', 'rebase-apply/head-name', 'rebase-merge/update-refs'].flatMap(
    (name) => linesOf(path.join(gitDir, name)),
  );
  return [...new Set(names.filter((name) => name.startsWith('refs/heads/')))];
}

function linesOf(file: string): readonly string[] {
  try {
    const stat = lstatSync(file);
    return stat.isFile() && stat.size < MOST_BYTES ? readFileSync(file, 'utf8').split('\n') : [];
  } catch {
    return [];
  }
}

/** Puts the notes back to `to`, where they still are as `from` says: an operation that somebody began or ended since is theirs. */
export function putOperationBack(
  gitDir: string,
  to: Operation | undefined,
  from: Operation | undefined,
): Result<undefined, Failure> {
  if (to === undefined || from === undefined || same(to, from)) return ok(undefined);
  const now = readOperation(gitDir);
  if (now === undefined || !same(now, from)) return ok(undefined);
  const led = [...NOTES, ...Object.keys(to)].find((name) => leadsElsewhere(gitDir, name));
  if (led !== undefined) return err(elsewhere(path.join(gitDir, led)));
  for (const name of Object.keys(now)) if (to[name] === undefined) rmSync(path.join(gitDir, name));
  for (const name of NOTES) {
    const wanted = Object.keys(to).some((one) => one === name || one.startsWith(`${name}/`));
    if (!wanted) rmSync(path.join(gitDir, name), { recursive: true, force: true });
  }
  for (const [name, content] of Object.entries(to)) {
    if (now[name] === content) continue;
    const file = path.join(gitDir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const fresh = `${file}.codemachine`;
    rmSync(fresh, { force: true });
    writeFileSync(fresh, Buffer.from(content, 'base64'), { flag: 'wx' });
    renameSync(fresh, file);
  }
  return ok(undefined);
}

function same(a: Operation, b: Operation): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

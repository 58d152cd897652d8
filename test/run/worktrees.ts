// Worktrees in memory beside a tree in memory: the same recordings, merged path by path.

import type { Clash } from '../../src/model/clash.ts';
import type { RunId } from '../../src/model/ids.ts';
import { asStepKey } from '../../src/model/ids.ts';
import type { Isolation, Job, Worktree } from '../../src/model/ports.ts';
import { ok } from '../../src/model/result.ts';
import type { Isolated } from '../../src/model/workflow.ts';
import type { RunPorts } from '../../src/run/running.ts';
import type { FakeTree } from './rig.ts';
import { fakeTree } from './rig.ts';

/** A shared tree with worktrees beside it. */
export interface World {
  readonly tree: FakeTree;
  /** By directory. */
  readonly worktrees: Map<string, Map<string, string>>;
  /** Every call, in order: `open a.1`, `merge a.1`, `remove a.1`. */
  readonly calls: string[];
  readonly isolation: Isolation;
  /** What a run needs of it. */
  readonly ports: Pick<RunPorts, 'workspace' | 'isolation' | 'attemptDirectory'>;
  /** The files that a job works on. */
  filesOf(job: Job): Map<string, string>;
}

export const ISOLATED: Isolated = { copy: [], link: [], merge: 'auto' };

/** Whoever conflicts. */
const MARKER = '<<<<<<<';

type Files = ReadonlyMap<string, string>;

function threeWay(base: Files, ours: Files, theirs: Files) {
  const merged = new Map<string, string>();
  const conflicts: string[] = [];
  const clashes: Clash[] = [];
  for (const path of [...new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])].sort()) {
    const [was, mine, other] = [base.get(path), ours.get(path), theirs.get(path)];
    const clash = mine !== was && other !== was && mine !== other;
    if (clash) conflicts.push(path);
    // What one side deleted holds no markers.
    const bare = mine === undefined || other === undefined;
    if (clash && bare) clashes.push({ kind: 'deleted', paths: [path], marked: false, at: [], beside: [] });
    const both = bare ? (mine ?? other) : `${MARKER}${mine}|${other}`;
    const result = clash ? both : mine === was ? other : mine;
    if (result !== undefined) merged.set(path, result);
  }
  return { merged, conflicts, clashes };
}

export function fakeWorld(tree: FakeTree = fakeTree()): World {
  const worktrees = new Map<string, Map<string, string>>();
  const calls: string[] = [];
  const at = (recording: string): Files => {
    const files = tree.recordings.get(recording);
    if (files === undefined) throw new Error(`there is no recording ${recording}`);
    return files;
  };
  const differ = (a: Files, b: Files) =>
    [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort();
  const keep = (label: string, files: Files): string => {
    const name = `${tree.recordings.size + 1}:${label}`;
    tree.recordings.set(name, new Map(files));
    return name;
  };
  const worktree = (directory: string): Worktree => ({
    root: `/worktrees/${directory}`,
    record: async (_run: RunId, label, since) => {
      calls.push(`record ${label}`);
      const files = worktrees.get(directory) ?? new Map<string, string>();
      return ok({ tree: keep(label, files), files: since === undefined ? [] : differ(at(since), files) });
    },
    remove: async () => {
      calls.push(`remove ${directory}`);
      worktrees.delete(directory);
      return ok(undefined);
    },
  });
  const isolation: Isolation = {
    open: async ({ directory, from }) => {
      calls.push(`open ${directory}`);
      worktrees.set(directory, new Map(at(from)));
      return ok(worktree(directory));
    },
    find: async (_run, directory) => ok(worktrees.has(directory) ? worktree(directory) : undefined),
    clear: async (_run, directory) => {
      calls.push(`clear ${directory}`);
      return ok(undefined);
    },
    merge: async ({ label, base, ours, theirs }) => {
      calls.push(`merge ${label}`);
      const { merged, conflicts, clashes } = threeWay(at(base), at(ours), at(theirs));
      return ok({ tree: keep(label, merged), files: differ(at(ours), merged), conflicts, clashes });
    },
    unresolved: async (recording, paths) =>
      ok(paths.filter((path) => at(recording).get(path)?.includes(MARKER) === true)),
  };
  const attemptDirectory = (step: string, attempt: number) => `${asStepKey(step)}.${attempt}`;
  return {
    ...{ tree, worktrees, calls, isolation },
    ports: { workspace: tree, isolation, attemptDirectory },
    filesOf: ({ root }) => {
      if (root === undefined) return tree.files;
      const files = worktrees.get(root.slice('/worktrees/'.length));
      if (files === undefined) throw new Error(`nobody opened ${root}`);
      return files;
    },
  };
}

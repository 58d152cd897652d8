/** Makes the recordings of one working tree. */
import type { Failure } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import type { Recording } from '../model/ports.ts';
import { ok, type Result } from '../model/result.ts';
import { patchBytes } from './diff.ts';
import { shown } from './git.ts';
import { headOf, readHead } from './head.ts';
import { isLeftOut } from './left-out.ts';
import { headDiffers } from './moved-head.ts';
import { makeRecording, type Numbers } from './recordings.ts';
import type { Store } from './store.ts';
import { type Memory, writeTree } from './tree.ts';

/** One working tree, with what is remembered between its recordings. */
export interface Context {
  readonly store: Store;
  readonly memory: Memory;
  readonly numbers: Numbers;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Why nothing can be recorded any more, if so. */
  readonly here: () => Result<undefined, Failure>;
}

/** Two gits on one index refuse each other, so calls queue. `first` runs once, before the first of them. */
export function oneAtATime(first: () => void): <T>(call: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> | undefined;
  return (call) => {
    if (last === undefined) first();
    const next = (last ?? Promise.resolve()).then(call, call);
    last = next;
    return next;
  };
}

/** Records the tree as it is. */
export async function record(
  context: Context,
  run: RunId,
  label: string,
  since: string | undefined,
): Promise<Result<Recording, Failure>> {
  const { store, memory } = context;
  const here = context.here();
  if (!here.ok) return here;
  const known = memory.last?.recording === since ? memory.last : undefined;
  const before =
    since === undefined ? ok(undefined) : known === undefined ? await headOf(store, since) : ok(known.head);
  if (!before.ok) return before;
  const [tree, head] = await Promise.all([
    writeTree(store, memory, since),
    readHead(store, before.value, memory),
  ]);
  if (!tree.ok) return tree;
  if (!head.ok) return head;
  const at = context.now();
  const last = memory.last?.run === run ? memory.last : undefined;
  const growth = memory.written?.tree === tree.value ? memory.written.growth : undefined;
  const sinceTree = known?.tree;
  const kept = { keptTree: last?.tree, keeps: last?.head };
  const what = { run, label, tree: tree.value, head: head.value, since, sinceTree, growth, ...kept, at };
  const made = await makeRecording(store, context.numbers, what);
  if (!made.ok) {
    // Somebody may have pruned what is remembered.
    delete memory.written;
    delete memory.last;
    return made;
  }
  const { commit, files } = made.value;
  memory.last = { run, recording: commit, head: head.value, tree: tree.value };
  const recording = { tree: commit, files: files.filter((name) => !isLeftOut(store, name)).map(shown) };
  const moved = before.value !== undefined && headDiffers(before.value, head.value);
  return ok(moved ? { ...recording, headMoved: true } : recording);
}

/** Records now; what it gives records again and tells the change in between as a patch. */
export async function watch(
  context: Context,
  inTurn: <T>(call: () => Promise<T>) => Promise<T>,
  run: RunId,
  label: string,
): Promise<Result<() => Promise<Result<Uint8Array, Failure>>, Failure>> {
  const before = await inTurn(() => record(context, run, label, undefined));
  if (!before.ok) return before;
  const { tree } = before.value;
  return ok(async () => {
    const after = await inTurn(() => record(context, run, label, tree));
    return after.ok ? patchBytes(context.store, tree, after.value.tree) : after;
  });
}

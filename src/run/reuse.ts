/** Takes a step's result from an earlier execution that came from the same. */
import type { MilestoneBody } from '../model/event.ts';
import type { CachedResult, Recording, Workspace } from '../model/ports.ts';
import type { AfterAttempt } from './attempt.ts';
import { filledJob } from './attempt.ts';
import { mergeInOrder } from './merging.ts';
import type { Performance } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';

/** `miss`: the step has to be made. `done`: everything is said, or nothing goes on. */
export type Reuse = 'miss' | 'done';

/** A result, with its change as recordings of this run. */
interface Adopted extends CachedResult {
  readonly change?: { readonly from: string; readonly to: Recording; readonly at: string };
}

/** What was found, and the recording of the shared tree in which it was looked for; absent where no files matter. */
interface Found {
  readonly results: readonly CachedResult[];
  readonly now?: string;
}

/**
 * Looks for a result, and takes it: without a place, an attempt or an engine. A change goes into the tree as that of an isolated
 * step does, so that whoever finds it half done finishes it; of an isolated step it waits for its batch.
 */
export async function reuse(run: Running, phase: Phase, performance: Performance): Promise<Reuse> {
  if (run.ledger.step(performance.key).cacheMissed === true || run.input.ports.cache === undefined)
    return 'miss';
  const found = await find(run, phase, performance);
  if (found.results.length === 0) return phase.halted() === undefined ? 'miss' : 'done';
  const adopted = await adoptFirst(run, performance, found);
  if (adopted === undefined) return 'miss';
  if (phase.halted() !== undefined || !performance.admit()) return 'done';
  const after = await take(run, phase, performance, adopted);
  if (after === 'again') return 'miss';
  // Of what was merged it is said in the turn of the merge.
  if (after !== 'told') performance.over(after);
  return 'done';
}

const NOTHING: Found = { results: [] };

/** The results that came from what an attempt would come from now. The files are looked at while nobody writes to them. */
async function find(run: Running, phase: Phase, performance: Performance): Promise<Found> {
  const { step, key, remaining, index } = performance;
  const { cache } = run.input.ports;
  if (cache === undefined || step.cache === undefined) return NOTHING;
  const leave = await phase.room.enter({ remaining, index, tree: 'share', placeless: true });
  if (leave === undefined) return NOTHING;
  try {
    const { attempt, engine } = run.ledger.step(key);
    const filled = {
      key,
      attempt: attempt + 1,
      ...(engine === undefined ? {} : { engine }),
    };
    const job = await filledJob(run, phase, performance, filled, true);
    if (!job.ok) return NOTHING;
    const { isolated } = step;
    const from = await cache.fingerprint(job.value, {
      cache: step.cache,
      ...(isolated === undefined ? {} : { isolated }),
    });
    const results = from.ok ? await cache.find(from.value) : [];
    if (results.every(({ values }) => values.fingerprint.change === undefined)) return { results };
    const now = await run.input.ports.workspace?.record(run.input.run, `${key}.${attempt + 1}.cache`);
    return now?.ok === true ? { results, now: now.value.tree } : NOTHING;
  } finally {
    leave();
  }
}

/** The newest that still holds. Its recordings become recordings of this run, because the run that they come from may be cleared away. */
async function adoptFirst(
  run: Running,
  { key }: Performance,
  { results, now }: Found,
): Promise<Adopted | undefined> {
  const { workspace } = run.input.ports;
  const label = `${key}.${run.ledger.step(key).attempt + 1}`;
  const [plain] = results;
  if (plain !== undefined && plain.values.fingerprint.change === undefined) return plain;
  if (workspace?.adopt === undefined || now === undefined) return undefined;
  for (const result of await holding(run, workspace, results, now)) {
    const { change } = result.values.fingerprint;
    if (change === undefined) continue;
    const from = await workspace.adopt(run.input.run, `${label}.before`, change.from);
    if (!from.ok) continue;
    const to = await workspace.adopt(run.input.run, `${label}.after`, change.to, from.value.tree);
    if (to.ok) return { ...result, change: { from: from.value.tree, to: to.value, at: now } };
  }
  return undefined;
}

/** Those that hold, first those whose files are still as they were before or after, so that nothing has to be merged in them. */
async function holding(
  run: Running,
  workspace: Workspace,
  results: readonly CachedResult[],
  now: string,
): Promise<readonly CachedResult[]> {
  const merged: CachedResult[] = [];
  for (const result of results) {
    const fits = await holds(run, workspace, result, now);
    if (fits === 'as-is') return [result, ...merged];
    if (fits === 'merged') merged.push(result);
  }
  return merged;
}

/**
 * Whether the result is what the step would come to. A file that the execution found as it was to be stands in no change: if such a file is
 * gone by now, or is one that the step is known to write and holds something else, putting the change back would not bring it back.
 */
async function holds(
  run: Running,
  workspace: Workspace,
  result: CachedResult,
  now: string,
): Promise<'as-is' | 'merged' | 'no'> {
  const { change } = result.values.fingerprint;
  const { cache } = run.input.ports;
  if (change === undefined || cache === undefined) return 'no';
  const [before, after, own, since, lost] = await Promise.all([
    workspace.changed(change.from, now),
    workspace.changed(change.to, now),
    workspace.changed(change.from, change.to),
    workspace.changed(change.at, now),
    workspace.lost?.(change.at, now),
  ]);
  if (!before.ok || !after.ok || !own.ok || !since.ok || lost?.ok !== true) return 'no';
  const put = new Set(own.value);
  const others = since.value.filter((file) => !put.has(file));
  if (lost.value.some((file) => !put.has(file))) return 'no';
  const differing = new Set(others);
  for (const { from, to } of others.length === 0 ? [] : cache.changes(result)) {
    const files = await workspace.changed(from, to);
    if (files.ok && files.value.some((file) => differing.has(file))) return 'no';
  }
  const [toPut, done] = [new Set(before.value), new Set(after.value)];
  return own.value.some((file) => toPut.has(file) && done.has(file)) ? 'merged' : 'as-is';
}

async function take(
  run: Running,
  phase: Phase,
  performance: Performance,
  {
    run: taken,
    values: { session: _, usage: __, 'duration-ms': ___, fingerprint, ...values },
    change,
  }: Adopted,
): Promise<AfterAttempt | 'told'> {
  const { step, key } = performance;
  const attempt = run.ledger.step(key).attempt + 1;
  const of = { step: key, attempt } as const;
  const apart = step.isolated !== undefined || change !== undefined;
  const changed =
    change === undefined ? {} : { change: { from: change.from, to: change.to.tree, at: change.at } };
  const { change: ____, ...source } = fingerprint;
  const said = {
    ...values,
    fingerprint: { ...source, ...changed, 'taken-from': taken },
    ...of,
    reused: 'cache',
  } as const;
  const started: MilestoneBody = {
    type: 'step-started',
    ...of,
    kind: step.kind,
    ...(values.engine === undefined ? {} : { engine: values.engine }),
    ...(values.model === undefined ? {} : { model: values.model }),
    workspace: apart ? 'isolated' : 'shared',
  };
  const recordings: readonly MilestoneBody[] =
    change === undefined
      ? []
      : [
          { type: 'snapshot-taken', ...of, tree: change.from, files: [] },
          { type: 'snapshot-taken', ...of, tree: change.to.tree, files: change.to.files },
        ];
  // In one turn, so that it is in one commit: nobody ever finds it begun and without its result.
  for (const body of [started, ...recordings]) void run.ledger.say(body);
  const nothing = step.isolated === undefined && change?.to.files.length === 0;
  if (change === undefined || nothing || step.isolated?.merge === 'never') {
    void run.ledger.say({ ...said, type: 'step-succeeded' });
    return 'ended';
  }
  const { tree, files } = change.to;
  await run.ledger.say({ ...said, type: 'change-ready', tree, files });
  return step.isolated === undefined ? merged(run, phase, performance) : 'merging';
}

/** Nobody else waits to be merged together with a step of the shared tree. */
async function merged(run: Running, phase: Phase, performance: Performance): Promise<AfterAttempt | 'told'> {
  const { step, key, remaining, index, scope } = performance;
  let after: AfterAttempt | 'told' = 'halted';
  const over = (how: AfterAttempt): void => {
    after = how === 'again' ? how : 'told';
    if (how !== 'again') performance.over(how);
  };
  await mergeInOrder(run, phase, [{ step, key, remaining, index, scope, busy: () => undefined, over }]);
  return after;
}

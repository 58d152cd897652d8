/** Takes a step's result from an earlier execution that came from the same. */
import type { MilestoneBody } from '../model/event.ts';
import type { CachedChange } from '../model/fingerprint.ts';
import type { StepKey } from '../model/ids.ts';
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
  /** Why none of the results can be looked at, where that is so: half a sentence. */
  readonly because?: string;
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
  if (phase.halted() !== undefined || !performance.admit()) return 'done';
  if (typeof adopted === 'string') {
    const { key: step } = performance;
    void run.ledger.say({
      ...{ type: 'cache-missed', step, attempt: run.ledger.step(step).attempt + 1, because: adopted },
    });
    return 'miss';
  }
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
    if (now?.ok === true) return { results, now: now.value.tree };
    return { results, because: now?.error.message ?? 'there is no git that knows the tree' };
  } finally {
    leave();
  }
}

/** The newest that still holds, or why the newest does not. Its recordings become recordings of this run, because the run that they come from may be cleared away. */
async function adoptFirst(
  run: Running,
  { key }: Performance,
  { results, now, because = 'the tree is not recorded' }: Found,
): Promise<Adopted | string> {
  const { workspace } = run.input.ports;
  const label = `${key}.${run.ledger.step(key).attempt + 1}`;
  const whole = results.filter(({ lost }) => lost === undefined);
  const [plain] = whole;
  if (plain !== undefined && plain.values.fingerprint.change === undefined) return plain;
  const [newest] = results;
  if (newest === undefined || plain === undefined)
    return `the artifact ${newest?.lost ?? ''} of run ${newest?.run ?? ''} is gone`;
  if (workspace?.adopt === undefined || now === undefined) return because;
  const { held, why } = await holding({ run, workspace, now, key }, whole);
  for (const result of held) {
    const { change } = result.values.fingerprint;
    if (change === undefined) continue;
    const from = await workspace.adopt(run.input.run, `${label}.before`, change.from);
    if (!from.ok) continue;
    const to = await workspace.adopt(run.input.run, `${label}.after`, change.to, from.value.tree);
    if (to.ok) return { ...result, change: { from: from.value.tree, to: to.value, at: now } };
  }
  return why ?? `what run ${plain.run} recorded of its files is gone`;
}

/** With what results are compared. */
interface Holding {
  readonly run: Running;
  readonly workspace: Workspace;
  /** The shared tree. */
  readonly now: string;
  /** Of the execution that a result is looked for. */
  readonly key: StepKey;
}

/** Those that hold, first those whose files are still as they were before or after, so that nothing has to be merged in them. */
async function holding(
  of: Holding,
  results: readonly CachedResult[],
): Promise<{ readonly held: readonly CachedResult[]; readonly why?: string }> {
  const merged: CachedResult[] = [];
  let why: string | undefined;
  for (const result of results) {
    const fits = await holds(of, result);
    if (fits === 'as-is') return { held: [result, ...merged] };
    if (fits === 'merged') merged.push(result);
    else why ??= fits.because;
  }
  return { held: merged, ...(why === undefined ? {} : { why }) };
}

/**
 * Whether the result is what the step would come to. A file that the execution found as it was to be stands in no change: if such a file is
 * gone by now, or is one that this execution is known to write and holds something else, putting the change back would not bring it back.
 */
async function holds(of: Holding, result: CachedResult): Promise<'as-is' | 'merged' | Unfit> {
  const { workspace, now } = of;
  const { change } = result.values.fingerprint;
  const lacking = { because: `what run ${result.run} recorded of its files is gone` };
  if (change === undefined) return lacking;
  const [before, after, own, since, lost] = await Promise.all([
    workspace.changed(change.from, now),
    workspace.changed(change.to, now),
    workspace.changed(change.from, change.to),
    workspace.changed(change.at, now),
    workspace.lost?.(change.at, now),
  ]);
  if (!before.ok || !after.ok || !own.ok || !since.ok || lost?.ok !== true) return lacking;
  const put = new Set(own.value);
  const others = (files: readonly string[]): Files => new Set(files.filter((file) => !put.has(file)));
  const unfit = await otherwise(of, result, { differing: others(since.value), gone: others(lost.value) });
  if (unfit !== undefined) return unfit;
  const [toPut, done] = [new Set(before.value), new Set(after.value)];
  return own.value.some((file) => toPut.has(file) && done.has(file)) ? 'merged' : 'as-is';
}

type Files = ReadonlySet<string>;

/** Why a result is not taken: half a sentence. */
interface Unfit {
  readonly because: string;
}

/** Whether a file that the result has not changed keeps it from being taken. What only other executions write does not. */
async function otherwise(
  { run, workspace, key }: Holding,
  result: CachedResult,
  { differing, gone }: { readonly differing: Files; readonly gone: Files },
): Promise<Unfit | undefined> {
  if (differing.size === 0 && gone.size === 0) return undefined;
  const known = run.input.ports.cache?.changes(result, { run: run.input.run, step: key });
  const written = async (changes: readonly CachedChange[] = []): Promise<Files> => {
    const all = await Promise.all(changes.map(({ from, to }) => workspace.changed(from, to)));
    return new Set(all.flatMap((files) => (files.ok ? files.value : [])));
  };
  let own = await written(known?.own);
  const unknown = own.size === 0;
  // Nothing tells what this iteration writes: it may have found all of it as another one had left it.
  if (unknown)
    own = await written(known?.others.filter(({ step }) => anyIteration(step) === anyIteration(key)));
  const other = [...differing].find((file) => own.has(file) && !gone.has(file));
  if (other !== undefined)
    return { because: `${other}, which it writes, is not as it was when run ${result.run} made the result` };
  const theirs = gone.size === 0 || unknown ? new Set() : await written(known?.others);
  const missing = [...gone].find((file) => own.has(file) || !theirs.has(file));
  if (missing === undefined) return undefined;
  return { because: `${missing} is gone, which was there when run ${result.run} made the result` };
}

/** A key without saying in which iterations it lies; an instance that a number names may be taken for one. */
function anyIteration(key: StepKey): string {
  return key.replace(/\[\d+\]\./g, '[].');
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

/** Brings the changes of isolated steps into the shared tree, one at a time. */
import { unmarkedOf } from '../model/clash.ts';
import type { Failure } from '../model/failure.ts';
import { fileNames } from '../model/file-name.ts';
import { keyWord, type StepKey } from '../model/ids.ts';
import type { Merged, Recording } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { Step } from '../model/workflow.ts';
import type { AfterAttempt, AttemptOf } from './attempt.ts';
import { closeResolution } from './by-hand.ts';
import { decideNext } from './conclude.ts';
import type { Performance } from './perform.ts';
import type { Phase } from './phase.ts';
import { resolveConflict } from './resolve.ts';
import type { Rank } from './room.ts';
import { isBefore } from './room.ts';
import type { Running } from './running.ts';

/** A step whose change waits to be merged. */
export interface Change extends Rank {
  readonly step: Step;
  /** Of this execution of the step. */
  readonly key: StepKey;
  readonly scope: () => Scope;
  /** As in `Performance`, for whoever resolves a conflict. */
  readonly aside?: Performance['aside'];
  /** Whether the shared tree is being changed for it: nobody may end the step meanwhile. */
  readonly busy: (busy: boolean) => void;
  /** The change is merged, or did not fit. Not called where nothing goes on: then the change still waits. */
  readonly over: (after: AfterAttempt) => void;
}

/** What the shared tree would become. */
export interface Proposed extends Merged {
  /** The recording of the shared tree as it is. */
  readonly ours: string;
}

/**
 * Merges one after the other, in one turn in the shared tree: whoever starts after one of them sees all of them. Stops at
 * one that is to be made again, because what comes after must be merged after it.
 */
export async function mergeInOrder(run: Running, phase: Phase, changes: readonly Change[]): Promise<void> {
  const turn = openTurn(phase, changes);
  try {
    for (const change of changes) {
      const after = await merge(run, phase, turn, change);
      if (after !== 'halted') change.over(after);
      if (after !== 'ended') return;
    }
  } catch (error) {
    if (run.ledger.lost() === undefined) run.defect(error);
  } finally {
    turn.leave();
  }
}

/** A turn alone in the shared tree that can be left for a while. */
interface Turn {
  /** False when nothing goes on any more. */
  take(): Promise<boolean>;
  leave(): void;
}

function openTurn(phase: Phase, changes: readonly Rank[]): Turn {
  const { remaining, index } = changes.reduce((best, rank) => (isBefore(rank, best) ? rank : best));
  let leave: (() => void) | undefined;
  return {
    take: async () => {
      leave ??= await phase.room.enter({ remaining, index, tree: 'alone', placeless: true });
      return leave !== undefined && phase.halted() === undefined;
    },
    leave: () => {
      leave?.();
      leave = undefined;
    },
  };
}

async function merge(run: Running, phase: Phase, turn: Turn, change: Change): Promise<AfterAttempt> {
  if (!(await turn.take())) return 'halted';
  const { step, key } = change;
  const { attempt, engine } = run.ledger.step(key);
  const of: AttemptOf = { run, phase, step, key, attempt, ...(engine === undefined ? {} : { engine }) };
  change.busy(true);
  try {
    const proposed = await propose(of);
    if (!proposed.ok) return stuck(of, proposed.error);
    if (proposed.value.conflicts.length === 0) return await put(of, proposed.value);
    if (isFromCache(of)) return missed(of, collision(proposed.value.conflicts));
    if (step.isolated?.onConflict === undefined) return await refuse(of, proposed.value);
    // An agent's work would end in front of the same files.
    if (proposed.value.ignored?.length) return await refuseForIgnored(of, proposed.value.ignored);
    turn.leave();
    change.busy(false);
    const resolved = await resolveConflict(of, change, proposed.value);
    if (resolved.kind === 'halted' || !(await turn.take())) return 'halted';
    change.busy(true);
    return await putResolved(of, proposed.value, resolved);
  } finally {
    change.busy(false);
  }
}

/** The resolution was made beside others who may have changed the tree since, so it is merged like a change of its own. */
async function putResolved(
  of: AttemptOf,
  { ours, ...collided }: Proposed,
  resolved:
    | { readonly kind: 'made'; readonly tree: string }
    | { readonly kind: 'refused'; readonly why: string },
): Promise<AfterAttempt> {
  if (resolved.kind === 'refused') return refuse(of, collided, resolved.why);
  const proposed = await propose(of, { base: ours, theirs: resolved.tree });
  if (!proposed.ok) return stuck(of, proposed.error);
  if (proposed.value.conflicts.length === 0) return put(of, proposed.value);
  return refuse(of, proposed.value, 'the same places were changed again while it was resolved');
}

/** Merges the attempt's change, or what is said instead, with the shared tree as it is. Touches nothing. */
async function propose(
  { run, key, attempt }: AttemptOf,
  change?: { readonly base: string; readonly theirs: string },
): Promise<Result<Proposed, Failure>> {
  const { workspace, isolation } = run.input.ports;
  const { before: base, after: theirs } = run.ledger.step(key).trees[attempt] ?? {};
  if (base === undefined || theirs === undefined)
    throw new Error(`${key}.${attempt} waits to be merged, and its recordings are not known`);
  if (workspace === undefined || isolation === undefined)
    return err({ reason: 'config', message: 'a merge needs git' });
  const id = run.input.run;
  const ours = await workspace.record(id, `${key}.${attempt}.ours`);
  if (!ours.ok) return ours;
  const { tree } = ours.value;
  const label = `${key}.${attempt}.merged`;
  const merged = await isolation.merge({ run: id, label, base, theirs, ...change, ours: tree });
  return merged.ok ? ok({ ...merged.value, ours: tree }) : merged;
}

/** Puts a merge without conflicts in place. Who finds it begun and not done finishes it. */
async function put(of: AttemptOf, { ours, tree, files, ignored = [] }: Proposed): Promise<AfterAttempt> {
  const { run, key, attempt } = of;
  if (ignored.length > 0) return refuseForIgnored(of, ignored);
  if (files.length > 0) {
    await run.ledger.say({ type: 'merge-started', step: key, attempt, from: ours, tree, files });
    const restored = await run.input.ports.workspace?.restore(tree, ours);
    if (restored?.ok === false) {
      if (isFromCache(of) && (await isUntouched(of, { ours, tree, files })))
        return missed(of, restored.error.message);
      return stuck(of, restored.error);
    }
  }
  sayMerged(run, key, attempt, { tree, files });
  return 'ended';
}

/** Says that the change stands in the shared tree, and with it the step's result, as it was when the change was ready. */
export function sayMerged(run: Running, step: StepKey, attempt: number, { tree, files }: Recording): void {
  const { values, reused } = run.ledger.step(step);
  closeResolution(run, step, 'nothing collided');
  if (files.length > 0) void run.ledger.say({ type: 'change-merged', step, attempt, tree, files });
  const said = reused === undefined ? values : { ...values, reused };
  void run.ledger.say({ ...said, type: 'step-succeeded', step, attempt });
}

/** Whether the change is an earlier execution's: nothing is lost where it does not fit, because the step can be made. */
function isFromCache({ run, key }: AttemptOf): boolean {
  return run.ledger.step(key).reused === 'cache';
}

function missed({ run, phase, key, attempt }: AttemptOf, because: string): AfterAttempt {
  if (phase.halted() !== undefined) return 'halted';
  void run.ledger.say({ type: 'cache-missed', step: key, attempt, because });
  return 'again';
}

/** Whether none of the files is yet what the merge makes of it. */
async function isUntouched(
  { run, key, attempt }: AttemptOf,
  { ours, tree, files }: Pick<Proposed, 'ours' | 'tree' | 'files'>,
): Promise<boolean> {
  const { workspace } = run.input.ports;
  const now = await workspace?.record(run.input.run, `${key}.${attempt}.found`, ours);
  if (workspace === undefined || now?.ok !== true) return false;
  const rest = await workspace.changed(now.value.tree, tree);
  if (!rest.ok) return false;
  const open = new Set(rest.value);
  return files.every((file) => open.has(file));
}

/**
 * The step does not fail for what is wrong with the tree or the disk: a failed step is made again, and its work is done.
 * Nothing else starts, because the tree may be half merged; the next resume begins with this merge.
 */
function stuck({ phase, key, attempt }: AttemptOf, { message }: Failure): AfterAttempt {
  phase.stuck(
    `the change of \`${key}\` (attempt ${attempt}) could not be merged: ${message} It is kept, and merged when the run is resumed`,
  );
  return 'halted';
}

const MOST_FILES = 5;

function collision(conflicts: readonly string[]): string {
  return `its change collides with what is in the tree by now: ${fileNames(conflicts, MOST_FILES)}`;
}

async function refuse(
  of: AttemptOf,
  { conflicts, clashes }: Pick<Merged, 'conflicts' | 'clashes'>,
  why?: string,
): Promise<AfterAttempt> {
  const { run, key } = of;
  const resolution = why === undefined ? '' : `; it was not resolved: ${why}`;
  const id = run.input.run;
  const word = keyWord(key);
  const both =
    unmarkedOf(clashes).length === 0
      ? 'puts both sides into the files'
      : 'puts both sides into the files that can hold them, and says of the others how to choose';
  return doesNotFit(of, {
    message: `${collision(conflicts)}${resolution}`,
    help: `\`codemachine apply ${id} ${word} --markers\` ${both}; resolved there, \`codemachine resume ${id} --resolved ${word}\` goes on`,
    files: conflicts,
  });
}

/** No recording holds them, so nothing could bring them back: it is for the user to say where they go. */
async function refuseForIgnored(of: AttemptOf, ignored: readonly string[]): Promise<AfterAttempt> {
  const one = ignored.length === 1;
  const names = `${one ? 'an ignored file' : 'ignored files'} of yours, ${fileNames(ignored, MOST_FILES)}, ${one ? 'is' : 'are'} in the way`;
  if (isFromCache(of)) return missed(of, names);
  return doesNotFit(of, {
    message: `its change cannot be merged: ${names}. Nothing was touched, and the change is kept`,
    help: `Move ${one ? 'it' : 'them'} away, then \`codemachine apply ${of.run.input.run} ${keyWord(of.key)}\` merges the change`,
  });
}

async function doesNotFit(of: AttemptOf, failure: Omit<Failure, 'reason'>): Promise<AfterAttempt> {
  const { run, phase, key } = of;
  if (phase.halted() !== undefined) return 'halted';
  const { values } = run.ledger.step(key);
  return decideNext(of, {}, { ok: false, values, failure: { reason: 'merge-conflict', ...failure } });
}

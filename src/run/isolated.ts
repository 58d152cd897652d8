/** Makes one attempt of a step in a worktree of its own. */
import type { Lent } from '../model/clash.ts';
import type { AttemptValues } from '../model/event.ts';
import { adviseUnrecordable, type Failure } from '../model/failure.ts';
import type { Job, Outcome, Recording, RunJob, Worktree } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Isolated } from '../model/workflow.ts';
import type { AttemptOf, Made } from './attempt.ts';
import type { Rank } from './room.ts';
import { failed, timed } from './timed.ts';

/** What the one who wants the attempt says of its worktree. */
export interface InWorktree extends Rank {
  /** The recording that the worktree starts as; the shared tree as it is where that is not said. */
  readonly from?: string;
  /** Lies in the worktree while the attempt is made, and is no part of what it made. */
  readonly lent?: readonly Lent[];
  /** Called when the shared tree was recorded for it, while nobody writes there. */
  readonly atBase?: () => Promise<void>;
  /** Says what it means that the command itself went wrong; not asked about `setup`. */
  readonly blame?: (failure: Failure) => Failure;
  /** Asked when the attempt ended well, while the worktree is still there: what is wrong with what it made. */
  readonly verify?: (check: Check, made: Recording, values: AttemptValues) => Promise<Failure | undefined>;
}

/** Runs a shell command in the attempt's worktree, in what is left of the attempt's time. */
export type Check = (script: string) => Promise<Outcome>;

/** Where an attempt starts. `base` is the start of the attempt that it goes on from. */
interface Start {
  readonly from: string;
  readonly base?: string;
}

/**
 * The worktree is made from the shared tree as it is, uncommitted work included, then prepared; what that left is the
 * attempt's start, so that none of it is ever merged. The shared tree is never touched.
 */
export async function inWorktree(
  of: AttemptOf,
  isolated: Isolated,
  job: Job,
  wanted: InWorktree,
): Promise<Made> {
  const { run, key, attempt } = of;
  const { isolation, attemptDirectory } = run.input.ports;
  if (isolation === undefined || attemptDirectory === undefined)
    return { outcome: failed({ reason: 'config', message: 'a worktree of its own needs git' }) };
  const start = await startOf(of, wanted);
  if (!start.ok) return { outcome: failed(start.error) };
  const { copy, link } = isolated;
  const directory = attemptDirectory(key, attempt);
  const opened = await isolation.open({ run: run.input.run, directory, from: start.value.from, copy, link });
  if (!opened.ok) return { outcome: failed(opened.error) };
  return work({ of, worktree: opened.value, start: start.value, since: now(of) }, isolated, job, wanted);
}

/** An attempt while its worktree is there. */
interface Here {
  readonly of: AttemptOf;
  readonly worktree: Worktree;
  readonly start: Start;
  /** When its time began. */
  readonly since: number;
}

async function work(here: Here, isolated: Isolated, job: Job, wanted: InWorktree): Promise<Made> {
  const { of, worktree } = here;
  const { root } = worktree;
  const close = () => remove(of, worktree);
  const check: Check = (script) => timed(of, shellJob(job, root, script), left(here));
  if (isolated.setup !== undefined) {
    const outcome = await check(isolated.setup);
    if (!outcome.ok) return { outcome: ofSetup(outcome), ...(of.phase.isHard() ? {} : { close }) };
  }
  const before = await begin(here);
  if (!before.ok) return { outcome: failed(before.error), close };
  const lent = await worktree.lend?.(wanted.lent ?? []);
  if (lent?.ok === false) return { outcome: failed(lent.error), close };
  const outcome = blamed(await timed(of, { ...job, root }, left(here)), wanted);
  await lent?.value();
  // Asked to end at once, the runner does not walk the tree: resume finds the worktree and records it then. But work that is
  // done is never done again, so what came of it is not left to that.
  if (of.phase.isHard() && !outcome.ok) return { outcome };
  const after = await end(here, before.value);
  if (!after.ok) {
    const wrong = { ...failed(after.error), values: outcome.values };
    if (await isGone(of)) return { outcome: wrong, close };
    // Nothing takes the worktree away: all there is of the attempt is in it.
    return { outcome: notRecorded(outcome, after.error, root) };
  }
  const { change, said } = after.value;
  // A worktree that is gone tells the next owner that all of it is recorded; and if there is one by now, it is theirs.
  const base = here.start.base === undefined ? { base: here.start.from } : {};
  const made = { change, ...base, close: () => said.then(close) };
  const wrong = outcome.ok ? await wanted.verify?.(check, change, outcome.values) : undefined;
  return { ...made, outcome: wrong === undefined ? outcome : { ...failed(wrong), values: outcome.values } };
}

/** Records the shared tree for the worktree, while nobody writes to it: half an edit would be the start of the attempt. */
async function startOf(
  of: AttemptOf,
  { from, remaining, index, atBase }: InWorktree,
): Promise<Result<Start, Failure>> {
  const { run, phase, key, attempt } = of;
  const { workspace } = run.input.ports;
  if (from !== undefined) return ok({ from });
  const kept = run.ledger.step(key).trees[attempt - 1];
  // Its start stays the start: what is merged in the end is all that was done since, by both attempts.
  if (kept?.kept === true && kept.before !== undefined && kept.after !== undefined)
    return ok({ from: kept.after, base: kept.before });
  if (workspace === undefined) return err({ reason: 'config', message: 'a worktree of its own needs git' });
  const leave = await phase.room.enter({ remaining, index, tree: 'share', placeless: true });
  if (leave === undefined) return err({ reason: 'interrupted', message: 'stopped before it began' });
  try {
    const base = await workspace.record(run.input.run, `${key}.${attempt}.base`);
    if (base.ok) await atBase?.();
    return base.ok ? ok({ from: base.value.tree }) : base;
  } finally {
    leave();
  }
}

/** What is in the way lies in the worktree, and the next attempt has another one. */
const REMOVED = {
  bySetup: { instead: 'Add it to .gitignore, or let `setup` remove it.' },
  byStep: { instead: 'Add it to .gitignore, or let the step remove it before it ends.' },
} as const;

/** The milestone is committed before this resolves: the attempt must not start sooner. */
async function begin({ of, worktree, start }: Here): Promise<Result<string, Failure>> {
  const { run, key, attempt } = of;
  let tree = start.base;
  if (tree === undefined) {
    const before = await worktree.record(run.input.run, `${key}.${attempt}.before`, start.from);
    if (!before.ok) return err(adviseUnrecordable(before.error, REMOVED.bySetup));
    tree = before.value.tree;
  }
  await run.ledger.say({ type: 'snapshot-taken', step: key, attempt, tree, files: [] });
  return ok(tree);
}

/** Records what the attempt made. `said` resolves when the milestone is committed. */
async function end(
  { of, worktree }: Here,
  before: string,
): Promise<Result<{ readonly change: Recording; readonly said: Promise<unknown> }, Failure>> {
  const { run, key, attempt } = of;
  const after = await worktree.record(run.input.run, `${key}.${attempt}.after`, before);
  if (!after.ok) return err(adviseUnrecordable(after.error, REMOVED.byStep));
  const { tree, files } = after.value;
  const said = run.ledger.say({ type: 'snapshot-taken', step: key, attempt, tree, files });
  return ok({ change: after.value, said });
}

/** What git knows of a worktree stays where somebody removes the directory alone. */
async function isGone({ run, key, attempt }: AttemptOf): Promise<boolean> {
  const { isolation, attemptDirectory } = run.input.ports;
  if (isolation === undefined || attemptDirectory === undefined) return false;
  const found = await isolation.find(run.input.run, attemptDirectory(key, attempt));
  return found.ok && found.value === undefined;
}

function notRecorded(outcome: Outcome, error: Failure, root: string): Outcome {
  const message = `${error.message} What it made is still in ${root}.`;
  return { ...failed({ ...error, message }), values: outcome.values };
}

function blamed(outcome: Outcome, { blame }: InWorktree): Outcome {
  if (outcome.ok || blame === undefined) return outcome;
  return { ...outcome, failure: blame(outcome.failure) };
}

function ofSetup(outcome: Extract<Outcome, { ok: false }>): Outcome {
  const { failure } = outcome;
  return { ...outcome, failure: { ...failure, message: `workspace.setup: ${failure.message}` } };
}

function shellJob({ run, step, attempt, env, secretNames }: Job, root: string, script: string): RunJob {
  return { kind: 'run', run, step, attempt, root, cwd: '', env, secretNames, script, outputs: {} };
}

/** What is left of the attempt's time; at least the moment in which it is stopped. */
function left({ of, since }: Here): number | undefined {
  const { timeoutMs } = of.step;
  return timeoutMs === undefined ? undefined : Math.max(1, timeoutMs - (now(of) - since));
}

function now(of: AttemptOf): number {
  return of.run.input.ports.clock.now();
}

/** A worktree that cannot be removed changes nothing about what was made in it, but somebody must hear of it. */
async function remove({ run, key, attempt }: AttemptOf, worktree: Worktree): Promise<void> {
  const removed = await worktree.remove();
  if (removed.ok) return;
  const text = `the worktree ${worktree.root} could not be removed: ${removed.error.message}\n`;
  run.input.ports.chatter({ type: 'output', step: key, attempt, stream: 'stderr', text });
}

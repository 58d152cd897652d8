/** Computes the state of a run from its milestones; resume, `status` and the live view all use this one fold. */
import { openStands } from './engine-stands.ts';
import type { Milestone, Reused } from './event.ts';
import { addUsage, isByHand, NO_USAGE } from './event.ts';
import type { Failure } from './failure.ts';
import { engineChanged, updatesAfter } from './fold-engine.ts';
import { gateAfter } from './fold-gates.ts';
import { type Draft, reopen, update } from './fold-reopened.ts';
import { appliedAfter, mergedAfter, missed, treesAfter } from './fold-trees.ts';
import { waitingAfter } from './fold-waits.ts';
import type { StepKey } from './ids.ts';
import { type Progress, type StepProgress, untouched } from './progress.ts';
import { mayHaveCost, openSpending } from './spending.ts';

/** Folds a history. */
export function foldAll(history: Iterable<Milestone>): Progress {
  return follow(history).progress;
}

/**
 * A fold that is fed one milestone at a time and changed in place, for those who follow a run as it happens.
 * Copying the map of steps at every milestone would make a run of n steps cost n².
 */
export interface Follower {
  readonly progress: Progress;
  hear(milestone: Milestone): void;
}

/** Follows a run from the state that `history` left. */
export function follow(history: Iterable<Milestone> = []): Follower {
  const { spending, hear: count } = openSpending();
  const { stands: engines, hear: stand } = openStands();
  const fresh = { status: 'new', inputs: {}, attempt: 0, seq: 0, steps: new Map() } as const;
  const open: Draft = { ...fresh, spending, engines };
  const hear = (milestone: Milestone): void => {
    stand(milestone, 'step' in milestone ? open.steps.get(milestone.step) : undefined);
    apply(open, milestone);
    count(milestone);
  };
  for (const milestone of history) hear(milestone);
  return { progress: open, hear };
}

function apply(run: Draft, m: Milestone): void {
  run.seq = m.seq;
  // What a person does with an ended run makes it no longer.
  if (!isByHand(m)) run.lastAt = m.at;
  switch (m.type) {
    case 'run-started':
      Object.assign(run, {
        run: m.run,
        status: 'running',
        workflow: m.workflow,
        path: m.path,
        sha256: m.sha256,
      });
      Object.assign(run, { inputs: m.inputs, attempt: m.attempt, startedAt: m.at });
      if (m['retry-of'] !== undefined) run.retryOf = m['retry-of'];
      return;
    case 'run-resumed':
      reopen(run, m);
      update(run, m);
      return;
    case 'run-interrupted':
      run.status = 'interrupted';
      return;
    case 'run-parked':
      run.status = 'parked';
      run.parked = {
        ...{ reason: m.reason, resume: m.resume },
        ...(m.until === undefined ? {} : { until: m.until }),
      };
      return;
    case 'run-finished':
      run.status = m.status;
      run.outputs = m.outputs;
      if (m.failure !== undefined) run.failure = m.failure;
      return;
    case 'engine-untested':
      run.untested = { ...run.untested, [m.engine]: m.version };
      return;
    case 'budget-exceeded':
    case 'engine-rested':
      return;
    default:
      applyToStep(run, m);
  }
}

type StepMilestone = Extract<Milestone, { step: StepKey }>;

function applyToStep(run: Draft, m: StepMilestone): void {
  const before = run.steps.get(m.step) ?? untouched(m.step);
  const silent = isSilent(before, m);
  const after = stepAfter(run, before, m);
  run.steps.set(m.step, silent ? { ...after, silent } : after);
  if (m.type === 'session-opened' && m.untested !== undefined)
    run.untested = { ...run.untested, [m.engine]: m.version ?? '' };
  if (
    (m.type === 'step-succeeded' || m.type === 'step-failed' || m.type === 'change-ready') &&
    // What waited to be merged was counted when it was ready.
    before.trees[m.attempt]?.ready !== true &&
    m.usage !== undefined &&
    !('reused' in m)
  ) {
    run.usage = addUsage(run.usage ?? NO_USAGE, m.usage);
  }
  if (silent) run.silent = true;
}

/** Whether an agent worked in an attempt and nobody said what it used. */
function isSilent(before: StepProgress, m: StepMilestone): boolean {
  const made = m.type === 'step-succeeded' || m.type === 'step-failed' || m.type === 'change-ready';
  if (!made || 'reused' in m || m.usage !== undefined || before.kind !== 'prompt') return false;
  if (before.status !== 'running') return false;
  return m.type !== 'step-failed' || mayHaveCost(m.failure.reason);
}

function stepAfter(run: Draft, step: StepProgress, m: StepMilestone): StepProgress {
  switch (m.type) {
    case 'step-started':
      return started(run, step, m);
    case 'session-opened':
      return { ...step, session: m.session, engine: m.engine };
    case 'step-succeeded':
    case 'step-failed':
      return ended(run, step, m);
    case 'step-skipped':
    case 'step-blocked':
    case 'step-canceled':
      return decided(run, step, m);
    case 'retry-scheduled':
      return { ...step, status: 'waiting', retryAt: m['retry-at'], because: m.because };
    case 'engine-changed':
      return engineChanged(step, m);
    case 'snapshot-taken':
    case 'tree-restored':
      return { ...step, trees: { ...step.trees, [m.attempt]: treesAfter(step.trees[m.attempt], m) } };
    case 'change-ready':
      return ready(run, step, m);
    case 'merge-started':
    case 'change-merged':
      return { ...step, trees: { ...step.trees, [m.attempt]: mergedAfter(step.trees[m.attempt], m) } };
    case 'change-applied':
      return { ...step, trees: { ...step.trees, [m.attempt]: appliedAfter(step.trees[m.attempt], m) } };
    case 'cache-missed':
      return missed(step, m);
    case 'quota-waiting':
    case 'step-waiting':
      return waitingAfter(step, m);
    case 'loop-decided':
      return { ...step, loop: { iteration: m.iteration, again: m.again } };
    case 'matrix-expanded':
      return {
        ...step,
        instances: m.instances.map((key, i) => ({ key, matrix: m.combinations[i] ?? {} })),
      };
    case 'candidates-shown':
      return { ...step, shown: { candidates: m.candidates, digest: m.digest, at: m.at } };
    case 'gate-opened':
    case 'gate-reminded':
    case 'gate-decided':
      return gateAfter(step, m);
  }
}

function started(
  run: Draft,
  step: StepProgress,
  m: Extract<Milestone, { type: 'step-started' }>,
): StepProgress {
  const {
    retryAt: _,
    because: __,
    failure: ___,
    endedAt: ____,
    engine: _____,
    model: ______,
    ...rest
  } = step;
  const engine = m.engine === undefined ? {} : { engine: m.engine };
  const model = m.model === undefined ? {} : { model: m.model };
  return {
    ...rest,
    ...engine,
    ...model,
    status: 'running',
    attempt: m.attempt,
    kind: m.kind,
    startedAt: m.at,
    startedIn: run.attempt,
    ...(m.inputs === undefined ? {} : { inputs: m.inputs }),
    ...(m.workspace === 'isolated'
      ? { trees: { ...step.trees, [m.attempt]: { isolated: true, undone: false } } }
      : {}),
  };
}

/** The work is done: an owner that finds it so merges, and makes no further attempt. */
function ready(
  run: Draft,
  step: StepProgress,
  m: Extract<Milestone, { type: 'change-ready' }>,
): StepProgress {
  const { v: _, seq: __, at, run: ___, step: ____, attempt, type: _____, tree, files: ______, ...said } = m;
  const { reused, ...values } = said;
  const spent = reused === undefined ? m.usage : undefined;
  const { failure: _f, retryAt: _r, because: _b, ...rest } = step;
  return {
    ...rest,
    ...(spent === undefined ? {} : { usage: addUsage(step.usage ?? NO_USAGE, spent) }),
    ...(reused === undefined ? {} : { reused }),
    ...(m.engine === undefined ? {} : { engine: m.engine }),
    ...(m.model === undefined ? {} : { model: m.model }),
    ...{ status: 'merging', attempt, values, endedAt: at, decidedIn: run.attempt },
    trees: {
      ...step.trees,
      [attempt]: { undone: false, ...step.trees[attempt], isolated: true, after: tree, ready: true },
    },
  };
}

/** An interruption is nobody's fault; a quota that is used up is waited for, and a budget raised. */
const FREE: ReadonlySet<Failure['reason'] | undefined> = new Set(['interrupted', 'quota', 'budget']);

function ended(
  run: Draft,
  before: StepProgress,
  m: Extract<Milestone, { type: 'step-succeeded' | 'step-failed' }>,
): StepProgress {
  const { type, v: _, seq: __, at, run: ___, step: ____, attempt, ...said } = m;
  const {
    final: _____,
    failure,
    reused,
    ...values
  } = said as typeof said & { final?: boolean; failure?: Failure; reused?: Reused };
  const { retryAt: _r, because: _b, reused: _u, ...step } = before;
  const counted = before.trees[attempt]?.ready === true;
  const spent = reused === undefined && !counted ? m.usage : undefined;
  const usage = spent === undefined ? {} : { usage: addUsage(step.usage ?? NO_USAGE, spent) };
  const who = {
    ...(reused === undefined ? {} : { reused }),
    ...(m.engine === undefined ? {} : { engine: m.engine }),
    ...(m.model === undefined ? {} : { model: m.model }),
    // What is taken over was never opened here.
    ...(m.session === undefined ? {} : { session: m.session }),
  };
  const common = { ...step, ...usage, ...who, attempt, values, endedAt: at, decidedIn: run.attempt };
  if (type === 'step-succeeded') {
    const { failure: _f, quotaSince: _q, updates: _n, tried: _t, ...rest } = common;
    return { ...rest, status: 'succeeded', counted: 0 };
  }
  const free = FREE.has(failure?.reason) || failure?.updating === true;
  return {
    ...updatesAfter(common, failure),
    status: m.type === 'step-failed' && m.final ? 'failed' : 'waiting',
    counted: step.counted + (free ? 0 : 1),
    ...(failure === undefined ? {} : { failure }),
  };
}

function decided(
  run: Draft,
  step: StepProgress,
  m: Extract<Milestone, { type: 'step-skipped' | 'step-blocked' | 'step-canceled' }>,
): StepProgress {
  const status = m.type === 'step-skipped' ? 'skipped' : m.type === 'step-blocked' ? 'blocked' : 'canceled';
  const { failure: _, retryAt: __, ...rest } = step;
  return {
    ...rest,
    status,
    because: m.because,
    endedAt: m.at,
    decidedIn: run.attempt,
    values: m.type === 'step-canceled' ? step.values : {},
  };
}

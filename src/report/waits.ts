/** Says of steps that wait for whom they do, and until when. */
import { quotaKey } from '../model/engine-stands.ts';
import { asStepKey, outermost } from '../model/ids.ts';
import { stepAt } from '../model/parts.ts';
import type { Plan, PlannedStep } from '../model/plan.ts';
import type { Progress, StepProgress, StepStatus } from '../model/progress.ts';
import { isWriter, type Step } from '../model/workflow.ts';
import { oneLine } from './clean.ts';
import { engineLines } from './resting.ts';
import { count, duration, listed, moment } from './words.ts';

const WIDEST = 160;
const MOST_NAMES = 3;
const MOST_LINES = 5;

/** When a step goes on, ISO 8601, and the engine that rests until then, where that is why. */
export interface WaitEnd {
  readonly until: string;
  readonly rests?: string;
}

/** When a step that waits goes on; undefined where it waits for no time. What it was told first may be over before its engine serves. */
export function waitEnd({ engines }: Progress, step: StepProgress): WaitEnd | undefined {
  const { status, retryAt, engine, model } = step;
  if (status !== 'waiting' || retryAt === undefined) return undefined;
  const own = { until: retryAt };
  if (engine === undefined) return own;
  const rest = engines.rests.get(engine)?.until;
  const quota = engines.quotas.get(quotaKey(engine, model))?.until;
  const all: readonly WaitEnd[] = [
    own,
    ...(rest === undefined ? [] : [{ until: rest, rests: engine }]),
    ...(quota === undefined ? [] : [{ until: quota }]),
  ];
  return all.reduce((last, one) => (Date.parse(one.until) > Date.parse(last.until) ? one : last));
}

/** What waits are told with. */
export interface WaitOptions {
  /** Milliseconds since the epoch; without it nobody knows what has passed. */
  readonly now: number | undefined;
  /** ISO 8601: the times of this day are shown without the date. */
  readonly today: string;
  readonly plan: Plan | undefined;
}

/** What a step waits for that is between two attempts, or could start; undefined for any other. */
export function waitFact(
  progress: Progress,
  step: StepProgress,
  { now, today, plan }: WaitOptions,
): string | undefined {
  if (step.status === 'pending') return turnFact(progress, plan, step);
  if (step.status !== 'waiting') return undefined;
  const end = waitEnd(progress, step);
  if (end === undefined) return holderFact(step);
  const passed = now !== undefined && Date.parse(end.until) <= now;
  if (passed && progress.status === 'running') return TURN;
  return `${passed ? 'waited' : 'waits'} until ${moment(end.until, today)}${passed ? '' : restWords(end)}`;
}

/** The same for rows that count down. @param now milliseconds since the epoch */
export function waitCountdown(
  progress: Progress,
  step: StepProgress,
  now: number,
  plan: Plan | undefined,
): string | undefined {
  if (step.status === 'pending') return turnFact(progress, plan, step);
  const end = waitEnd(progress, step);
  if (end === undefined) return holderFact(step);
  const left = Date.parse(end.until) - now;
  return left > 0 ? `goes on in ${duration(left)}${restWords(end)}` : TURN;
}

/** Another one asks first whether the engine serves again, or has the place. */
const TURN = 'waits for its turn';

function restWords({ rests }: WaitEnd): string {
  return rests === undefined ? '' : `, ${oneLine(rests, WIDEST)} rests`;
}

function holderFact({ because }: StepProgress): string {
  return oneLine(because?.startsWith('waits for ') === true ? because : 'waits', WIDEST);
}

const OPEN: ReadonlySet<StepStatus> = new Set(['pending', 'running', 'waiting', 'merging', 'asking']);

/** Who keeps a step of the main list out of the tree whose needs have all ended. */
function turnFact(
  { status, steps }: Progress,
  plan: Plan | undefined,
  { key }: StepProgress,
): string | undefined {
  const planned =
    status === 'running' ? plan?.steps.find(({ step }) => asStepKey(step.id) === key) : undefined;
  if (planned === undefined || !entersTree(planned)) return undefined;
  // Whose needs are not known is not said to have none.
  const { needs } = planned.step as Partial<PlannedStep['step']>;
  const open = needs?.some((need) => OPEN.has(steps.get(asStepKey(need))?.status ?? 'pending'));
  if (open !== false) return undefined;
  const inside = [...steps.values()].filter(isInTree);
  const alone = inside.find((one) => isAlone(one, plan));
  if (alone !== undefined) return `waits for ${oneLine(alone.key, WIDEST)}, which works alone in the tree`;
  if (!wantsAlone(planned.step) || inside.length === 0) return undefined;
  const names = listed(
    inside.slice(0, MOST_NAMES).map((one) => one.key),
    inside.length,
  );
  return `waits until ${names} ${inside.length === 1 ? 'has' : 'have'} ended: it works alone in the tree`;
}

function isAlone({ key, trees, attempt }: StepProgress, plan: Plan | undefined): boolean {
  if (trees[attempt]?.before !== undefined) return true;
  // Outside of a git repository nothing is recorded.
  const outer = plan?.steps.find(({ step }) => asStepKey(step.id) === outermost(key))?.step;
  const step = outer === undefined ? undefined : stepAt({ steps: [outer], finally: [] }, key);
  return step !== undefined && wantsAlone(step);
}

function wantsAlone(step: Step): boolean {
  return isWriter(step) && step.undo;
}

function entersTree({ step, leftOut }: PlannedStep): boolean {
  const attempts = step.kind === 'run' || step.kind === 'prompt';
  return attempts && !leftOut && step.matrix === undefined && step.isolated === undefined;
}

function isInTree({ status, kind, trees, attempt }: StepProgress): boolean {
  const attempts = kind === 'run' || kind === 'prompt';
  return status === 'running' && attempts && trees[attempt]?.isolated !== true;
}

/** Of a run that is gone on with at `now` (ISO 8601): who waits, for what, and until when. Nothing else may be said for hours. */
export function stillWaiting(progress: Progress, now: string): readonly string[] {
  const waiting = [...progress.steps.values()].flatMap((step) => {
    const end = waitEnd(progress, step);
    return end === undefined || Date.parse(end.until) <= Date.parse(now) ? [] : [{ step, end }];
  });
  const lines = waiting.slice(0, MOST_LINES).map(({ step, end }) => {
    const left = `in ${duration(Date.parse(end.until) - Date.parse(now))}, at ${moment(end.until, now)}`;
    const { because = '' } = step;
    const what = because.startsWith('quota of ')
      ? `waits for the ${oneLine(because, WIDEST)}; goes on`
      : `attempt ${step.attempt + 1} starts`;
    return `${step.key}: ${what} ${left}${restWords(end)}`;
  });
  const more = waiting.length - lines.length;
  return [
    ...lines,
    ...(more === 0 ? [] : [`and ${count(more, 'more step waits', 'more steps wait')}`]),
    ...engineLines(progress, Date.parse(now)),
  ];
}

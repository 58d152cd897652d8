/** Chooses the rows of the live view: few enough to be drawn several times a second. */
import type { HeardChatter } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress, StepStatus } from '../model/progress.ts';
import { budgetLines } from './budgets.ts';
import { lastLines, oneLine } from './clean.ts';
import { gateWords } from './gates.ts';
import { mark, type Paint } from './paint.ts';
import { engineLines } from './resting.ts';
import { inWords } from './said.ts';
import { type Allowed, mayFail, stepDuration, stepsInOrder } from './steps.ts';
import { tally } from './summary.ts';
import { waitCountdown } from './waits.ts';
import { duration, money } from './words.ts';

/** The most rows at once, the first and the last included: each costs measuring its width at every drawing. */
export const MOST_ROWS = 15;

const MOST_FAILED = 4;
const WIDEST_KEY = 32;
const WIDEST = 160;

/** The newest word of each running step. */
export type Newest = ReadonlyMap<StepKey, HeardChatter>;

/** What rows are made with. */
export interface RowOptions {
  readonly plan: Plan | undefined;
  readonly newest: Newest;
  readonly paint: Paint;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The mark of what is running, at this moment. */
  readonly spinner: string;
  /** How many rows there is room for. */
  readonly room: number;
}

/** The rows to be drawn now: the run, its steps by how much they matter, the rest as a number. */
export function liveRows(progress: Progress, options: RowOptions): readonly string[] {
  const steps = stepsInOrder(progress, options.plan);
  const room = Math.max(1, Math.min(MOST_ROWS, options.room) - 2);
  const shown = toWatch(steps, mayFail(options.plan), room);
  const width = Math.min(WIDEST_KEY, Math.max(0, ...shown.map((step) => step.key.length)));
  const rows = shown.map((step) => row(progress, step, width, options));
  const hidden = new Set(shown);
  const rest = steps.filter((step) => !hidden.has(step));
  const tail = rest.length === 0 ? [] : [options.paint.dim(`  and ${tally(rest, true)}`)];
  return [headline(progress, steps, options), ...rows, ...tail];
}

const BY_NEED: readonly StepStatus[] = [
  'running',
  'waiting',
  'merging',
  'asking',
  'failed',
  'canceled',
  'succeeded',
  'pending',
  'blocked',
  'skipped',
];

function toWatch(steps: readonly StepProgress[], allowed: Allowed, room: number): readonly StepProgress[] {
  const bad = steps
    .filter((step) => step.status === 'failed' && !allowed.has(step.key))
    .slice(0, MOST_FAILED);
  const ranked = BY_NEED.flatMap((status) => {
    const some = steps.filter((step) => step.status === status && !bad.includes(step));
    // Of what has ended, the newest is what people look for.
    return status === 'succeeded'
      ? some.sort((a, b) => (a.endedAt ?? '').localeCompare(b.endedAt ?? '')).reverse()
      : some;
  });
  const chosen = new Set([...bad, ...ranked].slice(0, room));
  return steps.filter((step) => chosen.has(step));
}

function headline(progress: Progress, steps: readonly StepProgress[], { paint, now }: RowOptions): string {
  const open: readonly StepStatus[] = ['pending', 'running', 'waiting', 'merging', 'asking'];
  const done = steps.filter((step) => !open.includes(step.status)).length;
  const failed = steps.filter((step) => step.status === 'failed').length;
  const facts = [
    `${done} of ${steps.length} done`,
    ...(failed === 0 ? [] : [paint.red(`${failed} failed`)]),
    ...(progress.startedAt === undefined ? [] : [duration(now - Date.parse(progress.startedAt))]),
    ...(progress.usage === undefined ? [] : [money(progress.usage.usd)]),
    ...budgetLines(progress, now).slice(0, 1),
    ...engineLines(progress, now)
      .slice(0, 1)
      .map((line) => paint.yellow(line)),
  ];
  return `${paint.bold(oneLine(progress.workflow ?? 'starting', WIDEST))}  ${facts.join(' · ')}`;
}

const WITHOUT_TIME: ReadonlySet<StepStatus> = new Set(['waiting', 'merging', 'asking']);

function row(progress: Progress, step: StepProgress, width: number, options: RowOptions): string {
  const { paint, now, spinner } = options;
  const took = stepDuration(step, now);
  const icon = step.status === 'running' ? paint.yellow(spinner) : mark(step.status, paint);
  const facts = [
    ...(took === undefined || WITHOUT_TIME.has(step.status) ? [] : [duration(took)]),
    ...(step.attempt > 1 ? [`attempt ${step.attempt}`] : []),
    ...(step.status === 'running' && step.engine !== undefined ? [oneLine(step.engine, WIDEST)] : []),
    ...news(progress, step, options),
  ];
  return `${icon} ${step.key.padEnd(width)}  ${facts.join(' · ')}`.trimEnd();
}

function news(
  progress: Progress,
  step: StepProgress,
  { newest, paint, now, plan }: RowOptions,
): readonly string[] {
  switch (step.status) {
    case 'running': {
      const words = newestWords(newest.get(step.key));
      return words === undefined ? [] : [paint.dim(words)];
    }
    case 'waiting':
      return [waitCountdown(progress, step, now, plan) ?? 'waits'];
    case 'merging':
      return ['done, waits to merge'];
    case 'asking':
      return [gateWords(step.gate)];
    case 'failed':
      return [oneLine(step.failure?.message ?? 'failed', WIDEST)];
    case 'skipped':
    case 'blocked':
    case 'canceled':
      return [
        paint.dim(`${step.status}${step.because === undefined ? '' : `: ${oneLine(step.because, WIDEST)}`}`),
      ];
    case 'pending': {
      const waits = waitCountdown(progress, step, now, plan);
      return waits === undefined ? [] : [paint.dim(waits)];
    }
    case 'succeeded':
      return [];
  }
}

function newestWords(event: HeardChatter | undefined): string | undefined {
  if (event === undefined) return undefined;
  return event.type === 'output' ? lastLines(event.text, 1, WIDEST)[0]?.trim() : inWords(event, true);
}

/** Says how the steps of a run are drawn: every execution of a step in one word. */
import { isOnBehalf, iterationsAround, type StepId, type StepKey, wayTo } from './ids.ts';
import { lastIteration, type Progress, type StepProgress } from './progress.ts';

/** How a step stands, all its executions together. */
export type Standing =
  | 'succeeded'
  | 'failed'
  | 'parked'
  | 'running'
  | 'interrupted'
  | 'canceled'
  | 'skipped'
  | 'blocked';

/** Finds how a step stands by the ids on the way to it; undefined where nothing has happened. */
export type StandingOf = (way: readonly StepId[]) => Standing | undefined;

/** Of several executions the first that one of them stands at. */
const WORST: readonly Standing[] = [
  ...(['failed', 'parked', 'running', 'interrupted', 'canceled', 'blocked', 'succeeded', 'skipped'] as const),
];

/** How the steps of a run stand: of a loop its last iteration, of a matrix what is worst among its instances. */
export function standingsOf(progress: Progress): StandingOf {
  const isLoop = (key: StepKey): boolean => progress.steps.get(key)?.kind === 'loop';
  const isOver = (key: StepKey): boolean =>
    iterationsAround(key, isLoop).some(
      ({ loop, iteration }) => iteration < lastIteration(progress.steps.get(loop) ?? {}),
    );
  const found = new Map<string, Standing>();
  for (const [key, step] of progress.steps) {
    const standing = standingOf(step, progress);
    if (standing === undefined || isOnBehalf(key) || isOver(key)) continue;
    const way = wayTo(key).join('.');
    const other = found.get(way);
    if (other === undefined || WORST.indexOf(standing) < WORST.indexOf(other)) found.set(way, standing);
  }
  return (way) => found.get(way.join('.'));
}

function standingOf({ status }: StepProgress, run: Progress): Standing | undefined {
  switch (status) {
    case 'pending':
      return undefined;
    case 'asking':
      return 'parked';
    case 'running':
    case 'waiting':
    case 'merging':
      if (run.status === 'running') return 'running';
      return run.status === 'parked' ? 'parked' : 'interrupted';
    default:
      return status;
  }
}

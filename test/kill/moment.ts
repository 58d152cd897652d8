// Says when a life of the runner ends.
import type { Draw } from './draw.ts';

/** What the runner, or one of its children, was just about to do when it was killed. */
export type Moment =
  /** The line that says the run is open: a resume then records what it finds, and undoes. */
  | { readonly at: 'opening' }
  /** The n-th milestone that was heard after that. */
  | { readonly at: 'milestone'; readonly nth: number }
  /** The n-th child is there and waits: of an agent, with half of its edits made. */
  | { readonly at: 'child'; readonly nth: number }
  /** The n-th child was let go: it is working, or its end is being committed. */
  | { readonly at: 'release'; readonly nth: number }
  /**
   * The n-th git of the runner. It is not begun (`before`), just begun (`during`), or outlives the runner and goes on when the next one
   * is at work (`after`).
   */
  | { readonly at: 'git'; readonly nth: number; readonly how: 'before' | 'during' | 'after' };

/** A moment, and how long the test still hesitates there. */
export interface Plan {
  readonly moment: Moment;
  readonly hesitateMicroseconds: number;
  /** The next runner comes at once, while what was left behind may still be ending. */
  readonly hurry: boolean;
}

/** Draws how a life ends. Numbers are small, so that most lives get that far, and a run still gets on. */
export function drawPlan(draw: Draw): Plan {
  return {
    moment: drawMoment(draw),
    hesitateMicroseconds: draw.chance(0.5) ? 0 : draw.between(1, 3_000),
    hurry: draw.chance(0.5),
  };
}

function drawMoment(draw: Draw): Moment {
  return draw.pick<Moment>([
    { at: 'opening' },
    { at: 'milestone', nth: draw.between(1, 14) },
    { at: 'milestone', nth: draw.between(1, 14) },
    { at: 'child', nth: draw.between(1, 6) },
    { at: 'release', nth: draw.between(1, 6) },
    { at: 'release', nth: draw.between(1, 6) },
    { at: 'git', nth: draw.between(1, 40), how: 'before' },
    { at: 'git', nth: draw.between(1, 40), how: 'during' },
    { at: 'git', nth: draw.between(1, 40), how: 'after' },
  ]);
}

/** For reports. */
export function describePlan({ moment, hesitateMicroseconds, hurry }: Plan): string {
  const nth = 'nth' in moment ? ` ${moment.nth}` : '';
  const how = 'how' in moment ? ` ${moment.how}` : '';
  return `${moment.at}${nth}${how} +${hesitateMicroseconds}us${hurry ? ' hurry' : ''}`;
}

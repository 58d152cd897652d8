/** Says what may be spent. */
import type { StepKey } from './ids.ts';

/** Upper bounds; what is not there is not bounded. */
export interface Limits {
  /** US dollars. */
  readonly usd?: number;
  /** Input and output together. */
  readonly tokens?: number;
  /** Milliseconds. */
  readonly time?: number;
}

/** What is counted. */
export const UNITS = ['usd', 'tokens', 'time'] as const;
export type Unit = (typeof UNITS)[number];

/** Limits, with what follows when one of them is reached. */
export interface Budget {
  readonly limits: Limits;
  readonly onExceed: 'pause' | 'fail';
  /** Lets engines work whose cost nobody knows. */
  readonly allowUnknownCost: boolean;
  /** Where a policy limits dollars, as `file:line`, that lets no engine work whose cost nobody knows: a workflow cannot lift that. */
  readonly knownCostBy?: string;
  /** What a policy allows, whatever somebody asks for. */
  readonly most?: Limits;
  /** Where a limit stands that a policy made narrower than the workflow has it, as `file:line`. */
  readonly narrowedBy?: Readonly<Partial<Record<Unit, string>>>;
}

/** What a budget is of: `run`, `step:fix`, `agent:coder`, `part:release`; in a used workflow `step:release.fix`. */
export type Scope = 'run' | `step:${string}` | `agent:${string}` | `part:${string}`;

/** Limits by what they bind. */
export type ScopedLimits = Readonly<Partial<Record<Scope, Limits>>>;

/** The place of a step, whichever execution of it is meant: `build.code` in a loop, `release.build` in a used workflow. */
export function pathOf(key: StepKey): string {
  return key.replace(/\[[^\]]*\]/g, '').replace(/\.on-conflict$/, '');
}

/** The budget of a step binds all its executions together: those of every iteration and of every instance, and who resolves its conflict. */
export function stepScope(key: StepKey): Scope {
  return `step:${pathOf(key)}`;
}

/** The budgets of the used workflows that a step lies in, outermost first; a loop on the way is none, and has none. */
export function partScopes(key: StepKey): readonly Scope[] {
  const path = pathOf(key);
  return [...path.matchAll(/\./g)].map(({ index }): Scope => `part:${path.slice(0, index)}`);
}

/** The budget of an agent binds everything that it does in the run. In a used workflow its name begins with that one's place. */
export function agentScope(agent: string): Scope {
  return `agent:${agent}`;
}

/** US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Of input that came from a cache; as other input where it is not said. */
  readonly cached?: number;
}

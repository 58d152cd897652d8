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
  /** Where a limit stands that a policy made narrower than the workflow has it, as `file:line`. */
  readonly narrowedBy?: Readonly<Partial<Record<Unit, string>>>;
}

/** What a budget is of: `run`, `step:fix`, `agent:coder`. */
export type Scope = 'run' | `step:${string}` | `agent:${string}`;

/** Limits by what they bind. */
export type ScopedLimits = Readonly<Partial<Record<Scope, Limits>>>;

/** The budget of a step binds all its executions together: those of every iteration and of every instance, and who resolves its conflict. */
export function stepScope(key: StepKey): Scope {
  const outside = key.replace(/[^.[\]]+(\[[^\]]*\])+\.(?=.)/g, '');
  return `step:${outside.replace(/\[[^\]]*\]/g, '').replace(/\.on-conflict$/, '')}`;
}

/** The budget of an agent binds everything that it does in the run. */
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

/** Says what the attempts of a step failed for. */
import type { Milestone } from '../model/event.ts';
import type { FailureReason } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import { oneLine } from './clean.ts';
import { count } from './words.ts';

const WIDEST = 160;
const MOST_ENGINE = 40;

/** One attempt that failed. */
export interface Try {
  readonly reason: FailureReason;
  readonly message: string;
  readonly engine?: string;
}

/** The attempts that failed, by step, in their order. Those that were interrupted are none. */
export type Tries = ReadonlyMap<StepKey, readonly Try[]>;

/** Notes an attempt that failed. */
export function noteTry(tries: Map<StepKey, readonly Try[]>, m: Milestone): void {
  if (m.type !== 'step-failed' || m.failure.reason === 'interrupted') return;
  const { step, failure, engine } = m;
  const one = {
    reason: failure.reason,
    message: failure.message.slice(0, WIDEST),
    ...(engine === undefined ? {} : { engine }),
  };
  tries.set(step, [...(tries.get(step) ?? []), one]);
}

/** `3 attempts, each failed alike`, or what each failed for; nothing for a single one. */
export function triesWords(all: readonly Try[]): readonly string[] {
  const [first] = all;
  if (first === undefined || all.length < 2) return [];
  const many = count(all.length, 'attempt');
  if (all.every((one) => one.message === first.message && one.engine === first.engine))
    return [`${many}, each failed alike`];
  const engines = new Set(all.map(({ engine }) => engine)).size > 1;
  const names = all.map(({ reason, engine }) =>
    engines && engine !== undefined ? `${oneLine(engine, MOST_ENGINE)} ${reason}` : reason,
  );
  if (names.every((name) => name === names[0])) return [`${many}, each failed: ${names[0]}`];
  return [`${many}: ${inRuns(names).join(', then ')}`];
}

/** `network twice` for what stands several times in a row. */
function inRuns(names: readonly string[]): readonly string[] {
  const runs: { name: string; times: number }[] = [];
  for (const name of names) {
    const last = runs.at(-1);
    if (last?.name === name) last.times++;
    else runs.push({ name, times: 1 });
  }
  return runs.map(({ name, times }) => (times === 1 ? name : `${times} × ${name}`));
}

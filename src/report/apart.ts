/** Tells what became of the changes that isolated steps made and that are in no tree but their own. */
import { asStepKey, type StepKey } from '../model/ids.ts';
import { stepAt } from '../model/parts.ts';
import type { Plan } from '../model/plan.ts';
import type { StepProgress } from '../model/progress.ts';
import type { ReduceStep, Step } from '../model/workflow.ts';

/** What of such changes is to be said. */
export interface Apart {
  /** Those that the workflow leaves where they are: `merge: never`. */
  readonly kept: readonly StepProgress[];
  /** Candidates of which another one was chosen, or none. */
  readonly notChosen: readonly StepProgress[];
  /** Candidates among which nobody has chosen, by the reduce that would; `skipped` where it will not. */
  readonly open: readonly {
    readonly reduce: StepKey;
    readonly skipped: boolean;
    readonly of: readonly StepProgress[];
  }[];
}

/** Sorts what is apart. Without a plan a reduce is known once it has chosen. */
export function apartOf(steps: readonly StepProgress[], plan: Plan | undefined): Apart {
  const winners = steps.flatMap(winnerOf);
  const settled = new Set(winners.map(withoutInstance));
  const kept: StepProgress[] = [];
  const notChosen: StepProgress[] = [];
  const open = new Map<StepKey, { skipped: boolean; of: StepProgress[] }>();
  for (const step of steps.filter(isApart)) {
    if (settled.has(withoutInstance(step.key))) {
      if (!winners.includes(step.key)) notChosen.push(step);
      continue;
    }
    const reduce = chooserOf(step.key, plan);
    if (reduce === undefined) {
      kept.push(step);
      continue;
    }
    const status = steps.find(({ key }) => key === reduce)?.status;
    if (status === 'failed') notChosen.push(step);
    else {
      const before = open.get(reduce) ?? { skipped: status === 'skipped', of: [] };
      before.of.push(step);
      open.set(reduce, before);
    }
  }
  return { kept, notChosen, open: [...open].map(([reduce, of]) => ({ reduce, ...of })) };
}

function isApart({ key, status, attempt, trees: { [attempt]: trees } }: StepProgress): boolean {
  if (status !== 'succeeded' || trees?.isolated !== true || trees.differs !== true) return false;
  // What resolved a conflict is merged with the step that had it; what checks and judges left is nobody's.
  const own = !key.endsWith('.on-conflict') && !key.includes(':');
  return trees.ready !== true && trees.merge === undefined && own;
}

/** Whom a reduce chose. Whether the change could be merged is another question. */
function winnerOf({ kind, values: { output } }: StepProgress): readonly StepKey[] {
  if (kind !== 'reduce' || typeof output !== 'object' || output === null) return [];
  const { winner } = output as { readonly winner?: StepKey };
  return typeof winner === 'string' ? [winner] : [];
}

/** A value of a matrix may hold dots, so the last one in the key is not always the one before the id. */
const LAST = /^(.*\.)?([^.[\]]+)(\[[^\]]*\])?$/;

function withoutInstance(key: StepKey): StepKey {
  const [, prefix = '', id = key] = LAST.exec(key) ?? [];
  return asStepKey(`${prefix}${id}`);
}

/** The `best-of` that chooses among the executions of a step; it stands in the same list. */
function chooserOf(key: StepKey, plan: Plan | undefined): StepKey | undefined {
  if (plan === undefined) return undefined;
  const [, prefix = '', id = ''] = LAST.exec(key) ?? [];
  const all = [...plan.steps, ...plan.last].map(({ step }) => step);
  const chooses = (step: Step): step is ReduceStep =>
    step.kind === 'reduce' && step.mode === 'best-of' && step.from === id;
  const found = listAt(all, prefix).find(chooses);
  return found === undefined ? undefined : asStepKey(`${prefix}${found.id}`);
}

function listAt(all: readonly Step[], prefix: string): readonly Step[] {
  if (prefix === '') return all;
  const around = stepAt({ steps: all, finally: [] }, asStepKey(prefix.slice(0, -1)));
  if (around?.kind === 'loop') return around.steps;
  return around?.kind === 'uses' ? [...around.part.steps, ...around.part.finally] : [];
}

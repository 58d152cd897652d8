/** Says what a change waits for that is ready and not merged. */
import { beforeDots, type StepKey, stepKey, stepOfKey } from '../model/ids.ts';
import type { Plan, PlannedStep } from '../model/plan.ts';
import type { Progress, StepStatus } from '../model/progress.ts';
import { mergeTurns } from '../model/turns.ts';
import { listed } from './words.ts';

const MOST_NAMES = 3;

/** Whose changes may still come to be merged before. */
const OPEN: ReadonlySet<StepStatus> = new Set(['pending', 'running', 'waiting']);

/**
 * The steps whose end the merge of `key` waits for, with the open gates behind which they stand; undefined where it waits for none,
 * or only for its place.
 */
export function mergeWait({ steps }: Progress, plan: Plan | undefined, key: StepKey): string | undefined {
  const { list, prefix } = around(plan, key);
  const turns = mergeTurns(list);
  const own = turns.get(stepOfKey(key));
  if (own === undefined) return undefined;
  const statusOf = (one: StepKey): StepStatus => steps.get(one)?.status ?? 'pending';
  const mates = list.filter(
    ({ step, leftOut }) => step.isolated !== undefined && !leftOut && (turns.get(step.id) ?? 0) <= own,
  );
  const open = mates.flatMap(({ step }) => {
    const mate = stepKey(prefix, step.id);
    const each = steps.get(mate)?.instances?.map((one) => one.key) ?? [mate];
    return each.filter((one) => OPEN.has(statusOf(one)));
  });
  if (open.length === 0) return undefined;
  const ids = new Set(open.map(stepOfKey));
  const gates = before(list, ids).flatMap(({ step }) => {
    const gate = stepKey(prefix, step.id);
    return step.kind === 'gate' && statusOf(gate) === 'asking' ? [gate] : [];
  });
  const behind = gates.length === 0 ? '' : `, behind ${listed(gates.slice(0, MOST_NAMES), gates.length)}`;
  return `${listed(open.slice(0, MOST_NAMES), open.length)}${behind}`;
}

/** The list in which a step stands, with what the keys of its steps begin with. */
function around(
  plan: Plan | undefined,
  key: StepKey,
): { readonly list: readonly PlannedStep[]; readonly prefix: string } {
  let list = plan?.steps ?? [];
  let prefix = '';
  // What stands around a step ends in a dot; the iteration, or the instance, in front of that is of the step itself.
  for (const around of beforeDots(key)) {
    const planned = list.find(({ step }) => step.id === stepOfKey(around));
    if (planned?.body === undefined) continue;
    list = [...planned.body.steps, ...planned.body.last];
    prefix = `${around}.`;
  }
  return { list, prefix };
}

/** Everything that stands before some steps of a list. */
function before(list: readonly PlannedStep[], ids: ReadonlySet<string>): readonly PlannedStep[] {
  const found = new Set<string>();
  const open = list.filter(({ step }) => ids.has(step.id)).flatMap(({ step }) => step.needs);
  for (const id of open) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(list.find(({ step }) => step.id === id)?.step.needs ?? []));
  }
  return list.filter(({ step }) => found.has(step.id));
}

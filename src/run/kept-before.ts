/** Lists the files that steps kept which have ended before another step. */
import type { StepId, StepKey } from '../model/ids.ts';
import { iterationPrefix, partPrefix, stepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { KeptBy } from '../model/ports.ts';
import { lastIteration } from '../model/progress.ts';
import { keyIn } from './frame.ts';
import type { Ledger } from './ledger.ts';
import type { Running } from './running.ts';

/** One list on the way to a step: what its keys begin with, its steps, and which of them leads on. */
interface Level {
  readonly prefix: string;
  readonly planned: readonly PlannedStep[];
  readonly at: PlannedStep;
}

/**
 * What the steps kept that are certain to have ended before an execution: in the order of the lists, those around it first. Of a
 * step in a loop its last execution counts, of a matrix each instance. A used workflow knows nothing of who uses it.
 */
export function keptBefore({ ledger, main }: Running, key: StepKey): readonly KeptBy[] {
  return levelsTo(main.planned, key).flatMap(({ prefix, planned, at }) => {
    const before = idsBefore(planned, at);
    return planned.filter(({ step }) => before.has(step.id)).flatMap((one) => keptBy(ledger, prefix, one));
  });
}

/** A value of a matrix may hold dots, so what stands in brackets is no boundary. */
const PART_OF_KEY = /(?:[^.[]|\[[^\]]*\])+/g;

function levelsTo(main: readonly PlannedStep[], key: StepKey): readonly Level[] {
  let levels: Level[] = [];
  let planned = main;
  let prefix = '';
  for (const part of key.match(PART_OF_KEY) ?? []) {
    const id = part.replace(/\[.*$/, '');
    const at = planned.find(({ step }) => step.id === id);
    if (at === undefined) break;
    levels.push({ prefix, planned, at });
    prefix += `${part}.`;
    if (at.body === undefined) break;
    if (at.step.kind === 'uses') levels = [];
    planned = at.body.steps;
  }
  return levels;
}

function idsBefore(planned: readonly PlannedStep[], { step }: PlannedStep): ReadonlySet<StepId> {
  const needs = new Map(planned.map((one) => [one.step.id, one.step.needs]));
  const before = new Set(step.needs);
  // What is added while the set is walked is walked too.
  for (const id of before) for (const need of needs.get(id) ?? []) before.add(need);
  return before;
}

/** Of a step in the list that has this prefix. */
function keptBy(ledger: Ledger, prefix: string, { step, body }: PlannedStep): readonly KeptBy[] {
  const own = keyIn({ prefix }, step);
  const keys = step.matrix === undefined ? [own] : (ledger.step(own).instances ?? []).map((one) => one.key);
  return keys.flatMap((key): readonly KeptBy[] => {
    if (body === undefined) {
      const { status, values } = ledger.step(key);
      const kept = status === 'succeeded' ? (values.artifacts ?? []) : [];
      return kept.map((artifact) => ({ ...artifact, step: key }));
    }
    if (step.kind === 'uses')
      return [...body.steps, ...body.last].flatMap((inner) => keptBy(ledger, partPrefix(key), inner));
    return body.steps.flatMap((inner) => keptBy(ledger, lastWith(ledger, key, inner), inner));
  });
}

/** What the key of a body step's last execution begins with. */
function lastWith(ledger: Ledger, loop: StepKey, { step }: PlannedStep): string {
  for (let n = lastIteration(ledger.step(loop)); n > 1; n--) {
    const prefix = iterationPrefix(loop, n);
    if (ledger.progress.steps.has(stepKey(prefix, step.id))) return prefix;
  }
  return iterationPrefix(loop, 1);
}

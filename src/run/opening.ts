/** Says that a run begins, or goes on. */
import type { Milestone, MilestoneBody } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import { limitsToSay } from './budgets.ts';
import { sayMergedByHand } from './by-hand.ts';
import { keptByChoice } from './mend.ts';
import type { Running } from './running.ts';

/** Says that the run is open, with what is known of it from elsewhere in the same commit: never the one without the other. */
export function sayOpening(run: Running, kept: readonly StepKey[]): Promise<Milestone> {
  const opened = run.ledger.say(opening(run, kept));
  for (const body of run.input.prelude ?? []) void run.ledger.say(body);
  for (const merge of run.input.resolved ?? []) sayMergedByHand(run, merge);
  return opened;
}

function opening(run: Running, keptWhenAsked: readonly StepKey[]): MilestoneBody {
  const { workflow, facts, options, updated, retryOf } = run.input;
  const { attempt } = run.ledger.progress;
  const steps = [...new Set([...keptByChoice(run), ...keptWhenAsked, ...keptOfUpdate(run)])].sort();
  const kept = steps.length === 0 ? {} : { kept: steps };
  const budget = limitsToSay(run);
  if (attempt > 0)
    return { type: 'run-resumed', attempt: attempt + 1, by: options.by, ...kept, ...budget, ...updated };
  const { name, sha256 } = workflow;
  const started = { workflow: name, path: facts.path, sha256, inputs: facts.inputs, attempt: 1, ...budget };
  return { type: 'run-started', ...started, ...(retryOf === undefined ? {} : { 'retry-of': retryOf }) };
}

/** Of steps that had a result and run again: nobody undoes it later where the tree is kept. */
function keptOfUpdate({ input, ledger }: Running): readonly StepKey[] {
  if (input.options.keepTree !== true) return [];
  const recorded = (key: StepKey): boolean => {
    const { attempt, trees } = ledger.step(key);
    return trees[attempt] !== undefined;
  };
  return (input.updated?.again ?? []).filter(recorded);
}

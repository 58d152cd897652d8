/** Holds what a run would still start against the policy of today. */
import type { Limits, ScopedLimits } from '../../model/budget.ts';
import { UNITS } from '../../model/budget.ts';
import type { Milestone } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import { asStepKey } from '../../model/ids.ts';
import type { Plan } from '../../model/plan.ts';
import { isEnded } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { merged } from '../../model/spending.ts';
import type { Step } from '../../model/workflow.ts';
import type { RunRecord } from '../../state/runs.ts';
import { deniedBy } from '../engines/engine-check.ts';
import type { Refusal } from '../refusal.ts';
import { configOf } from './record.ts';
import type { Read } from './recorded-run.ts';
import { decideTaken, type Reopening, retryOf } from './reopen.ts';

/** A run that is about to go on. */
type GoingOn = Pick<Reopening, 'place' | 'env' | 'state' | 'record' | 'read' | 'variables'> & {
  readonly selected: Plan;
};

/** Refused where something that has no result yet asks for what is not allowed now. What is done is not asked about. */
export function allowedNow(of: GoingOn): Result<undefined, Refusal> {
  const { read, record, selected } = of;
  if (read.policy === undefined) return ok(undefined);
  const done = doneIn(of);
  if (!done.ok) return done;
  const steps = selected.steps.flatMap(({ step, leftOut }) => (leftOut || done.value(step) ? [] : [step]));
  const diagnostics = deniedBy({ ...read.workflow, steps }, read.policy);
  if (diagnostics.length === 0) return ok(undefined);
  return err({
    message: `run ${record.id} would go on with what the policy does not allow; nothing was started`,
    ...{ diagnostics, sources: read.sources },
  });
}

/** Which steps keep their result. */
function doneIn(of: GoingOn): Result<(step: Step) => boolean, Refusal> {
  const history = of.state.history(of.record.id);
  if (history.length === 0 && retryOf(of.record) !== undefined) {
    const taken = decideTaken(of);
    return taken.ok ? ok(({ id }) => taken.value.decision.kept.has(asStepKey(id))) : taken;
  }
  const { steps, status: run } = foldAll(history);
  return ok(({ id }) => {
    const status = steps.get(asStepKey(id))?.status;
    return status === 'succeeded' || status === 'skipped' || (status === 'failed' && !isEnded(run));
  });
}

/**
 * What may be spent from now on where the policy is not the one that the run was limited by: no more than today's allows, and no less
 * than the file says where only a policy of then said less. What somebody asks for comes on top.
 */
export function limitsNow(
  record: RunRecord,
  { workflow, policy }: Pick<Read, 'workflow' | 'policy'>,
  history: readonly Milestone[],
  asked: ScopedLimits | undefined,
): ScopedLimits | undefined {
  const known = foldAll(history).spending.limits.run ?? {};
  const then = configOf(record).policy?.budget?.limits ?? {};
  const run: Partial<Record<keyof Limits, number>> = {};
  for (const unit of UNITS) {
    const [limit, most, own] = [known[unit], policy?.budget?.limits[unit], workflow.budget?.limits[unit]];
    if (limit === undefined) continue;
    if (most !== undefined && limit > most) run[unit] = most;
    else if (limit === then[unit] && own !== undefined && own > limit) run[unit] = own;
  }
  if (Object.keys(run).length === 0) return asked;
  return merged({ run }, asked ?? {});
}

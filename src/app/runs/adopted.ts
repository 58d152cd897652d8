/** Makes the changes that a retry keeps beside the tree its own, since the run that recorded them may be cleared away. */
import type { MilestoneBody } from '../../model/event.ts';
import { outermost, RESOLVER_ID, type RunId, type StepKey } from '../../model/ids.ts';
import { stepAt } from '../../model/parts.ts';
import type { Progress, StepProgress } from '../../model/progress.ts';
import { ok, type Result } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type Decision, isKept } from './kept.ts';

/** Whose changes are taken over. */
export interface Adopting {
  readonly workspace: GitWorkspace | undefined;
  /** The retry. */
  readonly run: RunId;
  /** The run before, and where it is. */
  readonly of: RunId;
  readonly progress: Progress;
  readonly workflow: Workflow;
  readonly decision: Decision;
}

/** What is said of a change before its step's result, by the key of the step. */
export type Adopted = ReadonlyMap<StepKey, readonly MilestoneBody[]>;

/**
 * Those of isolated steps whose change was never merged: a step with `merge: never`, a candidate of `best-of`. One whose recordings are
 * gone keeps its result alone, unless somebody is to choose among them. Done twice, it does no harm.
 */
export async function adoptChanges(of: Adopting): Promise<Result<Adopted, Refusal>> {
  const adopted = new Map<StepKey, readonly MilestoneBody[]>();
  for (const step of of.progress.steps.values()) {
    const bodies = standsBeside(of, step) ? await adopt(of, step) : undefined;
    if (bodies !== undefined) adopted.set(step.key, bodies);
  }
  const choice = choiceWithout(of, adopted);
  return choice === undefined ? ok(adopted) : refuse(...choice);
}

function standsBeside(
  { workflow, decision }: Adopting,
  { key, status, attempt, trees }: StepProgress,
): boolean {
  const { isolated, merge } = trees[attempt] ?? {};
  if (status !== 'succeeded' || isolated !== true || merge !== undefined || !isKept(decision, key))
    return false;
  const onBehalf = key.includes(':') || key.endsWith(`.${RESOLVER_ID}`);
  return !onBehalf && stepAt(workflow, key)?.isolated !== undefined;
}

async function adopt(
  { workspace, run }: Adopting,
  { key, attempt, kind = 'prompt', engine, model, trees }: StepProgress,
): Promise<readonly MilestoneBody[] | undefined> {
  const { before, after } = trees[attempt] ?? {};
  if (workspace?.adopt === undefined || before === undefined || after === undefined) return undefined;
  const from = await workspace.adopt(run, `${key}.${attempt}.before`, before);
  if (!from.ok) return undefined;
  const to = await workspace.adopt(run, `${key}.${attempt}.after`, after, from.value.tree);
  if (!to.ok) return undefined;
  const of = { step: key, attempt } as const;
  const who = { ...(engine === undefined ? {} : { engine }), ...(model === undefined ? {} : { model }) };
  const { tree, files } = to.value;
  return [
    { type: 'step-started', ...of, kind, ...who, workspace: 'isolated' },
    { type: 'snapshot-taken', ...of, tree: from.value.tree, files: [] },
    { type: 'snapshot-taken', ...of, tree, files },
  ];
}

/** Nobody chooses among changes that are not there. */
function choiceWithout(
  { workflow, decision, progress, of }: Adopting,
  adopted: Adopted,
): [string, string] | undefined {
  for (const step of workflow.steps) {
    if (step.kind !== 'reduce' || step.mode !== 'best-of') continue;
    if (decision.rows.some((row) => row.step === step.id && row.kept)) continue;
    const gone = [...progress.steps.values()].find(
      ({ key, status }) =>
        status === 'succeeded' &&
        key.startsWith(`${step.from}[`) &&
        outermost(key) === (step.from as string) &&
        isKept(decision, key) &&
        !adopted.has(key),
    );
    if (gone === undefined) continue;
    return [
      `\`${step.id}\` chooses among changes that \`${step.from}\` made in run ${of}, and that of \`${gone.key}\` is not recorded any more`,
      `\`codemachine retry ${of} --from ${step.from}\` makes them again`,
    ];
  }
  return undefined;
}

/** Says whether a repository is one in which some steps can be run, before any of them is. */
import { runGit } from '../../engines/process.ts';
import { adviseUnrecordable, type Failure } from '../../model/failure.ts';
import { stepKey } from '../../model/ids.ts';
import type { Plan, PlannedStep } from '../../model/plan.ts';
import type { Progress } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { allSteps, isWriter, type Step, type Workflow } from '../../model/workflow.ts';
import { whyNoRoot } from '../../workspace/root.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** Refused in a repository that has no files. */
export function notBare({ bare }: Place): Result<undefined, Refusal> {
  return bare === undefined
    ? ok(undefined)
    : refuse(
        `${bare} is a bare repository: it has no files to work on`,
        '`git worktree add <directory>` makes a working tree; run there',
      );
}

/** Every step that is not left out. */
export function chosenSteps(plan: Plan, workflow: Workflow): readonly Step[] {
  const steps = plan.steps.flatMap(({ step, leftOut }) => (leftOut ? [] : [step]));
  return allSteps({ steps, finally: workflow.finally });
}

/** What of the main list may have to be made. */
export function stillToMake(plan: Plan, steps: Progress['steps']): Plan {
  const isDone = ({ step }: PlannedStep) => steps.get(stepKey('', step.id))?.status === 'succeeded';
  return { ...plan, steps: plan.steps.filter((one) => !isDone(one)) };
}

/** Refused where what the steps change could not be recorded, or a step that is isolated would have no place. */
export async function fitForSteps(
  place: Place,
  steps: readonly Step[],
  workspace: GitWorkspace | undefined,
  env: NodeJS.ProcessEnv,
  resumed = false,
): Promise<Result<undefined, Refusal>> {
  const isolated = steps.find((step) => step.isolated !== undefined);
  if (isolated === undefined && !steps.some(isRecorded)) return ok(undefined);
  const also = `Or say \`undo: never\` on the steps that may write${resumed ? ', and use `--updated`' : ''}.`;
  // That there is a `.git` is known by now, and no more than that.
  if (workspace === undefined) {
    const { message, help } = await whyNoRoot(place.root, runGit, env);
    return refuse(message, isolated === undefined ? `${help} ${also}` : help);
  }
  const placed = await placeForSteps(steps, workspace);
  if (!placed.ok) return placed;
  const fit = await workspace.check();
  if (fit.ok) return fit;
  // A step with a tree of its own is recorded in any case.
  return refusal(isolated === undefined ? adviseUnrecordable(fit.error, { also }) : fit.error);
}

/** Refused where a step that is isolated would have no place. */
export async function placeForSteps(
  steps: readonly Step[],
  workspace: GitWorkspace | undefined,
): Promise<Result<undefined, Refusal>> {
  if (workspace === undefined || steps.every((step) => step.isolated === undefined)) return ok(undefined);
  const home = await workspace.homeOfWorktrees();
  return home.ok ? ok(undefined) : refusal(home.error);
}

/** Whether a step's attempts are recorded in the shared tree, so that it must be one that can be. */
export function isRecorded(step: Step): boolean {
  return isWriter(step) && step.undo;
}

function refusal({ message, help }: Failure): Result<never, Refusal> {
  return err({ message, ...(help === undefined ? {} : { help }) });
}

/** Says whether a repository is one in which some steps can be run, before any of them is. */
import { runGit } from '../engines/process.ts';
import { adviseUnrecordable, type Failure } from '../model/failure.ts';
import type { Plan } from '../model/plan.ts';
import { err, ok, type Result } from '../model/result.ts';
import { allSteps, isWriter, type Step, type Workflow } from '../model/workflow.ts';
import { whyNoRoot } from '../workspace/root.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';
import type { Place } from './place.ts';
import { type Refusal, refuse } from './refusal.ts';

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

/** Refused where what the steps change could not be recorded, or a step that is isolated would have no place. */
export async function fitForSteps(
  place: Place,
  steps: readonly Step[],
  workspace: GitWorkspace | undefined,
  env: NodeJS.ProcessEnv,
  resumed = false,
): Promise<Result<undefined, Refusal>> {
  const isolated = steps.find((step) => step.isolated !== undefined);
  if (isolated === undefined && !steps.some(recorded)) return ok(undefined);
  const also = `Or say \`undo: never\` on the steps that may write${resumed ? ', and use `--updated`' : ''}.`;
  // That there is a `.git` is known by now, and no more than that.
  if (workspace === undefined) {
    const { message, help } = await whyNoRoot(place.root, runGit, env);
    return refuse(message, isolated === undefined ? `${help} ${also}` : help);
  }
  if (isolated !== undefined) {
    const home = await workspace.homeOfWorktrees();
    if (!home.ok) return refusal(home.error);
  }
  const fit = await workspace.check();
  if (fit.ok) return fit;
  // A step with a tree of its own is recorded in any case.
  return refusal(isolated === undefined ? adviseUnrecordable(fit.error, { also }) : fit.error);
}

/** Whether a step's attempts are recorded in the shared tree, so that it must be one that can be. */
function recorded(step: Step): boolean {
  return isWriter(step) && step.undo;
}

function refusal({ message, help }: Failure): Result<never, Refusal> {
  return err({ message, ...(help === undefined ? {} : { help }) });
}

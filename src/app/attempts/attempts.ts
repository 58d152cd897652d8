/** Decides who makes an attempt: the shell, an engine, or a recording. */
import os from 'node:os';
import { MARK_VARIABLE } from '../../engines/mark.ts';
import type { Masker } from '../../engines/mask.ts';
import { readyEngines, runGit } from '../../engines/process.ts';
import type { AgentAttempt } from '../../engines/recorded.ts';
import { shellAttempt } from '../../engines/shell.ts';
import type { Plan } from '../../model/plan.ts';
import type { Attempt, Hear, Job, Outcome, PromptJob, RunJob, Stop } from '../../model/ports.ts';
import { withBodies } from '../../model/workflow.ts';
import { StateError } from '../../state/problem.ts';
import { stepDirectory } from '../../state/transcripts.ts';
import type { WorktreeTools } from '../../workspace/isolate.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { maskedValues } from '../facts.ts';
import type { Execution } from '../runs/execution.ts';
import { flagsOf } from '../runs/record.ts';
import { type AttemptHosts, startAttemptHosts } from './attempt-hosts.ts';
import { ignoredArtifacts, putArtifacts } from './recorded-files.ts';
import { markOf, type ShellSettings, shellDeps } from './shell-settings.ts';

/**
 * Makes the one function that the run is handed. Engines are loaded when the first agent is asked.
 * @param settled resolves when the disk has every milestone so far
 * @param hosts make the attempts of `run` steps where there are any, and ready
 */
export function makeAttempt(
  e: Execution,
  masker: Masker | undefined,
  settled: () => Promise<void>,
  hosts: AttemptHosts | undefined,
): Attempt {
  const settings = shellSettings(e);
  const mark = (job: Job): string => markOf(settings, job);
  const outputFile = ({ run, step, attempt }: RunJob): string => e.state.outputFile(run, step, attempt);
  const here = shellAttempt(shellDeps(settings, masker, outputFile));
  let prepared = hosts === undefined;
  const shell = (job: RunJob, hear: Hear, stop: Stop): Promise<Outcome> => {
    // The directory is made, and cleared, once and here: a host would take away what another one's step has written.
    if (!prepared) outputFile(job);
    prepared = true;
    return hosts?.make(job, hear, stop) ?? here(job, hear, stop);
  };
  let agents: Promise<AgentAttempt> | undefined;
  return async (job, hear, stop) => {
    try {
      if (job.kind === 'run') return await shell(job, hear, stop);
      // What an agent does costs money and changes files: that it was started must survive a power cut too.
      await settled();
      agents ??= makeAgentAttempt(e, masker, mark);
      return await (await agents)(job, hear, stop);
    } catch (error) {
      // The state directory has no place for what the attempt needs there: trouble with the world, and no defect of ours.
      if (!(error instanceof StateError)) throw error;
      return { ok: false, failure: { reason: 'internal', message: error.message }, values: {} };
    }
  };
}

/** Starts what makes attempts beside the runner, where so many `run` steps are left that it pays. */
export function startHosts(e: Execution, parallel: number): AttemptHosts | undefined {
  const planned = e.plan.steps.flatMap(({ step, leftOut }) => (leftOut ? [] : withBodies([step])));
  const all = planned.filter(({ kind }) => kind === 'run').length;
  const done = e.history.filter(({ type }) => type === 'step-succeeded').length;
  return startAttemptHosts(e.record.id, shellSettings(e), { steps: all - done, parallel });
}

/** Loads what attempts of agents need, where the plan has any; an error is that of the first attempt. */
export function readyAgents({ steps }: Plan): void {
  const planned = steps.flatMap(({ step, leftOut }) => (leftOut ? [] : withBodies([step])));
  if (!planned.some(({ kind }) => kind === 'prompt')) return;
  Promise.all([import('../engines/agents.ts'), readyEngines()]).catch(() => undefined);
}

function shellSettings(e: Execution): ShellSettings {
  const outer = e.env[MARK_VARIABLE];
  return {
    root: e.place.root,
    environ: Object.fromEntries(
      Object.entries(e.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    secrets: e.workflow.secrets.map(({ name }) => name),
    masked: maskedValues(e.variables, e),
    tmp: os.tmpdir(),
    state: e.state.directory,
    epoch: e.lease.epoch,
    ...(outer === undefined ? {} : { outer }),
  };
}

async function makeAgentAttempt(
  e: Execution,
  masker: Masker | undefined,
  mark: (job: Job) => string,
): Promise<AgentAttempt> {
  const { record, replay } = flagsOf(e.record);
  const { workspace } = e;
  const common = {
    name: stepDirectory,
    ...(masker === undefined ? {} : { masker }),
    paths: { workspace: e.place.root, home: e.env['HOME'] || os.homedir() },
  };
  if (replay !== undefined) {
    const [{ replaying }, { compareTexts }] = await Promise.all([
      import('../../engines/replay.ts'),
      import('../../workspace/compare.ts'),
    ]);
    return replaying(replay, {
      ...common,
      ...(workspace === undefined
        ? {}
        : { applyPatch: (patch: Uint8Array, job: PromptJob) => treeOf(workspace, job).applyPatch(patch) }),
      putFiles: (directory, job) => putArtifacts(directory, job.root ?? e.place.root),
      diff: (recorded, asked) => compareTexts(recorded, asked, runGit, e.env),
    });
  }
  const { makeAgents } = await import('../engines/agents.ts');
  const agents = await makeAgents(e, masker, mark);
  if (record === undefined) return agents;
  const { recording } = await import('../../engines/record.ts');
  if (workspace === undefined) return recording(record, agents, common);
  return recording(record, agents, {
    ...common,
    alsoLeft: (job) => ignoredArtifacts(workspace, e.place, job),
    watchTree: (job) => treeOf(workspace, job).watch(job.run, `${job.step}.${job.attempt}.asked`),
  });
}

/** The tree that an attempt works in. A worktree that is not open is a defect of ours. */
function treeOf(workspace: GitWorkspace, { root, step }: PromptJob): WorktreeTools {
  if (root === undefined) return workspace;
  const own = workspace.worktree(root);
  if (own === undefined) throw new Error(`the worktree of ${step} is not open: ${root}`);
  return own;
}

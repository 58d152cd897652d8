/** Decides who makes an attempt: the shell, an engine, or a recording. */
import os from 'node:os';
import { MARK_VARIABLE, makeMark } from '../engines/mark.ts';
import type { Masker } from '../engines/mask.ts';
import { runGit } from '../engines/process.ts';
import type { AgentAttempt } from '../engines/recorded.ts';
import { shellAttempt } from '../engines/shell.ts';
import type { Attempt, Job } from '../model/ports.ts';
import { StateError } from '../state/problem.ts';
import { stepDirectory } from '../state/transcripts.ts';
import type { Execution } from './execution.ts';
import { flagsOf } from './record.ts';

/**
 * Makes the one function that the run is handed. Engines are loaded when the first agent is asked.
 * @param settled resolves when the disk has every milestone so far
 */
export function makeAttempt(e: Execution, masker: Masker | undefined, settled: () => Promise<void>): Attempt {
  const mark = (job: Job): string =>
    makeMark(e.env[MARK_VARIABLE], {
      run: job.run,
      epoch: e.lease.epoch,
      directory: stepDirectory(job.step, job.attempt),
    });
  const masked = masker === undefined ? {} : { masker };
  const shell = shellAttempt({
    root: e.place.root,
    environ: e.env,
    secrets: e.workflow.secrets.map(({ name }) => name),
    tmp: os.tmpdir(),
    ...masked,
    transcript: (job) => {
      const files = e.state.openTranscript(job.run, job.step, job.attempt);
      return {
        write: (stream, bytes) => {
          files.write(`${stream}.log`, bytes);
          const problem = files.problem();
          if (problem !== undefined) throw new Error(problem);
        },
        close: () => files.close(),
      };
    },
    outputFile: (job) => e.state.outputFile(job.run, job.step, job.attempt),
    mark,
  });
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
    paths: { workspace: e.place.root, home: os.homedir() },
  };
  if (replay !== undefined) {
    const [{ replaying }, { compareTexts }] = await Promise.all([
      import('../engines/replay.ts'),
      import('../workspace/compare.ts'),
    ]);
    return replaying(replay, {
      ...common,
      ...(workspace === undefined ? {} : { applyPatch: workspace.applyPatch }),
      diff: (recorded, asked) => compareTexts(recorded, asked, runGit, e.env),
    });
  }
  const { makeAgents } = await import('./agents.ts');
  const agents = makeAgents(e, masker, mark);
  if (record === undefined) return agents;
  const { recording } = await import('../engines/record.ts');
  if (workspace === undefined) return recording(record, agents, common);
  return recording(record, agents, {
    ...common,
    watchTree: (job) => workspace.watch(job.run, `${job.step}.${job.attempt}.asked`),
  });
}

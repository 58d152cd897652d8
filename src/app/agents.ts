/** Gives each engine its dialect. */
import os from 'node:os';
import { agentEngine } from '../engines/agent.ts';
import { dialectOf } from '../engines/dialects/dialects.ts';
import type { Masker } from '../engines/mask.ts';
import type { AgentAttempt } from '../engines/recorded.ts';
import type { Engine, Job } from '../model/ports.ts';
import { validateAnswer } from '../workflow/answer.ts';
import { CLOCK } from './clock.ts';
import type { Execution } from './execution.ts';
import { modelMeant } from './model-names.ts';

/** Makes the attempts of `prompt` steps with the engines of this machine. */
export function makeAgents(
  e: Execution,
  masker: Masker | undefined,
  mark: (job: Job) => string,
): AgentAttempt {
  const { engines } = e.config;
  const made = new Map<string, Engine>();
  return (job, hear, stop) => {
    let engine = made.get(job.engine);
    if (engine === undefined) {
      const dialect = dialectOf(job.engine);
      if (dialect === undefined)
        throw new Error(`a step was planned for ${job.engine}, which has no dialect`);
      engine = agentEngine(dialect, {
        root: e.place.root,
        environ: e.env,
        secrets: e.workflow.secrets.map(({ name }) => name),
        tmp: os.tmpdir(),
        config: engines[job.engine] ?? {},
        clock: CLOCK,
        validate: validateAnswer,
        modelMeant: (asked, said) => modelMeant(e, asked, said),
        ...(masker === undefined ? {} : { masker }),
        transcript: ({ run, step, attempt }) => e.state.openTranscript(run, step, attempt),
        mark,
      });
      made.set(job.engine, engine);
    }
    return engine.attempt(job, hear, stop);
  };
}

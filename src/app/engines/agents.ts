/** Gives each engine its dialect. */
import os from 'node:os';
import { agentEngine } from '../../engines/agent.ts';
import { declaredDialect, startOf } from '../../engines/dialects/declared.ts';
import type { AnyDialect } from '../../engines/dialects/dialect.ts';
import { dialectOf } from '../../engines/dialects/dialects.ts';
import type { Masker } from '../../engines/mask.ts';
import type { compilePattern } from '../../engines/patterns.ts';
import type { AgentAttempt } from '../../engines/recorded.ts';
import { versionMemory } from '../../engines/version-memory.ts';
import type { Config, EngineConfig } from '../../model/config.ts';
import type { Engine, Job } from '../../model/ports.ts';
import { validateAnswer } from '../../workflow/answer.ts';
import { CLOCK } from '../clock.ts';
import type { Execution } from '../runs/execution.ts';
import { modelMeant } from './model-names.ts';

/** Makes the attempts of `prompt` steps with the engines of this machine. */
export async function makeAgents(
  e: Execution,
  masker: Masker | undefined,
  mark: (job: Job) => string,
): Promise<AgentAttempt> {
  const { engines } = e.config;
  const compile = await patternsFor(engines);
  const made = new Map<string, Engine>();
  const versions = versionMemory(e.env);
  return (job, hear, stop) => {
    let engine = made.get(job.engine);
    if (engine === undefined) {
      const configured = Object.hasOwn(engines, job.engine) ? (engines[job.engine] ?? {}) : {};
      const { dialect, config } = ready(job.engine, configured, compile);
      engine = agentEngine(dialect, {
        root: e.place.root,
        environ: e.env,
        secrets: e.workflow.secrets.map(({ name }) => name),
        tmp: os.tmpdir(),
        config,
        clock: CLOCK,
        validate: validateAnswer,
        modelMeant: (asked, said) => modelMeant(e, asked, said),
        ...(masker === undefined ? {} : { masker }),
        ...(versions === undefined ? {} : { versions }),
        transcript: ({ run, step, attempt }) => e.state.openTranscript(run, step, attempt),
        mark,
      });
      made.set(job.engine, engine);
    }
    return engine.attempt(job, hear, stop);
  };
}

type Compile = typeof compilePattern;

/** Most engines have no patterns of their own, and the runs that use them do not wait for what compiles these. */
async function patternsFor(engines: Config['engines']): Promise<Compile | undefined> {
  const some = Object.values(engines).some(({ declared }) => (declared?.failure ?? []).length > 0);
  return some ? (await import('../../engines/patterns.ts')).compilePattern : undefined;
}

/** The dialect with all that it takes to make attempts. */
function ready(
  name: string,
  config: EngineConfig,
  compile: Compile | undefined,
): { readonly dialect: AnyDialect; readonly config: EngineConfig } {
  const dialect = dialectOf(name, { [name]: config });
  if (dialect === undefined) throw new Error(`a step was planned for ${name}, which has no dialect`);
  const { declared } = config;
  if (declared === undefined) return { dialect, config };
  const fits = (declared.failure ?? []).map(({ match }) => {
    const compiled = compile?.(match);
    if (compiled?.ok !== true)
      throw new Error(`${match} was not found wrong in the configuration of ${name}`);
    return compiled.value;
  });
  return { dialect: declaredDialect(name, config, fits), config: startOf(config) };
}

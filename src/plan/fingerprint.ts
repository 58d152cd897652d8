/** Says what the fingerprint of an execution is made of. */
import type { Job } from '../model/ports.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Isolated } from '../model/workflow.ts';

/** Changes with what is put into fingerprints: what an older program stored is never found then. */
const VERSION = 1;

/** What the machine adds to what a job says. */
export interface Around {
  /** The contents of the input files. */
  readonly inputs: Json;
  /** Variables of the caller that the step names; null for one that is not set. */
  readonly callerEnv: Readonly<Record<string, string | null>>;
  /** Where shell commands run: `linux-x64`. */
  readonly platform: string;
  /** How the engine is reached. */
  readonly engine: Json;
  readonly isolated?: Isolated;
}

/** What a job is called in the file, where it is called otherwise there. */
const KEYS: Readonly<Record<string, string>> = {
  script: 'run',
  cwd: 'working-directory',
  maxTurns: 'max-turns',
  schema: 'output',
};

/**
 * Everything that decides what an attempt comes to, as far as it is known before: by the keys of the file. Values of secrets are left
 * out, their names are not.
 */
export function fingerprintParts(job: Job, around: Around): ReadonlyMap<string, Json> {
  const parts = new Map<string, Json>([['version', VERSION]]);
  // Which attempt it is, where it works, and how long silence is borne, changes no answer.
  const { run: _, step, attempt: __, root: ___, env, secretNames, ...rest } = job;
  for (const [name, value] of Object.entries(rest)) {
    if (name !== 'idleTimeoutMs' && name !== 'engine') parts.set(KEYS[name] ?? name, value as Json);
  }
  const open = Object.entries(env).filter(([name]) => !secretNames.includes(name));
  const values: JsonObject = { ...around.callerEnv, ...Object.fromEntries(open) };
  parts.set('env', values);
  if (secretNames.length > 0) parts.set('secrets', [...secretNames].sort());
  if (job.kind === 'run') parts.set('platform', around.platform);
  else {
    parts.set('engine', { name: job.engine, reached: around.engine });
    // Four candidates of one prompt are asked for because their answers differ; so is another iteration.
    const instance = (step.match(/\[[^\]]*\]/g) ?? []).join('');
    if (instance !== '') parts.set('instance', instance);
  }
  const { onConflict: ____, ...isolated } = around.isolated ?? {};
  if (around.isolated !== undefined) parts.set('workspace', isolated as JsonObject);
  parts.set('inputs', around.inputs);
  return parts;
}

/** Turns what a test writes for a step into the end of an attempt. */
import { lstatSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AttemptValues, Usage } from '../../model/event.ts';
import { NO_USAGE } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import type { Hear, Outcome, PromptJob, RunJob } from '../../model/ports.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import type { OutputType } from '../../model/workflow.ts';
import { validateAnswer } from '../../workflow/answer.ts';
import { durationMs } from '../../workflow/scalars.ts';
import type { WrittenAnswer, WrittenFiles, WrittenResult } from '../../workflow/test-file.ts';
import { lies } from '../files.ts';
import type { Trouble } from './stage.ts';

type Tell = (one: Trouble) => void;

/** What an agent's answer needs of its surroundings. */
interface AgentScene {
  readonly root: string;
  readonly hear: Hear;
  readonly trouble: Tell;
  readonly now: () => number;
}

/** Ends an attempt as the agent would have: its files written, its session named, its answer checked. */
export function agentOutcome(job: PromptJob, written: WrittenAnswer, scene: AgentScene): Outcome {
  const { text, output, files, session, failure } = written;
  if (files !== undefined && job.access === 'read') {
    const help = 'give the step `access: write`, or take `files` out of the answer';
    scene.trouble({
      step: job.step,
      message: `${job.step} may only read, and its answer writes files`,
      help,
    });
  }
  const trouble = writeFiles(job.root ?? scene.root, files ?? {});
  if (trouble !== undefined) scene.trouble({ step: job.step, message: `${job.step}: ${trouble}` });
  const opened = session ?? job.session?.id ?? `test-${job.step}.${job.attempt}`;
  scene.hear.session(opened);
  const values: AttemptValues = {
    'duration-ms': 0,
    ...(text === undefined ? {} : { text }),
    usage: usageOf(written.usage),
    engine: job.engine,
    ...(job.model === undefined ? {} : { model: job.model }),
    session: opened,
  };
  if (failure !== undefined) return { ok: false, failure: failureOf(failure, scene.now()), values };
  if (job.schema === undefined) {
    if (output !== undefined) {
      const help = 'give the step a schema under `output`, or write the answer as `text`';
      scene.trouble({
        step: job.step,
        message: `${job.step} asks for no \`output\`, and its answer has one`,
        help,
      });
    }
    return { ok: true, values };
  }
  const problems = output === undefined ? ['the test says no `output`'] : validateAnswer(job.schema, output);
  if (problems.length === 0 && output !== undefined) return { ok: true, values: { ...values, output } };
  const message = `the answer does not fit its schema: ${problems.join('; ')}`;
  return { ok: false, failure: { reason: 'output', message }, values };
}

/** An answer that says nothing of it spends nothing: somebody wrote it down. */
function usageOf(written: WrittenAnswer['usage']): Usage {
  return written === undefined ? NO_USAGE : { ...NO_USAGE, usd: null, ...written };
}

/** Dates end somewhere, and ten years are never waited for. */
const LATEST_MS = 10 * 365 * 86_400_000;

function failureOf(written: NonNullable<WrittenAnswer['failure']>, now: number): Failure {
  const after = durationMs(written['retry-after'] ?? '');
  return {
    reason: written.reason,
    message: written.message ?? `the test lets it fail (${written.reason})`,
    ...(after === undefined ? {} : { 'retry-at': new Date(now + Math.min(after, LATEST_MS)).toISOString() }),
  };
}

/** Ends an attempt of a command that is not executed. */
export function runOutcome(job: RunJob, written: WrittenResult, root: string, tell: Tell): Outcome {
  const { stdout = '', stderr = '', outputs = {}, files = {} } = written;
  const code = written['exit-code'] ?? 0;
  const trouble = writeFiles(job.root ?? root, files);
  if (trouble !== undefined) tell({ step: job.step, message: `${job.step}: ${trouble}` });
  const given = typed(job, outputs, tell);
  const values: AttemptValues = {
    ...{ 'duration-ms': 0, 'exit-code': code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() },
    ...(Object.keys(given).length === 0 ? {} : { outputs: given }),
  };
  if (code === 0) return { ok: true, values };
  const last = (stderr.trimEnd() || stdout.trimEnd()).split('\n').at(-1) ?? '';
  const message = last === '' ? `exit code ${code}, and it said nothing` : `exit code ${code}: ${last}`;
  return { ok: false, failure: { reason: 'exit-code', message, 'exit-code': code }, values };
}

/** Outputs as the step declares them. */
function typed({ step, outputs: types }: RunJob, given: JsonObject, tell: Tell): JsonObject {
  const pairs = Object.entries(given).map(([name, value]): [string, Json] => {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) {
      const declared = Object.keys(types);
      const help =
        declared.length === 0
          ? 'it declares none'
          : `declared are ${declared.map((one) => `\`${one}\``).join(', ')}`;
      tell({ step, message: `${step} declares no output \`${name}\``, help });
      return [name, value];
    }
    if (fits(type, value)) return [name, value];
    if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
      return [name, String(value)];
    tell({
      step,
      message: `the output \`${name}\` of ${step} is a ${type}, and the test gives another value`,
    });
    return [name, value];
  });
  return Object.fromEntries(pairs);
}

function fits(type: OutputType, value: Json): boolean {
  return type === 'json' || typeof value === type;
}

/** Writes files below a root, and never outside of it: a link may stand in the way. A sentence where that cannot be. */
export function writeFiles(root: string, files: WrittenFiles): string | undefined {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    try {
      if (content !== null) mkdirSync(path.dirname(file), { recursive: true });
      if (!lies(realpathSync(root), realpathSync(path.dirname(file))))
        return `${name} leads out of the workspace`;
      const before = lstatSync(file, { throwIfNoEntry: false });
      rmSync(file, { force: true });
      // A script stays one that can be executed.
      if (content !== null)
        writeFileSync(file, content, before?.isFile() === true ? { mode: before.mode & 0o777 } : {});
    } catch (error) {
      return `${name} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
    }
  }
  return undefined;
}

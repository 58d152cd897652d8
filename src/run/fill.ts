/** Fills in a step's templates, so that an attempt of it can be made. */
import type { Template } from '../model/expression.ts';
import { literalText } from '../model/expression.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { Job, PromptJob } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { PromptStep, Step } from '../model/workflow.ts';
import type { Running } from './running.ts';
import { fill, fillEnv, withContext } from './scope.ts';
import type { SessionBefore } from './session.ts';

/** The attempt that a job is for. */
export interface Filled {
  readonly key: StepKey;
  readonly attempt: number;
  readonly engine?: string;
  readonly session?: Pick<SessionBefore, 'id' | 'fork'>;
}

/** Makes the job of one attempt. A failure is final: the same expressions would fail again. */
export function fillJob(
  run: Running,
  step: Step,
  { key: ofStep, attempt, engine, session }: Filled,
  scope: Scope,
): Result<Job, Failure> {
  const env = fillEnv(run, step, scope);
  if (!env.ok) return err(condition(step, env.error));
  const seen = withContext(scope, 'env', env.value.visible);
  const text = (key: string, template: Template | undefined): Result<string, Failure> => {
    if (template === undefined) return ok('');
    const filled = fill(run, template, seen);
    if (!filled.ok) return err(condition(step, `${key}: ${filled.error}`));
    return ok(run.input.ports.toText(filled.value));
  };
  const cwd = text('working-directory', step.workingDirectory);
  if (!cwd.ok) return cwd;
  const artifacts = promises(step, text);
  if (!artifacts.ok) return artifacts;
  const common = {
    run: run.input.run,
    step: ofStep,
    attempt,
    cwd: cwd.value,
    env: env.value.values,
    secretNames: env.value.secretNames,
    ...artifacts.value,
  };
  if (step.kind === 'run') {
    const script = text('run', step.script);
    if (!script.ok) return script;
    const shell = step.shell === undefined ? {} : { shell: step.shell };
    return ok({ ...common, kind: 'run', script: script.value, ...shell, outputs: step.outputs });
  }
  if (step.kind !== 'prompt') throw new Error(`\`${step.id}\` starts nothing itself`);
  const prompt = text('prompt', step.prompt);
  if (!prompt.ok) return prompt;
  if (prompt.value.trim() === '') return err(blank(step));
  const system = text('system', step.system);
  if (!system.ok) return system;
  const model = text('model', step.model);
  if (!model.ok) return model;
  if (model.value.startsWith('-') && step.model !== undefined && literalText(step.model) === undefined) {
    return err({
      reason: 'config',
      message: `model of \`${step.id}\` became ${JSON.stringify(model.value)}, which an engine would read as an option`,
      help: 'give the name of a model',
    });
  }
  return ok({
    ...common,
    ...agentKeys(step),
    engine: engine ?? step.engines[0] ?? '',
    ...(session === undefined ? {} : { session: { id: session.id, fork: session.fork } }),
    ...(model.value === '' ? {} : { model: model.value }),
    ...(system.value === '' ? {} : { system: system.value }),
    prompt: withoutCommand(step.prompt, prompt.value),
  });
}

/** Engines make of nothing what they like, a new task or an old one, and are paid for it. */
function blank({ id, prompt }: PromptStep): Failure {
  const expressions = prompt.parts.flatMap((part) =>
    typeof part === 'string' ? [] : [`\`${part.text.trim()}\``],
  );
  const [last = '', ...others] = expressions.toReversed();
  const named = others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
  const gave = last === '' ? '' : `: ${named} gave nothing`;
  return {
    reason: 'config',
    message: `the prompt of \`${id}\` came out empty${gave}`,
    help: `give it a value, write words around it, or leave the step out then, with \`if\``,
  };
}

/** The globs of what is promised, filled in. */
function promises(
  { artifacts = [] }: Step,
  text: (key: string, template: Template) => Result<string, Failure>,
): Result<Pick<Job, 'artifacts'>, Failure> {
  const globs: string[] = [];
  for (const template of artifacts) {
    const filled = text('artifacts', template);
    if (!filled.ok) return filled;
    globs.push(filled.value);
  }
  return ok(globs.length === 0 ? {} : { artifacts: globs });
}

/**
 * Engines read a prompt that begins with `/` as a command of theirs, which may stand in a file of the repository and open tools
 * of its own. Only the author names one: where the name holds data, a line break makes it the text that it is.
 */
function withoutCommand({ parts }: Template, prompt: string): string {
  const [head = ''] = parts;
  const written = typeof head === 'string' && (parts.length === 1 || /\s/.test(head));
  return prompt.startsWith('/') && !written ? `\n${prompt}` : prompt;
}

type AgentKeys = Pick<PromptJob, 'kind' | 'access' | 'idleTimeoutMs'> &
  Partial<Pick<PromptJob, 'effort' | 'network' | 'tools' | 'mcp' | 'maxTurns' | 'schema'>>;

function agentKeys(step: PromptStep): AgentKeys {
  return {
    kind: 'prompt',
    access: step.access,
    idleTimeoutMs: step.idleTimeoutMs,
    ...(step.effort === undefined ? {} : { effort: step.effort }),
    ...(step.network === undefined ? {} : { network: step.network }),
    ...(step.tools === undefined ? {} : { tools: step.tools }),
    ...(step.mcp === undefined ? {} : { mcp: step.mcp }),
    ...(step.maxTurns === undefined ? {} : { maxTurns: step.maxTurns }),
    ...(step.output === undefined ? {} : { schema: step.output }),
  };
}

/** The failure of an expression. */
export function condition(step: Step, message: string): Failure {
  return { reason: 'condition', message: `\`${step.id}\`: ${message}` };
}

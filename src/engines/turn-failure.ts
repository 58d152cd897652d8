/** Says why a turn of an agent failed that its engine has no word for. */
import type { Failure } from '../model/failure.ts';
import type { PromptJob } from '../model/ports.ts';
import type { AgentDeps } from './agent.ts';
import type { Silence } from './agent-idle.ts';
import type { ProcessEnd, SpawnError } from './child.ts';
import type { AnyDialect, Reader } from './dialects/dialect.ts';
import { configuredHelp, notFoundTrouble, refusedTrouble } from './not-started.ts';

/** Whose turn it was. */
interface EngineOf {
  readonly dialect: AnyDialect;
  readonly deps: AgentDeps;
}

/** Why a turn failed that was stopped; undefined where it was not. */
export function stopFailure(
  job: PromptJob,
  end: ProcessEnd,
  silence: Silence | undefined,
  reader: Reader,
): Failure | undefined {
  if (silence === 'lingers') return undefined;
  if (silence === 'idle') {
    const seconds = Math.round(job.idleTimeoutMs / 100) / 10;
    return (
      reader.trouble() ?? {
        reason: 'idle-timeout',
        message: `stopped after ${seconds} s without a sign of life`,
        help: 'raise `idle-timeout` if the engine needs longer to think',
      }
    );
  }
  if (end.stopped === 'timeout') {
    const message = 'stopped when its `timeout` was up';
    const trouble = reader.trouble();
    // It did nothing but try again: a longer time would have helped nobody.
    if (trouble !== undefined)
      return { ...trouble, message: `${message}, as nothing but this came of it: ${trouble.message}` };
    return { reason: 'timeout', message };
  }
  if (end.stopped !== undefined) return { reason: 'interrupted', message: 'stopped before it had ended' };
  return undefined;
}

/** Why the engine's program could not be started. */
export function notStarted(turns: EngineOf, found: string | undefined, error: SpawnError): Failure {
  const { deps, dialect } = turns;
  const { message, help } =
    found === undefined
      ? notFoundTrouble(dialect, deps.config, deps.root)
      : refusedTrouble(found, deps.config, dialect, error);
  const named = `${dialect.name}: ${message}`;
  return { reason: 'spawn', message: deps.masker?.text(named) ?? named, help };
}

/** A variable that the engine's words name, that is set here and that it did not get. */
function keptBack(
  words: string,
  environ: AgentDeps['environ'],
  handed: Readonly<Record<string, string>>,
): string | undefined {
  const names = words.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? [];
  return names.find((name) => (environ[name] ?? '') !== '' && (handed[name] ?? '') === '');
}

/** How a variable of the user's comes to an engine that does not get it by itself. */
export function passAdvice(name: string, engine: string): string {
  return `\`${name}\` is set here and not handed on: write \`engines: { ${engine}: { pass: [${name}] } }\` into \`~/.config/codemachine/config.yml\``;
}

/** The engine's own advice is about the program that it installs, which a configured one is not. */
export function advised(
  failure: Failure,
  { dialect, deps }: EngineOf,
  { model }: PromptJob,
  handed: Readonly<Record<string, string>>,
): Failure {
  if (failure.reason === 'auth') {
    const kept = keptBack(failure.message, deps.environ, handed);
    return kept === undefined ? failure : { ...failure, help: passAdvice(kept, dialect.name) };
  }
  if (failure.reason === 'model' && model !== undefined) {
    const meant = deps.modelMeant?.(model, failure.message);
    return meant === undefined
      ? failure
      : { ...failure, help: `${meant} Else ${failure.help ?? 'name another one'}` };
  }
  if (failure.reason !== 'spawn') return failure;
  const help = configuredHelp(dialect, deps.config, deps.root);
  return help === undefined ? failure : { ...failure, help };
}

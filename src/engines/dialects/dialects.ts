/** Lists the engines that have a dialect. */
import type { Config } from '../../model/config.ts';
import type { PromptJob } from '../../model/ports.ts';
import type { JsonObject } from '../../model/result.ts';
import type { Access, Effort } from '../../model/workflow.ts';
import { aider } from './aider.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { declaredDialect } from './declared.ts';
import type { AnyDialect, Dialect, PromptKey } from './dialect.ts';
import { gemini } from './gemini.ts';
import { goose } from './goose.ts';
import { opencode } from './opencode.ts';

/** By the name that workflows use. */
export const DIALECTS: readonly Dialect[] = [claudeCode, codex, aider, opencode, gemini, goose];

/** The engines of a configuration. */
export type Engines = Config['engines'];

/** The dialect of that name: a built-in one, or one that the configuration declares. */
export function dialectOf(engine: string, engines: Engines): AnyDialect | undefined {
  const builtIn = DIALECTS.find(({ name }) => name === engine);
  if (builtIn !== undefined || !Object.hasOwn(engines, engine)) return builtIn;
  const config = engines[engine];
  return config?.declared === undefined ? undefined : declaredDialect(engine, config);
}

/** Every engine that can be used: the built-in ones, then those that the configuration declares. */
export function dialectsWith(engines: Engines): readonly AnyDialect[] {
  const declared = Object.entries(engines).flatMap(([name, config]) =>
    config.declared === undefined ? [] : [declaredDialect(name, config)],
  );
  return [...DIALECTS, ...declared];
}

/** What a `prompt` step asks of its engine; a `PromptStep` is one. */
export interface Wishes {
  readonly access: Access;
  readonly model?: unknown;
  readonly effort?: Effort;
  readonly network?: 'on' | 'off';
  readonly tools?: PromptJob['tools'] | undefined;
  readonly mcp?: PromptJob['mcp'] | undefined;
  readonly maxTurns?: number;
  readonly system?: unknown;
  readonly output?: JsonObject;
  readonly session?: unknown;
  /** There where the step works in a tree of its own. */
  readonly isolated?: unknown;
  /** Whether its session began in another directory. */
  readonly elsewhere?: boolean;
}

/** The keys of the step that this engine cannot honour, as the file spells them. */
export function cannotHonour(dialect: AnyDialect, wishes: Wishes): readonly PromptKey[] {
  const { capabilities } = dialect;
  const wanted: readonly (readonly [PromptKey, unknown])[] = [
    ['tools', wishes.tools],
    ['mcp', wishes.mcp],
    ['system', wishes.system],
    ['max-turns', wishes.maxTurns],
    ['output', wishes.output],
    ['session', wishes.session],
    ['fork', branchesOff(wishes.session) ? true : undefined],
  ];
  const keys = wanted.filter(([key, value]) => value !== undefined && !capabilities.keys.includes(key));
  const missing = keys.map(([key]) => key);
  const moves = wishes.session !== undefined && (wishes.isolated !== undefined || wishes.elsewhere === true);
  if (moves && capabilities.sessionStays === true && !missing.includes('session')) missing.push('session');
  if (wishes.effort !== undefined && !capabilities.efforts.includes(wishes.effort)) missing.push('effort');
  if (wishes.model !== undefined && capabilities.choosesModel === false) missing.push('model');
  const { network, access } = wishes;
  if (capabilities.levels?.includes(access) === false) missing.push('access');
  if (network !== undefined && !capabilities.network[access].includes(network)) missing.push('network');
  return missing;
}

/** A writer's attempt branches off what it goes on in too, but a session that is only gone on in can serve it. */
function branchesOff(session: unknown): boolean {
  return typeof session === 'object' && session !== null && 'fork' in session && session.fork === true;
}

/** The engines that can honour everything the step asks for: what the message about one that cannot should name. */
export function enginesFor(wishes: Wishes, engines: Engines): readonly string[] {
  return dialectsWith(engines)
    .filter((dialect) => cannotHonour(dialect, wishes).length === 0)
    .map(({ name }) => name);
}

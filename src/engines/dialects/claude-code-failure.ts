/** Says in our words why Claude Code failed. */
import type { Failure, FailureReason } from '../../model/failure.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import type { ClaudeHeard } from './claude-code-reader.ts';
import { type EngineEnd, failureOf, notFound } from './dialect.ts';
import { countOf, fieldsOf, listOf, textOf } from './event-line.ts';

const HELP: Partial<Record<FailureReason, string>> = {
  spawn: 'see whether `claude --version` works in a terminal, or install it again',
  auth: 'sign in with `claude /login` or `claude setup-token`, or set ANTHROPIC_API_KEY',
  quota: 'wait until the limit is over, add credit, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'give the step more `retry` attempts, or name a second engine to fall back on',
  network: 'check the connection and proxy, and ANTHROPIC_BASE_URL where it is set',
  'context-overflow': 'shorten the prompt, or split the step',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step, or raise CLAUDE_CODE_MAX_OUTPUT_TOKENS in `env`',
  output: 'say in the prompt what the answer should hold, or loosen the schema',
  budget: 'raise `budget`',
  turns: 'raise `max-turns`, or ask for less in one step',
  model: 'name a model that your account may use under `model`',
  denied: 'raise `access`, or list what it may use under `tools.allow`',
  config: 'check the step and the configuration of the engine against this message',
};

/** Statuses with one meaning; a tag of the engine's own, where there is one, is asked before. */
const BY_STATUS: Readonly<Record<number, FailureReason>> = {
  400: 'config',
  401: 'auth',
  402: 'quota',
  403: 'auth',
  404: 'model',
  408: 'network',
  413: 'context-overflow',
  429: 'rate-limit',
};

const BY_TAG: Readonly<Record<string, FailureReason>> = {
  authentication_failed: 'auth',
  billing_error: 'quota',
  max_output_tokens: 'output-cut',
  model_not_found: 'model',
  rate_limit: 'rate-limit',
};

/** Why the turn that closed with `result` failed. @param now milliseconds since the epoch */
export function claudeFailure(heard: ClaudeHeard, result: JsonObject, now: number): Failure {
  const reason = reasonOf(heard, result);
  const words =
    textOf(result.result) ??
    (listOf(result.errors)
      .filter((one) => typeof one === 'string')
      .join('; ') ||
      `ended with ${textOf(result.subtype) ?? 'an error'} (${textOf(result.terminal_reason) ?? 'no reason given'})`);
  const serves = servesAt(heard, reason, now);
  // Beyond what a date can hold (ECMA-262, 21.4.1.1) writing it down would throw.
  const at = serves === undefined ? undefined : new Date(serves);
  const known = at !== undefined && !Number.isNaN(at.getTime());
  return failureOf(reason, words, HELP, known ? { 'retry-at': at.toISOString() } : {});
}

/** When it is said to serve again. What the server wanted it to wait before its last try holds for the next one, too. */
function servesAt(
  { resetsAt, retryMs = 0 }: ClaudeHeard,
  reason: FailureReason,
  now: number,
): number | undefined {
  if (reason === 'quota') return resetsAt === undefined ? undefined : resetsAt * 1000;
  const waits = retryMs > 0 && (reason === 'rate-limit' || reason === 'overloaded');
  return waits ? now + retryMs : undefined;
}

const BY_SUBTYPE: Readonly<Record<string, FailureReason>> = {
  error_max_turns: 'turns',
  error_max_budget_usd: 'budget',
  error_max_structured_output_retries: 'output',
};

function reasonOf(heard: ClaudeHeard, result: JsonObject): FailureReason {
  const subtype = textOf(result.subtype) ?? '';
  const bySubtype = Object.hasOwn(BY_SUBTYPE, subtype) ? BY_SUBTYPE[subtype] : undefined;
  if (bySubtype !== undefined) return bySubtype;
  const how = textOf(result.terminal_reason) ?? '';
  if (how.startsWith('aborted')) return 'signal';
  // Before its first turn it only finds fault with what it was given: an unknown session, a sandbox that is not there.
  if (subtype === 'error_during_execution' && countOf(result.num_turns) === 0) return 'config';
  if (how === 'prompt_too_long') return 'context-overflow';
  if (result.stop_reason === 'refusal') return 'refused';
  if (limitReached(heard, result)) return 'quota';
  const tag = heard.error ?? '';
  const byTag = Object.hasOwn(BY_TAG, tag) ? BY_TAG[tag] : undefined;
  return byTag ?? byStatus(countOf(result.api_error_status)) ?? byWords(tag, textOf(result.result) ?? '');
}

/** A used up plan looks like a rate limit, but minutes do not heal it. */
function limitReached(heard: ClaudeHeard, result: JsonObject): boolean {
  if (heard.error !== undefined && heard.error !== 'rate_limit') return false;
  return (
    heard.resetsAt !== undefined ||
    result.api_error === 'usage_limit_reached' ||
    /^You.ve hit your .*limit/.test(textOf(result.result) ?? '')
  );
}

function byStatus(status: number): FailureReason | undefined {
  return status >= 500 ? 'overloaded' : BY_STATUS[status];
}

/** What has neither a status nor a tag of its own: the connection. */
function byWords(tag: string, words: string): FailureReason {
  if (tag === 'server_error' || /ECONN|ENOTFOUND|ETIMEDOUT|timeout|Connection/i.test(words)) return 'network';
  return 'exit-code';
}

/** What it is waiting for between two tries of a request. */
export function claudeRetryTrouble(event: JsonObject): Failure {
  const status = countOf(event.error_status);
  const words = textOf(event.error) ?? 'the request failed';
  const shown = status === 0 ? words : `${status} ${words}`;
  return failureOf(byStatus(status) ?? 'network', `trying again after: ${shown}`, HELP);
}

/** Nothing was done and nothing said, because everything it tried was denied. */
export function deniedFailure(denials: readonly Json[]): Failure {
  const tools = new Set(denials.map((one) => textOf(fieldsOf(one).tool_name) ?? 'a tool'));
  return failureOf('denied', `ended without an answer after it was denied ${[...tools].join(', ')}`, HELP);
}

/** No model said anything, yet all went well. A prompt like `/cost` or `/clear`, which may come out of data, is answered by the engine itself. */
export function unaskedFailure(prompt: string): Failure {
  if (!prompt.trimStart().startsWith('/')) {
    return failureOf('config', 'ended well without a word of the model', HELP);
  }
  const message =
    'the model was never asked: a prompt that begins with `/` and a command of the engine runs that instead';
  return { ...failureOf('config', message, HELP), help: 'begin the prompt with another letter' };
}

/** Ended by SIGTERM it exits with 143 itself. */
const TERMINATED = 143;

/** Why a process failed that never said how its turn ended, or said so and exited otherwise. */
export function claudeExitFailure(heard: ClaudeHeard, end: EngineEnd): Failure {
  const words = end.stderr.trim() || heard.noise.trim();
  const signal = end.signal ?? (end.exitCode === TERMINATED ? 'SIGTERM' : undefined);
  if (signal !== undefined) {
    return failureOf('signal', `ended by ${signal}${words === '' ? '' : `: ${words}`}`, HELP, { signal });
  }
  const code = end.exitCode ?? 1;
  const more = { 'exit-code': code };
  // It complains about flags, sessions and files before it prints its first event.
  if (heard.events === 0 && code !== 0) {
    const said = words === '' ? 'and said nothing' : `and said: ${words}`;
    const auth = /not logged in|please run \/login|api key/i.test(words);
    return failureOf(
      notFound(code) ? 'spawn' : auth ? 'auth' : 'config',
      `did not start (exit code ${code}) ${said}`,
      HELP,
      more,
    );
  }
  const open = heard.result === undefined || heard.open;
  const how = open ? 'without saying how its turn ended' : 'although it said that all went well';
  return failureOf('exit-code', `exited with ${code} ${how}${words === '' ? '' : `: ${words}`}`, HELP, more);
}

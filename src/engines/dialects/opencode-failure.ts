/** Says in our words why OpenCode failed. */
import type { Failure, FailureReason } from '../../model/failure.ts';
import type { JsonObject } from '../../model/result.ts';
import { type EngineEnd, failureOf, notFound } from './dialect.ts';
import { fieldsOf, textOf } from './event-line.ts';
import { isLogged } from './opencode-log.ts';

const HELP: Partial<Record<FailureReason, string>> = {
  spawn: 'see whether `opencode --version` works in a terminal, or install it again',
  auth: 'sign in with `opencode auth login`, or hand the key of the provider on by `env` in the configuration',
  quota: 'wait until the limit is over, add credit, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'give the step more `retry` attempts, or name a second engine to fall back on',
  network: "check the connection and proxy, and the provider's `baseURL` in opencode.json",
  'context-overflow': 'shorten the prompt, or split the step',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step',
  model:
    'name one of `opencode models` under `model`, as `provider/model`; those of a provider without a key are unknown: `opencode auth login`, or hand its key on by `env`',
  denied: 'raise `access`, or name the tool in `tools.allow`',
  config: 'check the step and the configuration of the engine against this message',
};

/** Words of providers, of the engine and of its runtime, the more telling ones first. */
const BY_WORDS: readonly (readonly [RegExp, FailureReason])[] = [
  [
    /insufficient_quota|exceeded your current quota|usage limit|UsageLimitError|free usage exceeded/i,
    'quota',
  ],
  [/billing|credit balance|out of credits|payment required/i, 'quota'],
  [/context.window|context_length_exceeded|prompt is too long|maximum context/i, 'context-overflow'],
  [/content.?filter|content policy|usage policy/i, 'refused'],
  [
    /model.{0,200}(does not exist|not supported|not found)|(unknown|unsupported) model|model_not_found|model not found/is,
    'model',
  ],
  [
    /invalid_api_key|incorrect api key|invalid x-api-key|api key is missing|unauthorized|not logged in/i,
    'auth',
  ],
  [/rate.?limit|too many requests/i, 'rate-limit'],
  [/overloaded|at capacity|unavailable|internal server error|server had an error|exhausted/i, 'overloaded'],
  [
    /unable to connect|cannot connect|fetch failed|socket|terminated|network|ECONN|ENOTFOUND|timed? ?out|dns|tls/i,
    'network',
  ],
];

function byWords(words: string): FailureReason | undefined {
  return BY_WORDS.find(([sentence]) => sentence.test(words))?.[1];
}

/** What the status of an answer means where its words say nothing nearer. */
function byStatus(status: number, words: string): FailureReason {
  const said = byWords(words);
  if (status === 401 || status === 403) return 'auth';
  if (status === 402) return 'quota';
  if (status === 429) return said === 'quota' ? 'quota' : 'rate-limit';
  if (status >= 500) return 'overloaded';
  if (status === 404) return 'model';
  return said === 'context-overflow' || said === 'refused' || said === 'quota' || said === 'model'
    ? said
    : 'config';
}

/**
 * Why the turn failed.
 * @param error of its last `error` event
 * @param cause what the log says of it, where it only refers to that
 * @param now milliseconds since the epoch
 */
export function opencodeFailure(error: JsonObject, cause: string | undefined, now: number): Failure {
  const data = fieldsOf(error.data);
  const printed = textOf(data.message) ?? textOf(error.message) ?? textOf(error.name) ?? '';
  const message = data.ref === undefined ? printed : (cause?.replace(/^\w+Error: /, '') ?? printed);
  const reason = reasonOf(textOf(error.name) ?? '', data, message);
  return failureOf(reason, message, HELP, retryAt(reason, data, now));
}

function reasonOf(name: string, data: JsonObject, message: string): FailureReason {
  switch (name) {
    case 'ContextOverflowError':
      return 'context-overflow';
    case 'ContentFilterError':
      return 'refused';
    case 'ProviderAuthError':
      return 'auth';
    case 'MessageOutputLengthError':
      return 'output-cut';
    default: {
      const words = `${message}\n${textOf(data.responseBody) ?? ''}`;
      const status = data.statusCode;
      if (typeof status === 'number') return byStatus(status, words);
      return byWords(words) ?? 'exit-code';
    }
  }
}

/** When the provider said that it serves again: in seconds, as a date (RFC 9110, 10.2.3), or as a plan of OpenAI's says it. */
function retryAt(
  reason: FailureReason,
  { responseHeaders, responseBody }: JsonObject,
  now: number,
): Partial<Pick<Failure, 'retry-at'>> {
  if (reason !== 'rate-limit' && reason !== 'quota' && reason !== 'overloaded') return {};
  const headers = fieldsOf(responseHeaders);
  const said = textOf(headers['retry-after']);
  const resets = /"resets_at": ?(\d{9,11})\b/.exec(textOf(responseBody) ?? '')?.[1];
  const time =
    said === undefined
      ? Number(resets ?? textOf(headers['x-codex-primary-reset-at'])) * 1_000
      : /^\d{1,9}$/.test(said)
        ? now + Number(said) * 1_000
        : Date.parse(said);
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? {} : { 'retry-at': date.toISOString() };
}

/** What it is trying again because of, in the words of its log. */
export function opencodeTrouble(words: string): Failure {
  const plain = words.replace(/^AI_\w+: /, '');
  return failureOf(byWords(plain) ?? 'overloaded', plain, HELP);
}

/** Its session belongs to another directory, and it was ended before it changed that one. */
export function elsewhereFailure(directory: string): Failure {
  const help = 'let steps share a session only where they work in the same directory';
  return failureOf('config', `its session goes on only in ${directory}, where it began`, { config: help });
}

/** Nobody approved what it wanted to do, and so it stopped. */
export function rejectedFailure(words: string): Failure {
  return failureOf('denied', `it stopped because nobody could approve: ${words}`, HELP);
}

/** Why a turn failed that ended in good order, but not with an answer. @param reason of its last step */
export function unfinishedFailure(reason: string | undefined): Failure | undefined {
  switch (reason) {
    case 'length':
      return failureOf('output-cut', 'the answer was cut at the longest that the model may write', HELP);
    case 'content-filter':
      return failureOf('refused', "the answer was blocked by the provider's content filter", HELP);
    case 'stop':
      return failureOf(
        'refused',
        'the turn ended without a final message, which is how the model refuses',
        HELP,
      );
    default:
      return undefined;
  }
}

/** Why a process failed that never said how its turn ended, or said so and exited otherwise. */
export function opencodeExitFailure(
  heard: { readonly events: number; readonly finish?: string; readonly noise: string },
  end: EngineEnd,
): Failure {
  const words = spoken(end.stderr) || heard.noise.trim();
  const said = words === '' ? '' : `: ${words}`;
  if (end.signal !== null)
    return failureOf('signal', `ended by ${end.signal}${said}`, HELP, { signal: end.signal });
  const code = end.exitCode ?? 1;
  const more = { 'exit-code': code };
  if (heard.events === 0 && code !== 0) {
    const reason = notFound(code) ? 'spawn' : (byWords(words) ?? 'config');
    return failureOf(reason, `did not start (exit code ${code})${said}`, HELP, more);
  }
  const how =
    heard.finish === 'stop' ? 'although its last step ended well' : 'before its last step had ended';
  return failureOf('exit-code', `exited with ${code} ${how}${said}`, HELP, more);
}

/** What it wrote for people: without its log, its colours and the word `Error` in front. */
function spoken(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => !isLogged(line));
  return lines
    .join('\n')
    .replace(/\u001b\[[\d;]*m/g, '')
    .trim()
    .replace(/^Error: /, '');
}

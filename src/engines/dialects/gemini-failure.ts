/** Says in our words why Gemini CLI failed; its own are an exit code, a sentence, or the provider's answer. */
import type { Failure, FailureReason } from '../../model/failure.ts';
import { type EngineEnd, failureOf, notFound } from './dialect.ts';
import { eventOf, fieldsOf, textOf } from './event-line.ts';

const HELP: Partial<Record<FailureReason, string>> = {
  spawn: 'see whether `gemini --version` works in a terminal, or install it again',
  auth: 'sign in by starting `gemini` once, or set GEMINI_API_KEY; a gateway also needs `security.auth.selectedType` in its settings',
  quota: 'wait until the limit is over, raise it, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'give the step more `retry` attempts, or name a second engine to fall back on',
  network: 'check the connection and proxy, and GOOGLE_GEMINI_BASE_URL if it is set',
  'context-overflow': 'shorten the prompt, or split the step',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step',
  turns: 'ask for less in one step, or raise `model.maxSessionTurns` in its settings',
  model: 'name a model that your account may use under `model`',
  config: 'check the step and the settings of the engine against this message',
};

/** Exit codes of its own (`docs/reference/exit codes` in its package: `FatalError` and its kin). An HTTP status comes modulo 256. */
const BY_CODE: Readonly<Record<number, FailureReason>> = {
  41: 'auth',
  42: 'config',
  44: 'config',
  52: 'config',
  53: 'turns',
  55: 'config',
  130: 'signal',
  [401 % 256]: 'auth',
  [403 % 256]: 'auth',
};

/** Its sentences, the more telling ones first. */
const BY_WORDS: readonly (readonly [RegExp, FailureReason])[] = [
  [/exceeds the maximum number of tokens|context (window|length)/i, 'context-overflow'],
  [/truncated because it exceeded the token limit/i, 'output-cut'],
  [/blocked due to|SAFETY|PROHIBITED_CONTENT|RECITATION/, 'refused'],
  [
    /API key not valid|API_KEY_INVALID|UNAUTHENTICATED|PERMISSION_DENIED|invalid auth|no auth|sign in/i,
    'auth',
  ],
  [/maxSessionTurns|Maximum session turns|Loop detected/i, 'turns'],
  [
    /daily quota|exhausted your (daily )?(quota|capacity)|quota will reset|current quota|billing|credits? balance|limit: 0(?!\d|\.\d)/i,
    'quota',
  ],
  [/overloaded|capacity|UNAVAILABLE|status 5\d\d|5xx|INTERNAL|internal error/i, 'overloaded'],
  [/RESOURCE_EXHAUSTED|resource has been exhausted|status 429|429 error|rate.?limit|quota/i, 'rate-limit'],
  [/models?\/?.{0,200}(is not found|not found|not supported)|ModelNotFound/is, 'model'],
  [/INVALID_ARGUMENT|Invalid session identifier|Unknown argument|Invalid values/i, 'config'],
  [
    /fetch failed|terminated|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|socket|premature|without a finish reason/i,
    'network',
  ],
  [/network|connection|timed? ?out|dns|tls|certificate/i, 'network'],
];

function byWords(words: string): FailureReason | undefined {
  return BY_WORDS.find(([sentence]) => sentence.test(words))?.[1];
}

/** The words of a message, without the JSON around them. */
function wordsIn(message: string): string {
  const inner = /^\[API Error: (.*?)\](?:\n|$)/s.exec(message)?.[1] ?? message;
  const error = fieldsOf(eventOf(inner)?.error);
  return textOf(error.message) ?? inner;
}

/** When the words say how long to wait. */
function retryAt(words: string, now: number): { readonly 'retry-at'?: string } {
  const found = /(?:retry (?:after|in)|reset after) ((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)/i.exec(words)?.[1];
  if (found === undefined) return {};
  const unit: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  const span = [...found.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/gi)].reduce(
    (sum, [, count, name]) => sum + Number(count) * (unit[(name ?? '').toLowerCase()] ?? 0),
    0,
  );
  const at = new Date(now + span);
  return Number.isNaN(at.getTime()) ? {} : { 'retry-at': at.toISOString() };
}

/** Why the turn failed that it gave up. */
export function geminiFailure(message: string, end: EngineEnd): Failure {
  const code = end.exitCode ?? 1;
  // A daily limit ends with 429 modulo 256, which tells less than its words.
  const reason = byWords(message) ?? BY_CODE[code] ?? 'exit-code';
  const words = wordsIn(message);
  const more = code === 0 ? {} : { 'exit-code': code };
  return failureOf(reason, words, HELP, { ...more, ...retryAt(message, end.now) });
}

/** What it is trying again because of. */
export function geminiTrouble(words: string): Failure {
  return failureOf(byWords(words) ?? 'network', words, HELP);
}

/** The rules of this attempt were left out. */
export function policyTrouble(words: string): Failure {
  return {
    ...failureOf('config', words, HELP),
    help: 'move the policies of this machine to where a user keeps them, `~/.gemini/policies`, or use another engine here',
  };
}

/** A turn that went well and gave no message. */
export function speechless(): Failure {
  return failureOf('refused', 'the turn ended without a final message, which is how the model refuses', HELP);
}

/** Lines of standard error that tell nothing about a failure. */
const NOISE =
  /^(Warning: |Ripgrep is not|YOLO mode|\[STARTUP\]|Loaded cached|\s+at |\s*(Searched for|Use --list)|$)/;

/** What of its standard error is about the failure. */
function tellingLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !NOISE.test(line))
    .join('\n')
    .replace(/ Full report available at: \S+/g, ':')
    .trim();
}

/** Why a process failed that never said how its turn ended, or said so and exited otherwise. */
export function geminiExitFailure(
  heard: { readonly events: number; readonly completed: boolean; readonly noise: string },
  end: EngineEnd,
): Failure {
  const words = tellingLines(end.stderr) || heard.noise.trim();
  const said = words === '' ? '' : `: ${words}`;
  if (end.signal !== null)
    return failureOf('signal', `ended by ${end.signal}${said}`, HELP, { signal: end.signal });
  const code = end.exitCode ?? 1;
  const more = { 'exit-code': code };
  if (heard.events === 0 && code !== 0) {
    const reason = notFound(code) ? 'spawn' : (BY_CODE[code] ?? byWords(words) ?? 'config');
    return failureOf(reason, `did not start (exit code ${code})${said}`, HELP, more);
  }
  const how = heard.completed ? 'although it said that all went well' : 'without saying how its turn ended';
  return failureOf('exit-code', `exited with ${code} ${how}${said}`, HELP, more);
}

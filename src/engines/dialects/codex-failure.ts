/** Says in our words why Codex failed; its own are sentences only. */
import type { Failure, FailureReason } from '../../model/failure.ts';
import { type EngineEnd, failureOf, notFound } from './dialect.ts';
import { eventOf, fieldsOf, textOf } from './event-line.ts';
import { type Servers, serverFailure } from './mcp.ts';
import { resetTime } from './reset-time.ts';

const HELP: Partial<Record<FailureReason, string>> = {
  spawn: 'see whether `codex --version` works in a terminal, or install it again',
  auth: 'sign in with `codex login`, or set CODEX_API_KEY; another provider names its key as `env_key` in config.toml, which passes by `engines.codex.pass` of your own configuration',
  quota: 'wait until the limit is over, add credit, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'give the step more `retry` attempts, or name a second engine to fall back on',
  network: "check the connection and proxy, and the provider's `base_url` in config.toml",
  'context-overflow': 'shorten the prompt, or split the step',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step',
  model: 'name a model that your account may use under `model`',
  config: 'check the step and the configuration of the engine against this message',
};

/** Its sentences, the more telling ones first. Apostrophes are curly or straight, by sentence. */
const BY_WORDS: readonly (readonly [RegExp, FailureReason])[] = [
  [/hit your usage limit|usage_limit_reached|out of (workspace )?credits/i, 'quota'],
  [/quota exceeded|insufficient_quota|billing/i, 'quota'],
  [/ran out of room|context.window|context_length_exceeded/i, 'context-overflow'],
  [/max_output_tokens/i, 'output-cut'],
  [/content_filter|flagged|safety|cyber|usage policy/i, 'refused'],
  [/missing environment variable|not logged in|log ?in again|refresh token|access token/i, 'auth'],
  [/unexpected status 40[13]|\b401 unauthorized|\b403 forbidden/i, 'auth'],
  [/status:? 429|429 too many requests|rate.?limit/i, 'rate-limit'],
  [/at capacity|high demand|overloaded|status:? 5\d\d\b/i, 'overloaded'],
  [
    /model.{0,200}(does not exist|not supported|not found)|(unknown|unsupported) model|model_not_found/is,
    'model',
  ],
  [/no rollout found|unexpected status 4\d\d|invalid_request_error|error loading config/i, 'config'],
  [/stream disconnected|idle timeout|error sending request|waiting for network/i, 'network'],
  [/network|connection|timed? ?out|dns|tls/i, 'network'],
];

function reasonOf(words: string, otherwise: FailureReason): FailureReason {
  return BY_WORDS.find(([sentence]) => sentence.test(words))?.[1] ?? otherwise;
}

/** Why the turn failed. @param now milliseconds since the epoch */
export function codexFailure(message: string, now: number): Failure {
  const reason = reasonOf(message, 'exit-code');
  const names = reason === 'quota' || reason === 'rate-limit' || reason === 'overloaded';
  const reset = names ? resetTime(message, now) : undefined;
  const more = reset === undefined ? {} : { 'retry-at': new Date(reset).toISOString() };
  return failureOf(reason, wordsIn(message), HELP, more);
}

/** Some messages are the provider's whole answer, as JSON. */
function wordsIn(message: string): string {
  const body = eventOf(message);
  return textOf(fieldsOf(body?.error).message) ?? textOf(body?.message) ?? message;
}

/** What it is trying again because of. */
export function codexNetworkTrouble(message: string): Failure {
  return failureOf(reasonOf(message, 'network'), message, HELP);
}

/** A completed turn that gave no message. */
export function silentRefusal(): Failure {
  return failureOf('refused', 'the turn ended without a final message, which is how the model refuses', HELP);
}

/** With it a server that is `required` and does not start ends the start of the session. */
const SERVERLESS = /required MCP servers failed to initialize: ([\w-]+): (.*?)(?: \(code -?\d+\))?$/m;

/** Why a process failed that never said how its turn ended, or said so and exited otherwise. */
export function codexExitFailure(
  heard: {
    readonly events: number;
    readonly completed: boolean;
    readonly error?: string;
    readonly noise: string;
    readonly servers?: Servers;
  },
  end: EngineEnd,
): Failure {
  // Where standard input is no terminal it always says that it reads from it.
  const stderr = end.stderr.replace(/^Reading (additional input|prompt) from stdin\.\.\.$/gm, '').trim();
  const words = heard.error ?? (stderr || heard.noise.trim());
  const said = words === '' ? '' : `: ${words}`;
  if (end.signal !== null)
    return failureOf('signal', `ended by ${end.signal}${said}`, HELP, { signal: end.signal });
  const code = end.exitCode ?? 1;
  const more = { 'exit-code': code };
  const [, server, why] = SERVERLESS.exec(words) ?? [];
  const serverless = server === undefined ? undefined : serverFailure(heard.servers, server, why);
  if (serverless !== undefined) return serverless;
  if (heard.events === 0 && code !== 0) {
    return failureOf(
      notFound(code) ? 'spawn' : reasonOf(words, 'config'),
      `did not start (exit code ${code})${said}`,
      HELP,
      more,
    );
  }
  const how = heard.completed ? 'although it said that all went well' : 'without saying how its turn ended';
  return failureOf('exit-code', `exited with ${code} ${how}${said}`, HELP, more);
}

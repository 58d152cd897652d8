/** Says in our words why goose failed, which it most often says in a message as if its model had. */
import type { Failure, FailureReason } from '../../model/failure.ts';
import { type EngineEnd, failureOf, notFound } from './dialect.ts';
import { servesAgain } from './reset-time.ts';

const HELP: Partial<Record<FailureReason, string>> = {
  spawn: 'see whether `goose --version` works in a terminal, or install it again',
  auth: 'sign in with `goose configure`, or set GOOSE_PROVIDER, GOOSE_MODEL and the key of that provider',
  quota: 'add credit with the provider, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'give the step more `retry` attempts, or name a second engine to fall back on',
  network: "check the connection and proxy, and the provider's host where one is set",
  'context-overflow': 'shorten the prompt, or split the step',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step, or raise GOOSE_MAX_TOKENS in `env`',
  turns: 'raise `max-turns`, or ask for less in one step',
  model: 'name a model of the provider in GOOSE_PROVIDER under `model`',
  denied: 'raise `access`',
  config: 'check the step, and what `goose configure` wrote, against this message',
  'exit-code': 'look at what it printed: `codemachine logs` shows it',
};

/** Its sentences (crates/goose-providers/src/errors.rs and where they come from); the more telling ones first. */
const BY_WORDS: readonly (readonly [RegExp, FailureReason])[] = [
  [/Credits exhausted|insufficient_quota|exceeded your current quota|credit balance is too low/i, 'quota'],
  [/reached the maximum number of actions/, 'turns'],
  [
    /Context length exceeded|Context limit still exceeded|Unable to truncate messages|prompt is too long/i,
    'context-overflow',
  ],
  [/^The provider refused this request|content_filter|safety policy/im, 'refused'],
  [/^The model returned an empty response/m, 'refused'],
  [/Authentication error|\b401\b|\b403\b|unauthorized|invalid.{0,20}api.?key/i, 'auth'],
  [/(KEY|TOKEN)\b.{0,40}(is not set|not found|missing)|keyring|Configuration value not found/i, 'auth'],
  [/No (provider|model) configured/, 'auth'],
  [/Rate limit exceeded|\b429\b/i, 'rate-limit'],
  [
    /Endpoint not found \(404\)|model.{0,120}(does not exist|not found|not supported)|Unknown model/is,
    'model',
  ],
  [/Server error|overloaded|\b5(00|02|03|29)\b/i, 'overloaded'],
  [/Tool approval required in non-interactive mode|Elicitation requested/, 'denied'],
  [/No session found|Cannot resume session|Unknown provider|Failed to create model configuration/i, 'config'],
  [/^error: (unexpected argument|invalid value|the (argument|following))/m, 'config'],
  [/Network error|error sending request|connection|timed? ?out|dns\b|\btls\b/i, 'network'],
  [/Request failed|Bad request|\b4\d\d\b/i, 'config'],
];

/** Why the turn failed, by what it said. */
export function gooseFailure(words: string, now: number, otherwise: FailureReason = 'exit-code'): Failure {
  const reason = BY_WORDS.find(([sentence]) => sentence.test(words))?.[1] ?? otherwise;
  return failureOf(reason, words, HELP, servesAgain(reason, words, now));
}

/**
 * Sentences that are the whole end of a last message and never a model's own (crates/goose/src/agents/agent.rs, and `ops_*.rs` in its
 * `state_machine`). With them it ends its turn well, in some versions.
 */
const ENDINGS = [
  /Ran into this error: ([\s\S]*?)\.?\n\nPlease retry if you think this is a transient or recoverable error\.$/,
  /((?:Network|Server|Authentication) error: [\s\S]*)\n\nPlease resend your message to try again\.$/,
  /(I've reached the maximum number of actions I can do without user input)\. Would you like me to continue\?$/,
  /^(The model returned an empty response)\. Please resend your message to continue\.$/,
  /^(The provider refused this request[\s\S]*is likely to be refused again\.)$/,
  /^(Unable to continue: Context limit still exceeded after compaction)\b[\s\S]*$/,
];

/** What of its own stands in the place of an answer; undefined where a model answered. */
export function gooseComplaint(text: string): string | undefined {
  const trimmed = text.trim();
  for (const ending of ENDINGS) {
    const words = ending.exec(trimmed)?.[1];
    if (words !== undefined) return words;
  }
  return undefined;
}

/** A completed turn that gave no message. */
export function gooseSilence(): Failure {
  return failureOf('refused', 'the turn ended without a final message of its model', HELP);
}

/** Why a process failed that never said how its turn ended, or said so and exited otherwise. */
export function gooseExitFailure(
  heard: { readonly events: number; readonly completed: boolean; readonly noise: string },
  end: EngineEnd,
): Failure {
  const words = end.stderr.trim() || heard.noise.trim();
  const said = words === '' ? '' : `: ${words}`;
  if (end.signal !== null)
    return failureOf('signal', `ended by ${end.signal}${said}`, HELP, { signal: end.signal });
  const code = end.exitCode ?? 1;
  const more = code === 0 ? {} : { 'exit-code': code };
  if (heard.events === 0 && code !== 0) {
    const { reason } = gooseFailure(words, end.now, notFound(code) ? 'spawn' : 'config');
    return failureOf(reason, `did not start (exit code ${code})${said || ' and said nothing'}`, HELP, more);
  }
  const how = heard.completed ? 'although it said that all went well' : 'without saying how its turn ended';
  const known = heard.completed ? 'exit-code' : gooseFailure(words, end.now).reason;
  return failureOf(known, `exited with ${code} ${how}${said}`, HELP, more);
}

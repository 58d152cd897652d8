/** Says in our words why Aider failed, which it says in sentences among its output only. */
import type { Failure, FailureReason } from '../../model/failure.ts';
import { type EngineEnd, failureOf, notFound } from './dialect.ts';
import { servesAgain } from './reset-time.ts';

const HELP: Partial<Record<FailureReason, string>> = {
  spawn: 'see whether `aider --version` works in a terminal, or install it again',
  auth: 'name its `model`, and set the key of that provider, such as ANTHROPIC_API_KEY or OPENAI_API_KEY',
  quota: 'add credit with the provider, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'give the step more `retry` attempts, or name a second engine to fall back on',
  network: 'check the connection and proxy, and OPENAI_API_BASE or its like where one is set',
  'context-overflow': 'shorten the prompt, name fewer files in it, or split the step',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step, or choose a `model` with a higher limit',
  turns: 'ask for less in one step, name the files to change in the prompt, or choose another `model`',
  budget: 'raise the budget of the provider, or choose another `model`',
  model:
    'name the model with its provider, such as `anthropic/claude-sonnet-4-5`; `aider --list-models <part>` finds it',
  denied:
    'let git follow the file, or take it out of what is to be changed: it edits nothing that git ignores',
  config: 'check the step, and .aider.conf.yml of the repository and of your home, against this message',
  'exit-code': 'look at what it printed: `codemachine logs` shows it',
};

/**
 * Its sentences (aider/exceptions.py, aider/coders/base_coder.py, aider/onboarding.py), with the names that LiteLLM gives to errors;
 * the more telling ones first.
 */
const BY_WORDS: readonly (readonly [RegExp, FailureReason])[] = [
  [/^Only \d+ reflections allowed, stopping/m, 'turns'],
  [/^Skipping edits to |^Unable to create .*, skipping edits/m, 'denied'],
  [/insufficient.credits|insufficient_quota|exceeded your current quota|credit balance is too low/i, 'quota'],
  [/^litellm\.BudgetExceededError/m, 'budget'],
  [
    /not able to authenticate you|^Permission was denied\. Check your API key|^litellm\.(Authentication|PermissionDenied)Error/m,
    'auth',
  ],
  [
    /No LLM model was specified and no API keys|requires an OpenRouter API key|without an OpenRouter API key/,
    'auth',
  ],
  [/ContextWindowExceeded|tokens exceeds the .* token limit for|maximum context length/i, 'context-overflow'],
  [/has hit a token limit!/, 'output-cut'],
  [/refused the request due to a safety policy|ContentPolicyViolation/, 'refused'],
  [/^Empty response received from LLM/m, 'refused'],
  [
    /^litellm\.NotFoundError|LLM Provider NOT provided|model_not_found|model.{0,120}(does not exist|not found)/im,
    'model',
  ],
  [/has rate limited you|^litellm\.(Router)?RateLimitError/m, 'rate-limit'],
  [/timed out without returning a response|^litellm\.Timeout/m, 'network'],
  [
    /servers are down or overloaded|down, overloaded or rate limiting|^litellm\.(InternalServer|ServiceUnavailable|BadGateway|API)Error/m,
    'overloaded',
  ],
  [/^litellm\.APIConnectionError|Connection (error|refused|reset)|ECONN|getaddrinfo/m, 'network'],
  [
    /^litellm\.\w+Error|^usage: aider|^aider: error|: error: |Unable to read git repository|only works with git repos/m,
    'config',
  ],
  [/^Message file not found|^Error reading message file|^Invalid |^Unknown edit format/m, 'config'],
];

/** Why it failed, by what it said; undefined where it said nothing that is known. */
export function aiderReason(words: string): FailureReason | undefined {
  return BY_WORDS.find(([sentence]) => sentence.test(words))?.[1];
}

/** What it waits for between two tries of a request. */
export function aiderTrouble(words: string): Failure {
  return failureOf(aiderReason(words) ?? 'network', words, HELP);
}

/** What was heard of a turn that did not end well. */
export interface AiderUnfinished {
  /** Whether it got so far as to say its version. */
  readonly begun: boolean;
  /** Whether it said what the model's last reply cost, and nothing that takes the reply back. */
  readonly finished: boolean;
  /** What it said since its last good reply. */
  readonly words: string;
  /** What it printed before it began. */
  readonly noise: string;
}

/** The reply that was counted did not fit: the request did not, as an answer that is cut is not counted. */
export function aiderOverflow(words: string): Failure {
  return failureOf('context-overflow', words, HELP);
}

/** Why a turn failed that did not end with a reply. */
export function aiderFailure(heard: AiderUnfinished, end: EngineEnd): Failure {
  const stderr = end.stderr.trim();
  const words = heard.begun ? heard.words.trim() : heard.noise.trim();
  const told = [words, stderr].filter((one) => one !== '').join('\n');
  const shown = shortened(told);
  const said = shown === '' ? '' : `: ${shown}`;
  if (end.signal !== null)
    return failureOf('signal', `ended by ${end.signal}${said}`, HELP, { signal: end.signal });
  const code = end.exitCode ?? 1;
  const more = code === 0 ? {} : { 'exit-code': code };
  const known = heard.finished ? undefined : (aiderReason(words) ?? aiderReason(stderr));
  if (known !== undefined)
    return failureOf(known, shown, HELP, { ...more, ...servesAgain(known, words, end.now) });
  if (!heard.begun && code !== 0) {
    return failureOf(
      notFound(code) ? 'spawn' : 'config',
      `did not start (exit code ${code})${said || ' and said nothing'}`,
      HELP,
      more,
    );
  }
  // It exits with 0 whatever became of its request.
  const how = heard.finished ? 'although its model had replied' : 'without a whole reply of its model';
  return failureOf('exit-code', `exited with ${code} ${how}${said}`, HELP, more);
}

/** What is shown of a text: its end tells more, as the reply comes first. */
const LONGEST = 500;

function shortened(words: string): string {
  return words.length > LONGEST ? `…${words.slice(-LONGEST)}` : words;
}

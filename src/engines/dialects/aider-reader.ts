/** Follows what Aider prints, which is text for people. */
import { addUsage, type Usage } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import { aiderFailure, aiderOverflow, aiderReason, aiderTrouble } from './aider-failure.ts';
import { aiderNotes } from './aider-notes.ts';
import {
  type EngineEnd,
  type Line,
  NOTHING_SAID,
  type Reader,
  type Said,
  unlessLeftOut,
  type Verdict,
} from './dialect.ts';
import { countOf, usdOf, withNoise } from './event-line.ts';
import { isVersion } from './versions.ts';

/** Everything heard of one turn. */
interface AiderHeard {
  /** It says its version and its settings; the first blank line after them ends that. */
  stage: 'starting' | 'announcing' | 'talking';
  version?: string;
  /** What it printed before that: complaints about flags and files. */
  noise: string;
  /** The model that was asked for, else the one that it says. */
  model: string;
  /** What it said since the last reply that was counted, as far as it is kept. */
  words: string[];
  letters: number;
  /** The last reply that was counted, and whether nothing has come since that takes it back. */
  text?: string;
  finished: boolean;
  /** The line before was blank: names of files are shown after one, as if somebody were asked about them. */
  blank: boolean;
  /** All replies but the last, and that one; what it cost may stand on a line of its own. */
  earlier?: Usage;
  last?: Usage;
  costOpen: boolean;
  trouble?: Failure;
  /** What was last counted is the last that was said. */
  counted: boolean;
  /** The request that was counted did not fit; an answer that is cut is not counted. */
  overflow: boolean;
}

/** Longer replies are cut: in letters. */
const MOST_LETTERS = 8 * 1024 * 1024;

/** Starts with nothing heard. @param model the one that was asked for, where it names none */
export function aiderReader(prompt: string, model: string | undefined): Reader {
  const heard: AiderHeard = {
    stage: 'starting',
    noise: '',
    words: [],
    letters: 0,
    finished: false,
    blank: false,
    costOpen: false,
    counted: false,
    overflow: false,
    model: model ?? '',
  };
  return {
    line: (text) => readLine(heard, text.replace(/\r$/, ''), prompt),
    session: () => undefined,
    version: () => heard.version,
    trouble: () => heard.trouble,
    end: (end) => verdict(heard, end),
  };
}

const VERSION = /^Aider v(\d\S*)/;
const MODEL = /^(?:Main model|Model): (\S+) with /;
/** Nobody can sign in here, and it would wait for minutes that somebody does (`offer_openrouter_oauth` of aider/onboarding.py). */
const NOT_SIGNED_IN =
  /^No LLM model was specified and no API keys|requires an OpenRouter API key, which was not/;

function readLine(heard: AiderHeard, line: string, prompt: string): Line {
  const [, version] = VERSION.exec(line) ?? [];
  if (version !== undefined && (heard.stage === 'starting' || heard.finished)) {
    if (isVersion(version)) heard.version = version;
    heard.stage = 'announcing';
    heard.finished = false;
    return living([]);
  }
  switch (heard.stage) {
    case 'starting':
      heard.noise = withNoise(heard.noise, line);
      return NOT_SIGNED_IN.test(line) ? { said: [], alive: true, over: true } : NOTHING_SAID;
    case 'announcing':
      heard.model ||= MODEL.exec(line)?.[1] ?? '';
      if (line === '') heard.stage = 'talking';
      heard.blank = false;
      return living([]);
    case 'talking':
      return talk(heard, line, prompt);
  }
}

function living(said: readonly Said[]): Line {
  return { said, alive: true, over: false };
}

const COUNT = String.raw`(\d+(?:\.\d+)?)([kM]?)`;
const COST = String.raw`Cost: \$(\d+(?:\.\d+)?) message, \$\d+(?:\.\d+)? session\.`;
/** `calculate_and_show_tokens_and_cost` of aider/coders/base_coder.py: said once the provider has answered, and only then. */
const TOKENS = new RegExp(
  `^Tokens: ${COUNT} sent(?:, ${COUNT} cache write)?(?:, ${COUNT} cache hit)?, ${COUNT} received\\.(?: ${COST})?$`,
);
const COST_ALONE = new RegExp(`^${COST}$`);
const RETRY = /^Retrying in [\d.]+ seconds\.\.\.$/;
const EMPTY = /^Empty response received from LLM/;
const EDITED = /^Applied edit to (.+)$/;
/** What it says after a reply without taking anything back. */
const HARMLESS =
  /^(Did not apply edit to .+ \(--dry-run\)$|Creating empty file |Warning: it's best to only add files|https:\/\/aider\.chat\/)/;
const OVERFLOW = /^Model .+ has hit a token limit!$/;

function talk(heard: AiderHeard, line: string, prompt: string): Line {
  const afterBlank = heard.blank;
  heard.blank = line === '';
  const tokens = TOKENS.exec(line);
  if (tokens !== null) return replied(heard, tokens);
  const cost = heard.costOpen ? COST_ALONE.exec(line)?.[1] : undefined;
  heard.costOpen = false;
  if (cost !== undefined && heard.last !== undefined) {
    heard.last = { ...heard.last, usd: usdOf(Number(cost)) };
    return living(usedSoFar(heard));
  }
  if (RETRY.test(line)) return retried(heard, line);
  if (OVERFLOW.test(line)) heard.overflow = heard.counted;
  else if (line !== '') heard.counted = false;
  if (!heard.finished) {
    if (!(afterBlank && isNamed(heard, line, prompt))) keep(heard, line);
    return living([]);
  }
  const edited = EDITED.exec(line)?.[1];
  if (edited !== undefined) return living([{ what: 'file-change', text: edited }]);
  const isAsked = afterBlank && aiderReason(line) === undefined;
  if (line === '' || isAsked || HARMLESS.test(line)) return living([]);
  // Anything else is a mistake, or the reply to the next request, of which it makes up to three by itself.
  heard.finished = false;
  keep(heard, line);
  return living([]);
}

/** Before the first reply it shows, each after a blank line, which files it takes along because the prompt names them. */
function isNamed(heard: AiderHeard, line: string, prompt: string): boolean {
  return heard.words.length === 0 && line !== '' && prompt.includes(line.slice(line.lastIndexOf('/') + 1));
}

function keep(heard: AiderHeard, line: string): void {
  if (heard.words.length === 0 && line === '') return;
  heard.letters += line.length + 1;
  if (heard.letters <= MOST_LETTERS) heard.words.push(line);
}

function forget(heard: AiderHeard): void {
  heard.words = [];
  heard.letters = 0;
}

/** Errors that a later try heals are no part of the reply. */
function retried(heard: AiderHeard, line: string): Line {
  heard.trouble = aiderTrouble(heard.words.join('\n'));
  const text = `${heard.trouble.message} ${line}`;
  heard.finished = false;
  forget(heard);
  return { said: [{ what: 'retry', text }], alive: false, over: false };
}

function replied(heard: AiderHeard, tokens: RegExpExecArray): Line {
  const text = heard.words.join('\n').trim();
  const [, sent, sentUnit, , , hit, hitUnit, received, receivedUnit, cost] = tokens;
  if (heard.last !== undefined) heard.earlier = addUsage(heard.earlier ?? NO_USAGE, heard.last);
  heard.last = {
    'input-tokens': tokensOf(sent, sentUnit),
    'output-tokens': tokensOf(received, receivedUnit),
    'cached-tokens': tokensOf(hit, hitUnit),
    usd: cost === undefined ? null : usdOf(Number(cost)),
  };
  heard.costOpen = cost === undefined;
  delete heard.trouble;
  heard.counted = true;
  heard.overflow = false;
  heard.finished = text !== '' && !EMPTY.test(text);
  if (!heard.finished) return living(usedSoFar(heard));
  heard.text = text;
  forget(heard);
  return living([{ what: 'text', text }, ...usedSoFar(heard)]);
}

/** One that is thousands is rounded: `2.1k`. */
function tokensOf(count = '0', unit = ''): number {
  const factor = unit === 'M' ? 1_000_000 : unit === 'k' ? 1_000 : 1;
  return countOf(Math.round(Number(count) * factor));
}

const NO_USAGE: Usage = { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 };

function usageOf({ earlier, last }: AiderHeard): Usage | undefined {
  return earlier === undefined || last === undefined ? last : addUsage(earlier, last);
}

function usedSoFar(heard: AiderHeard): readonly Said[] {
  const usage = usageOf(heard);
  return usage === undefined ? [] : [{ what: 'usage', usage }];
}

function verdict(heard: AiderHeard, end: EngineEnd): Verdict {
  const noted = aiderNotes(end.notes ?? '');
  const said = usageOf(heard);
  // What is noted is exact, but without a price a cost of nothing.
  const usage =
    said === undefined || noted.usage === undefined
      ? said
      : {
          ...noted.usage,
          'cached-tokens': said['cached-tokens'],
          usd: said.usd === null ? null : noted.usage.usd,
        };
  const text = heard.finished ? (noted.text ?? heard.text) : heard.text;
  const facts = {
    ...(text === undefined ? {} : { text }),
    ...(usage === undefined ? {} : { usage }),
    ...(heard.model === '' ? {} : { model: heard.model }),
  };
  if (heard.finished && end.exitCode === 0 && end.signal === null) return { ok: true, ...facts };
  return { ok: false, failure: failureIn(heard, end), ...facts };
}

function failureIn(heard: AiderHeard, end: EngineEnd): Failure {
  const { finished, noise } = heard;
  const words = heard.words.join('\n');
  if (heard.overflow && end.signal === null) return aiderOverflow(words);
  const begun = heard.stage !== 'starting';
  return unlessLeftOut(aiderFailure({ begun, finished, words, noise }, end), end);
}

/** Follows what a declared engine prints: its answer as text, or JSON lines. */
import type { DeclaredEngine, MappedField } from '../../model/config.ts';
import type { Usage } from '../../model/event.ts';
import type { Failure, FailureReason } from '../../model/failure.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import {
  type EngineEnd,
  failureOf,
  type Line,
  NOTHING_SAID,
  notFound,
  type Reader,
  type Said,
  unlessLeftOut,
  type Verdict,
} from './dialect.ts';
import { eventOf, objectOf, sessionOf, textOf, usdOf, wholeOf } from './event-line.ts';

/** Gives the line of a text in which a failure shows; undefined where it does not. */
export type Fit = (text: string) => string | undefined;

/** How one kind of failure shows. */
export interface Fitting {
  readonly line: Fit;
  readonly reason: FailureReason;
}

/** How much of standard output failures are looked for in: as much as is kept of standard error. In letters. */
const TAIL = 64 * 1024;

/** An answer that is longer was not meant as one. In letters. */
const LONGEST_ANSWER = 10 * 1024 * 1024;

type Tokens = Partial<Record<'input-tokens' | 'output-tokens' | 'cached-tokens', number>>;

/** Everything heard of one turn. */
interface Heard {
  /** Lines of the answer, where standard output is the answer. */
  readonly lines: string[];
  length: number;
  text?: string;
  session?: string;
  error?: string;
  model?: string;
  usd?: number | null;
  readonly tokens: Tokens;
  /** The end of all that it printed. */
  tail: string;
  /** The end of what it printed beside its answer. */
  beside: string;
}

/** Starts with nothing heard. @param model the one that was asked for, where its lines name none */
export function declaredReader(
  name: string,
  declared: DeclaredEngine,
  failures: readonly Fitting[],
  model: string | undefined,
): Reader {
  const heard: Heard = { lines: [], length: 0, tokens: {}, tail: '', beside: '' };
  const isText = declared.output !== 'jsonl';
  return {
    line(text) {
      heard.tail = tailOf(heard.tail, text);
      if (isText) return readText(heard, text);
      const line = readEvent(heard, declared.map ?? {}, text);
      // What an agent says of limits it was told about is no limit of its own.
      const isAnswer = line.said.some(({ what }) => what === 'text') && heard.error === undefined;
      if (!isAnswer) heard.beside = tailOf(heard.beside, text);
      return line;
    },
    session: () => heard.session,
    trouble: () => undefined,
    end: (end) => verdict(heard, isText, failures, { name, model }, end),
  };
}

function tailOf(before: string, line: string): string {
  const tail = `${before}${line.slice(-TAIL)}\n`;
  return tail.length > 2 * TAIL ? tail.slice(-TAIL) : tail;
}

function readText(heard: Heard, text: string): Line {
  heard.length += text.length + 1;
  if (heard.length <= LONGEST_ANSWER) heard.lines.push(text.replace(/\r$/, ''));
  return text.trim() === '' ? NOTHING_SAID : { said: [{ what: 'text', text }], alive: true, over: false };
}

function readEvent(heard: Heard, map: NonNullable<DeclaredEngine['map']>, text: string): Line {
  const event = eventOf(text);
  if (event === undefined) return NOTHING_SAID;
  const at = (field: MappedField): Json | undefined => {
    const path = map[field];
    return path === undefined ? undefined : valueAt(event, path);
  };
  const said: Said[] = [];
  const answer = answerOf(at('text'));
  if (answer !== undefined) {
    heard.text = answer;
    said.push({ what: 'text', text: answer });
  }
  const session = sessionOf(named(at('session')));
  if (session !== undefined) heard.session = session;
  const model = textOf(at('model'));
  if (model !== undefined) heard.model = model;
  const error = at('error');
  // One that says that there is no error takes back what an earlier one said.
  if (error !== undefined) delete heard.error;
  const complaint = complaintOf(error);
  if (complaint !== undefined) heard.error = complaint;
  if (count(heard, at)) said.push({ what: 'usage', usage: usageOf(heard) as Usage });
  return { said, alive: true, over: false };
}

/** Whether the event changed what was used. */
function count(heard: Heard, at: (field: MappedField) => Json | undefined): boolean {
  const before = JSON.stringify(usageOf(heard));
  for (const field of ['input-tokens', 'output-tokens', 'cached-tokens'] as const) {
    const value = wholeOf(at(field));
    if (value !== undefined) heard.tokens[field] = value;
  }
  const usd = at('usd');
  if (usd !== undefined && usd !== null) heard.usd = usdOf(usd);
  return JSON.stringify(usageOf(heard)) !== before;
}

/** What stands at a path of keys joined by dots; an index is a key of a list. Inherited keys are none. */
function valueAt(event: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = event;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}

/** A structured answer is one as well; what checks it against its schema reads it again. */
function answerOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.trim() === '' ? undefined : text;
}

function named(value: Json | undefined): Json | undefined {
  return typeof value === 'number' ? String(value) : value;
}

function complaintOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null || value === false || value === 0 || value === '')
    return undefined;
  if (value === true) return 'it says that there was an error';
  if (typeof value !== 'object') return String(value);
  return textOf(objectOf(value)?.message) ?? JSON.stringify(value);
}

/** Undefined where it said nothing of what it used. Dollars that it does not report are not known. */
function usageOf({ tokens, usd }: Heard): Usage | undefined {
  if (usd === undefined && Object.keys(tokens).length === 0) return undefined;
  const { 'input-tokens': input = 0, 'output-tokens': output = 0, 'cached-tokens': cached = 0 } = tokens;
  return { 'input-tokens': input, 'output-tokens': output, 'cached-tokens': cached, usd: usd ?? null };
}

interface Asked {
  readonly name: string;
  readonly model: string | undefined;
}

function verdict(
  heard: Heard,
  isText: boolean,
  failures: readonly Fitting[],
  asked: Asked,
  end: EngineEnd,
): Verdict {
  const text = isText ? heard.lines.join('\n').trim() : heard.text;
  const usage = usageOf(heard);
  const model = heard.model ?? asked.model;
  const facts = {
    ...(text === undefined || text === '' ? {} : { text }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
  const failure =
    shown(isText, heard, failures, asked, end) ??
    failureIn(heard, asked, end) ??
    (isText ? unreadable(heard, end) : undefined) ??
    ('text' in facts ? undefined : unlessLeftOut(wordless(isText, asked, end), end));
  return failure === undefined ? { ok: true, ...facts } : { ok: false, failure, ...facts };
}

/** The first of the declared failures that shows at the end of either stream, whatever the exit code, but not in an answer. */
function shown(
  isText: boolean,
  heard: Heard,
  failures: readonly Fitting[],
  asked: Asked,
  end: EngineEnd,
): Failure | undefined {
  const printed = isText ? (end.exitCode === 0 ? '' : heard.tail) : heard.beside;
  const tails = [end.stderr.slice(-TAIL), printed.slice(-TAIL)];
  for (const { line, reason } of failures) {
    for (const tail of tails) {
      const words = line(tail);
      if (words !== undefined) return failureOf(reason, words, helpOf(asked), exitOf(end));
    }
  }
  return undefined;
}

/** What it said of its error, or how it ended. */
function failureIn(heard: Heard, asked: Asked, end: EngineEnd): Failure | undefined {
  const words = heard.error ?? (end.stderr.trim() || lastLines(heard.tail));
  const said = words === '' ? '' : `: ${words}`;
  const help = helpOf(asked);
  if (end.signal !== null)
    return failureOf('signal', `ended by ${end.signal}${said}`, help, { signal: end.signal });
  const code = end.exitCode ?? 1;
  if (code !== 0) {
    const reason = notFound(code) && heard.lines.length === 0 ? 'spawn' : 'exit-code';
    return unlessLeftOut(failureOf(reason, `exited with ${code}${said}`, help, { 'exit-code': code }), end);
  }
  return heard.error === undefined
    ? undefined
    : failureOf('exit-code', heard.error, help, { 'exit-code': 0 });
}

/** An answer of which a part is missing is none. */
function unreadable({ length }: Heard, end: EngineEnd): Failure | undefined {
  const tooLong = Math.max(length > LONGEST_ANSWER ? length : 0, end.leftOut ?? 0);
  const failure: Failure = { reason: 'internal', message: 'its answer was too long to be read' };
  return tooLong === 0 ? undefined : unlessLeftOut(failure, { ...end, leftOut: tooLong });
}

function wordless(isText: boolean, asked: Asked, end: EngineEnd): Failure {
  const what = isText
    ? 'printed nothing on standard output'
    : 'printed no event with a text where `map` says';
  const stderr = end.stderr.trim();
  const words = `exited with 0 and ${what}${stderr === '' ? '' : `: ${stderr}`}`;
  const { 'exit-code': help = '' } = helpOf(asked);
  return { ...failureOf('output', words, {}, { 'exit-code': 0 }), help };
}

function lastLines(tail: string): string {
  return tail.trim().split('\n').slice(-5).join('\n');
}

function exitOf({ exitCode, signal }: EngineEnd): Partial<Pick<Failure, 'exit-code' | 'signal'>> {
  if (signal !== null) return { signal };
  return exitCode === null ? {} : { 'exit-code': exitCode };
}

/** What it takes to sign in or to pay, only its own documentation knows. */
function helpOf({ name }: Asked): Partial<Record<FailureReason, string>> {
  const again = 'give the step more `retry` attempts, or name a second engine to fall back on';
  const log = `\`codemachine logs <run> <step>\` has all that it printed; \`engines.${name}.failure\` in the configuration tells its failures apart`;
  return {
    'exit-code': log,
    signal: log,
    spawn: `see whether it can be started in a terminal as \`engines.${name}.command\` says`,
    auth: `sign in to ${name} as its documentation says, or pass its key by the \`env\` of the step`,
    quota: 'wait until the limit is over, or name a second engine to fall back on',
    'rate-limit': `lower \`engines.${name}.max-parallel\`, or give the step more \`retry\` attempts`,
    overloaded: again,
    network: `check the connection and proxy; ${again}`,
    'context-overflow': 'shorten the prompt, or split the step',
    refused: 'rephrase the prompt, or choose another `model`',
    'output-cut': 'ask for less in one step',
    output: 'say in the prompt what the answer should hold',
    turns: 'ask for less in one step',
    model: `name a model that ${name} knows under \`model\``,
    denied: 'raise `access`',
    config: `check the step, and \`engines.${name}\` in the configuration, against this message`,
  };
}

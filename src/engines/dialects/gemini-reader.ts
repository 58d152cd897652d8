/** Follows what Gemini CLI prints with `-o stream-json`. */
import type { Usage } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import type { JsonObject } from '../../model/result.ts';
import {
  type EngineEnd,
  type Line,
  NOTHING_SAID,
  type Reader,
  type Said,
  unlessLeftOut,
  type Verdict,
} from './dialect.ts';
import { countOf, eventOf, fieldsOf, objectOf, sessionOf, textOf, withNoise } from './event-line.ts';
import {
  geminiExitFailure,
  geminiFailure,
  geminiTrouble,
  policyTrouble,
  speechless,
} from './gemini-failure.ts';

/** A tool that was called and has not come back. */
interface Call {
  readonly name: string;
  readonly file?: string;
}

/** Everything heard of one turn. */
interface GeminiHeard {
  session?: string;
  model?: string;
  /** What was said since the last tool came back; it arrives in pieces. */
  text: string;
  /** How much of it was passed on. */
  told: number;
  usage?: Usage;
  status?: string;
  /** Why the turn failed, in the words of its end. */
  failed?: string;
  /** The last `error` line. */
  error?: string;
  /** What it tries again because of. */
  trouble?: Failure;
  /** It was given up, so what comes now is how it is stopped. */
  hopeless: boolean;
  readonly calls: Map<string, Call>;
  events: number;
  /** The beginning of what it printed that was no event. */
  noise: string;
}

/** Starts with nothing heard. */
export function geminiReader(): Reader {
  const heard: GeminiHeard = { text: '', told: 0, calls: new Map(), hopeless: false, events: 0, noise: '' };
  return {
    line: (text) => readLine(heard, text),
    errorLine: (text) => readErrorLine(heard, text),
    session: () => heard.session,
    trouble: () => heard.trouble,
    end: (end) => verdict(heard, end),
  };
}

function living(said: readonly Said[]): Line {
  return { said, alive: true, over: false };
}

function readLine(heard: GeminiHeard, text: string): Line {
  const event = eventOf(text);
  if (event === undefined) {
    heard.noise = withNoise(heard.noise, text);
    return NOTHING_SAID;
  }
  heard.events += 1;
  if (!heard.hopeless) delete heard.trouble;
  if (event.type !== 'result') delete heard.status;
  switch (event.type) {
    case 'init':
      return living(readInit(heard, event));
    case 'message':
      // The prompt comes first, as it was given.
      if (event.role === 'assistant') heard.text += textOf(event.content) ?? '';
      return living([]);
    case 'tool_use':
      return living([...tell(heard), ...readCall(heard, event)]);
    case 'tool_result':
      return living(readResult(heard, event));
    case 'error':
      heard.error = textOf(event.message) ?? 'an error without words';
      return living([]);
    case 'result':
      readEnd(heard, event);
      return { said: tell(heard), alive: true, over: true };
    default:
      return living([]);
  }
}

function readInit(heard: GeminiHeard, event: JsonObject): readonly Said[] {
  const session = sessionOf(event.session_id);
  if (session !== undefined) heard.session = session;
  // `auto` is no model: which one it took is said in the end.
  const model = textOf(event.model);
  if (model !== undefined && model !== 'auto') heard.model = model;
  return [];
}

/** Passes on what was said and is whole by now. */
function tell(heard: GeminiHeard): readonly Said[] {
  const text = heard.text.slice(heard.told);
  heard.told = heard.text.length;
  return text.trim() === '' ? [] : [{ what: 'text', text }];
}

const CHANGING: ReadonlySet<string> = new Set(['write_file', 'replace']);

function readCall(heard: GeminiHeard, event: JsonObject): readonly Said[] {
  const tool = textOf(event.tool_name) ?? 'tool';
  const id = textOf(event.tool_id) ?? '';
  const given = fieldsOf(event.parameters);
  const file = textOf(given.file_path) ?? textOf(given.absolute_path);
  heard.calls.set(id, { name: tool, ...(file === undefined ? {} : { file }) });
  const text =
    textOf(given.command) ?? file ?? textOf(given.pattern) ?? textOf(given.query) ?? textOf(given.prompt);
  return [{ what: 'tool-call', tool, text: text ?? textOf(given.dir_path) ?? '', opens: id }];
}

function readResult(heard: GeminiHeard, event: JsonObject): readonly Said[] {
  const id = textOf(event.tool_id) ?? '';
  const { name = 'tool', file } = heard.calls.get(id) ?? {};
  heard.calls.delete(id);
  // Work alone is no answer: what was said before it is not the final message.
  heard.text = '';
  heard.told = 0;
  const went = event.status === 'success';
  const text = textOf(event.output) ?? textOf(fieldsOf(event.error).message) ?? '';
  const changed = went && file !== undefined && CHANGING.has(name);
  return [
    { what: 'tool-result', tool: name, text, closes: id },
    ...(changed ? [{ what: 'file-change', text: file } as const] : []),
  ];
}

function readEnd(heard: GeminiHeard, event: JsonObject): void {
  heard.status = textOf(event.status) ?? 'unknown';
  const words = textOf(fieldsOf(event.error).message);
  if (words !== undefined) heard.failed = words;
  const stats = fieldsOf(event.stats);
  const usage = usageOf(stats);
  if (usage !== undefined) heard.usage = usage;
  const most = Object.entries(fieldsOf(stats.models))
    .map(([name, used]) => [name, countOf(fieldsOf(used).total_tokens)] as const)
    .sort(([, a], [, b]) => b - a)[0];
  if (most !== undefined && most[1] > 0) heard.model = most[0];
}

/** What is not input is output: thoughts are in the total alone. It knows no prices, and of what failed it says 0. */
function usageOf(stats: JsonObject): Usage | undefined {
  const [input, output, total] = [stats.input_tokens, stats.output_tokens, stats.total_tokens].map(countOf);
  if (objectOf(stats) === undefined || (input ?? 0) + (output ?? 0) === 0) return undefined;
  return {
    'input-tokens': input ?? 0,
    'output-tokens': Math.max(output ?? 0, (total ?? 0) - (input ?? 0)),
    'cached-tokens': countOf(stats.cached),
    usd: null,
  };
}

/** A blip is worth one more try of its own, after some seconds; how often is the step's `retry`. It would try ten times. */
const TRIES = 2;

function readErrorLine(heard: GeminiHeard, line: string): Line {
  if (line.includes('Ignoring --admin-policy')) return troubled(heard, policyTrouble(line.trim()), true);
  const attempt = /^Attempt (\d+) failed/.exec(line)?.[1];
  if (attempt === undefined) return NOTHING_SAID;
  return troubled(heard, geminiTrouble(line.trim()), Number(attempt) >= TRIES);
}

function troubled(heard: GeminiHeard, trouble: Failure, hopeless: boolean): Line {
  heard.trouble = trouble;
  heard.hopeless ||= hopeless;
  const said: Said = { what: 'retry', text: trouble.message };
  return { said: [said], alive: false, over: false, ...(hopeless ? { hopeless } : {}) };
}

function verdict(heard: GeminiHeard, end: EngineEnd): Verdict {
  const { text, usage, model } = heard;
  const facts = {
    ...(text === '' ? {} : { text }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
  const failure = failureIn(heard, end);
  return failure === undefined ? { ok: true, ...facts } : { ok: false, failure, ...facts };
}

function failureIn(heard: GeminiHeard, end: EngineEnd): Failure | undefined {
  if (heard.status !== undefined && heard.status !== 'success') {
    return geminiFailure(heard.failed ?? heard.error ?? `the turn ended with \`${heard.status}\``, end);
  }
  if (heard.status === undefined || end.exitCode !== 0) {
    return unlessLeftOut(geminiExitFailure({ ...heard, completed: heard.status !== undefined }, end), end);
  }
  // It says that all went well after it stopped by itself, too.
  if (heard.error !== undefined) return geminiFailure(heard.error, end);
  return heard.text.trim() === '' ? unlessLeftOut(speechless(), end) : undefined;
}

/** Follows what OpenCode prints with `run --format json`. */
import { addUsage, type Usage } from '../../model/event.ts';
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
import { countOf, eventOf, fieldsOf, sessionOf, textOf, usdOf, withNoise } from './event-line.ts';
import { type Servers, serverFailure } from './mcp.ts';
import {
  elsewhereFailure,
  opencodeExitFailure,
  opencodeFailure,
  opencodeTrouble,
  rejectedFailure,
  unfinishedFailure,
} from './opencode-failure.ts';
import { type Logged, readLogged } from './opencode-log.ts';
import { permissionOf } from './opencode-permissions.ts';

/** Everything heard of one turn. */
interface OpencodeHeard {
  session?: string;
  model?: string;
  /** What was said in the last message, which is one step. */
  texts: string[];
  message?: string;
  usage?: Usage;
  /** Why the last step that ended did so. */
  finish?: string;
  error?: JsonObject;
  /** What its log says of that error. */
  cause?: string;
  rejected?: string;
  trouble?: string;
  readonly servers?: Servers;
  /** A server that it was to start did not, without which it would go on. */
  serverless?: Failure;
  /** Where it was started. */
  place?: string;
  /** Where its session began, when that is elsewhere. */
  elsewhere?: string;
  /** Permissions of tools that were said to run in this step. */
  readonly running: Set<string>;
  over: boolean;
  events: number;
  /** The beginning of what it printed that was no event. */
  noise: string;
}

/** Of the tools that run in a step: what is printed of a tool comes when it has ended, all at once. */
const TOOLS = 'tools of this step';

/** Starts with nothing heard. @param model the one that was asked for @param servers those that it was to start */
export function opencodeReader(model: string | undefined, servers?: Servers): Reader {
  const heard: OpencodeHeard = {
    texts: [],
    running: new Set(),
    over: false,
    events: 0,
    noise: '',
    ...(servers === undefined ? {} : { servers }),
  };
  if (model !== undefined) heard.model = model;
  return {
    line: (text) => readLine(heard, text),
    errorLine: (text) => readLog(heard, readLogged(text)),
    session: () => heard.session,
    trouble: () => {
      if (heard.elsewhere !== undefined) return elsewhereFailure(heard.elsewhere);
      if (heard.serverless !== undefined) return heard.serverless;
      return heard.trouble === undefined ? undefined : opencodeTrouble(heard.trouble);
    },
    end: (end) => verdict(heard, end),
  };
}

/** Its two streams are not in step: what was printed before the end of the turn may be read after it. */
function living(heard: OpencodeHeard, said: readonly Said[]): Line {
  return { said, alive: true, over: heard.over };
}

function readLine(heard: OpencodeHeard, text: string): Line {
  const event = eventOf(text);
  if (event === undefined) {
    heard.noise = withNoise(heard.noise, text);
    return NOTHING_SAID;
  }
  heard.events += 1;
  const session = sessionOf(event.sessionID);
  if (session !== undefined) heard.session ??= session;
  const part = fieldsOf(event.part);
  // A try that fails begins a step, too.
  if (event.type === 'step_start') return { said: [], alive: heard.trouble === undefined, over: heard.over };
  delete heard.trouble;
  switch (event.type) {
    case 'text':
      return living(heard, readText(heard, part));
    case 'reasoning':
      return living(heard, [{ what: 'thinking', text: textOf(part.text) ?? '' }]);
    case 'tool_use':
      return living(heard, readTool(heard, part));
    case 'step_finish':
      return living(heard, readStep(heard, part));
    case 'error':
      heard.error = fieldsOf(event.error);
      return living(heard, stepped(heard));
    default:
      return living(heard, []);
  }
}

function readText(heard: OpencodeHeard, part: JsonObject): readonly Said[] {
  const text = textOf(part.text);
  if (text === undefined) return [];
  intoMessage(heard, part);
  heard.texts.push(text);
  return [{ what: 'text', text }];
}

function intoMessage(heard: OpencodeHeard, part: JsonObject): void {
  const message = textOf(part.messageID);
  if (message === undefined || message === heard.message) return;
  heard.message = message;
  heard.texts = [];
}

function readTool(heard: OpencodeHeard, part: JsonObject): readonly Said[] {
  const tool = textOf(part.tool) ?? 'tool';
  const state = fieldsOf(part.state);
  const input = fieldsOf(state.input);
  const id = textOf(part.callID) ?? '';
  const file = textOf(input.filePath);
  const failed = state.status !== 'completed';
  const result = (failed ? textOf(state.error) : textOf(state.output)) ?? '';
  const call = textOf(input.command) ?? file ?? textOf(input.pattern) ?? textOf(input.url) ?? '';
  const known = heard.running.has(permissionOf(tool));
  const changed = !failed && file !== undefined && permissionOf(tool) === 'edit';
  return [
    ...(known ? [] : [{ what: 'tool-call', tool, text: call, opens: id } as const]),
    { what: 'tool-result', tool, text: result, closes: id },
    ...(changed ? [{ what: 'file-change', text: file } as const] : []),
  ];
}

function readStep(heard: OpencodeHeard, part: JsonObject): readonly Said[] {
  intoMessage(heard, part);
  const usage = usageOf(part);
  heard.usage = heard.usage === undefined ? usage : addUsage(heard.usage, usage);
  heard.finish = textOf(part.reason) ?? 'unknown';
  return [...stepped(heard), { what: 'usage', usage: heard.usage }];
}

/** No tool of the step runs any more. */
function stepped(heard: OpencodeHeard): readonly Said[] {
  if (heard.running.size === 0) return [];
  heard.running.clear();
  return [{ what: 'tool-result', text: '', closes: TOOLS }];
}

/** Tokens and dollars of one step. What the model's price list does not know costs nothing there, which is not so. */
function usageOf(part: JsonObject): Usage {
  const tokens = fieldsOf(part.tokens);
  const cache = fieldsOf(tokens.cache);
  const cached = countOf(cache.read);
  const usage = {
    'input-tokens': countOf(tokens.input) + countOf(cache.write) + cached,
    'output-tokens': countOf(tokens.output) + countOf(tokens.reasoning),
    'cached-tokens': cached,
  };
  const used = usage['input-tokens'] + usage['output-tokens'] > 0;
  const usd = usdOf(part.cost);
  return { ...usage, usd: usd === 0 && used ? null : usd };
}

function readLog(heard: OpencodeHeard, logged: Logged): Line {
  switch (logged.what) {
    case 'works':
      heard.over = false;
      delete heard.trouble;
      return living(heard, []);
    case 'tool':
      delete heard.trouble;
      return living(heard, tells(heard, logged));
    case 'trouble':
      return readTrouble(heard, logged.words);
    case 'place':
      heard.place ??= logged.directory;
      if (heard.place === logged.directory) return NOTHING_SAID;
      // A session goes on in its own directory, which is not the one that this attempt may change.
      heard.elsewhere = logged.directory;
      return { said: [], alive: false, over: false, hopeless: true };
    case 'serverless':
      return readServer(heard, logged.server);
    case 'cause':
      heard.cause = logged.words;
      return NOTHING_SAID;
    case 'model':
      heard.model ??= logged.model;
      return NOTHING_SAID;
    case 'over':
      heard.over = true;
      return living(heard, []);
    case 'rejected':
      heard.rejected = logged.words;
      return NOTHING_SAID;
    case 'nothing':
      return NOTHING_SAID;
  }
}

/** Servers of the user's own may be missing; those of the step may not. */
function readServer(heard: OpencodeHeard, name: string): Line {
  const failure = serverFailure(heard.servers, name);
  if (failure === undefined) return NOTHING_SAID;
  heard.serverless ??= failure;
  return { said: [], alive: false, over: false, hopeless: true };
}

/** It tries again after anything that it takes for passing; a quota that is used up is none of that. */
function readTrouble(heard: OpencodeHeard, words: string): Line {
  heard.trouble = words;
  const line = {
    said: [...stepped(heard), { what: 'retry', text: words } as const],
    alive: false,
    over: false,
  };
  return opencodeTrouble(words).reason === 'quota' ? { ...line, hopeless: true } : line;
}

function tells(
  heard: OpencodeHeard,
  { permission, pattern }: Extract<Logged, { what: 'tool' }>,
): readonly Said[] {
  const first = heard.running.size === 0;
  heard.running.add(permission);
  return [{ what: 'tool-call', tool: permission, text: pattern, ...(first ? { opens: TOOLS } : {}) }];
}

function verdict(heard: OpencodeHeard, end: EngineEnd): Verdict {
  const { usage, model } = heard;
  const facts = {
    ...(heard.texts.length === 0 ? {} : { text: heard.texts.join('\n') }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
  const failure = failureIn(heard, end);
  return failure === undefined ? { ok: true, ...facts } : { ok: false, failure, ...facts };
}

/** It succeeded when it exits with 0, its last step ended with `stop`, and there was no error; none of the three alone says so. */
function failureIn(heard: OpencodeHeard, end: EngineEnd): Failure | undefined {
  if (heard.elsewhere !== undefined) return elsewhereFailure(heard.elsewhere);
  if (heard.serverless !== undefined) return heard.serverless;
  if (heard.error !== undefined) return opencodeFailure(heard.error, heard.cause, end.now);
  if (heard.rejected !== undefined) return rejectedFailure(heard.rejected);
  const answered = heard.finish === 'stop' && heard.texts.length > 0;
  if (end.exitCode === 0 && answered) return undefined;
  const unfinished = end.exitCode === 0 ? unfinishedFailure(heard.finish) : undefined;
  return unlessLeftOut(unfinished ?? opencodeExitFailure(heard, end), end);
}

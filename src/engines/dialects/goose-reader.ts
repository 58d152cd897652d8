/** Follows what goose prints with `--output-format stream-json`. */
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
import { countOf, eventOf, fieldsOf, listOf, sessionOf, textOf, usdOf, withNoise } from './event-line.ts';
import { gooseComplaint, gooseExitFailure, gooseFailure, gooseSilence } from './goose-failure.ts';
import { gooseToolCall, gooseToolResult, type OpenCalls } from './goose-tools.ts';
import { type Servers, serverFailure } from './mcp.ts';

/** Everything heard of one turn. */
interface GooseHeard {
  /** The message that pieces are added to: those of one carry the same id. */
  id?: string;
  text: string;
  /** Whether the last thing it did was to give a message: work alone is no answer. */
  answered: boolean;
  /** What it said that went wrong. */
  failed?: string;
  usage?: Usage;
  completed: boolean;
  readonly servers?: Servers;
  /** A server that it was to start did not, without which it would go on. */
  serverless?: Failure;
  model?: string;
  events: number;
  noise: string;
  readonly open: OpenCalls;
  /** A text that may go on, and has not been said yet: it comes in pieces as small as a word. */
  unsaid?: { readonly what: 'text' | 'thinking'; text: string };
}

/**
 * Starts with nothing heard.
 * @param session the name under which the session was opened, or is gone on in: its lines name none
 * @param model the one that was asked for
 * @param servers those that it was to start
 */
export function gooseReader(session: string, model: string | undefined, servers?: Servers): Reader {
  const heard: GooseHeard = {
    text: '',
    answered: false,
    completed: false,
    events: 0,
    noise: '',
    open: new Map(),
    ...(model === undefined ? {} : { model }),
    ...(servers === undefined ? {} : { servers }),
  };
  return {
    line: (text) => readLine(heard, text),
    errorLine: (text) => readWarning(heard, text),
    session: () => (heard.events === 0 ? undefined : sessionOf(session)),
    trouble: () => heard.serverless,
    end: (end) => verdict(heard, end),
  };
}

function readLine(heard: GooseHeard, text: string): Line {
  const event = eventOf(text);
  const type = textOf(event?.type);
  if (event === undefined || type === undefined) {
    heard.noise = withNoise(heard.noise, text);
    return NOTHING_SAID;
  }
  switch (type) {
    case 'message':
      heard.events += 1;
      return living(readMessage(heard, fieldsOf(event.message)));
    case 'error':
      heard.events += 1;
      heard.failed = textOf(event.error) ?? 'the turn failed';
      return over(saidAtLast(heard));
    case 'complete':
      heard.events += 1;
      return complete(heard, event);
    case 'model_change':
      heard.events += 1;
      heard.model ??= textOf(event.model) ?? '';
      return living([]);
    case 'notification':
      heard.events += 1;
      return living([]);
    default:
      return living([]);
  }
}

/** How it says that it goes on without a server (`build_session` in crates/goose-cli/src/session/builder.rs). */
const WITHOUT = /Failed to start (?:[\w ]+ )?extension '([^']*)' \((.*)\), continuing without it/;

/** A server is called like its address, or like the script that starts it. */
function readWarning(heard: GooseHeard, text: string): Line {
  const [, called = '', why] = WITHOUT.exec(text) ?? [];
  const byAddress = Object.entries(heard.servers ?? {}).find(([, { url }]) => url === called)?.[0];
  const name = byAddress ?? called.replace(/"/g, '').replace(/^.*\//, '');
  const failure = serverFailure(heard.servers, name, why);
  if (failure === undefined) return NOTHING_SAID;
  heard.serverless ??= failure;
  return { said: [], alive: false, over: false, hopeless: true };
}

function living(said: readonly Said[]): Line {
  return { said, alive: true, over: false };
}

function readMessage(heard: GooseHeard, message: JsonObject): readonly Said[] {
  heard.completed = false;
  const byModel = message.role === 'assistant';
  const id = textOf(message.id);
  return listOf(message.content).flatMap((one): readonly Said[] => {
    const part = fieldsOf(one);
    switch (part.type) {
      case 'text':
        return byModel ? readText(heard, id, textOf(part.text) ?? '') : [];
      case 'thinking':
        return piece(heard, 'thinking', textOf(part.thinking) ?? '', true);
      case 'toolRequest':
      case 'frontendToolRequest':
        heard.answered = false;
        return [...saidAtLast(heard), ...gooseToolCall(heard.open, part)];
      case 'toolResponse':
        heard.answered = false;
        return [...saidAtLast(heard), ...gooseToolResult(heard.open, part)];
      case 'systemNotification':
        if (part.notificationType === 'creditsExhausted')
          heard.failed = `Credits exhausted: ${textOf(part.msg) ?? ''}`;
        return [];
      case 'error':
        heard.failed = `${textOf(part.kind) ?? ''}: ${textOf(part.message) ?? ''}`.replace(/^: /, '');
        return [];
      default:
        return [];
    }
  });
}

/** A message comes in pieces; what is said after a tool was used begins another one. */
function readText(heard: GooseHeard, id: string | undefined, text: string): readonly Said[] {
  if (text === '') return [];
  const goesOn = heard.answered && heard.id === id;
  heard.text = goesOn ? `${heard.text}${text}` : text;
  heard.answered = true;
  if (id === undefined) delete heard.id;
  else heard.id = id;
  return piece(heard, 'text', text, goesOn);
}

function piece(heard: GooseHeard, what: 'text' | 'thinking', text: string, goesOn: boolean): readonly Said[] {
  if (goesOn && heard.unsaid?.what === what) {
    heard.unsaid.text += text;
    return [];
  }
  const said = saidAtLast(heard);
  heard.unsaid = { what, text };
  return said;
}

/** What has come in pieces and goes on no more. Its own complaints are told as the failure that they are. */
function saidAtLast(heard: GooseHeard): readonly Said[] {
  const { unsaid } = heard;
  delete heard.unsaid;
  return unsaid === undefined || gooseComplaint(unsaid.text) !== undefined ? [] : [unsaid];
}

/** Its counts are those of the whole session, as it goes on counting in one (`get_session_usage_totals`). */
function complete(heard: GooseHeard, event: JsonObject): Line {
  heard.completed = true;
  const cached = countOf(event.cache_read_input_tokens);
  // Older versions say only how much of the context is filled, which is no use of this turn.
  if (event.input_tokens === undefined || event.input_tokens === null) return over(saidAtLast(heard));
  heard.usage = {
    'input-tokens': countOf(event.input_tokens),
    'output-tokens': countOf(event.output_tokens),
    'cached-tokens': cached,
    usd: usdOf(event.cost_usd),
  };
  return over(saidAtLast(heard));
}

function over(said: readonly Said[]): Line {
  return { said, alive: true, over: true };
}

function verdict(heard: GooseHeard, end: EngineEnd): Verdict {
  const { usage, model, text } = heard;
  const complaint = heard.answered ? gooseComplaint(text) : undefined;
  const facts = {
    cumulative: true,
    ...(text === '' || complaint !== undefined ? {} : { text }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined || model === '' ? {} : { model }),
  };
  const failure = failureIn(heard, complaint, end);
  return failure === undefined ? { ok: true, ...facts } : { ok: false, failure, ...facts };
}

function failureIn(heard: GooseHeard, complaint: string | undefined, end: EngineEnd): Failure | undefined {
  if (heard.serverless !== undefined) return heard.serverless;
  if (end.signal !== null) return gooseExitFailure(heard, end);
  // An error repeats in few words what a message said in more.
  const words = complaint ?? heard.failed;
  if (words !== undefined) return gooseFailure(words, end.now);
  if (!heard.completed || end.exitCode !== 0) return unlessLeftOut(gooseExitFailure(heard, end), end);
  return heard.answered && heard.text.trim() !== '' ? undefined : unlessLeftOut(gooseSilence(), end);
}

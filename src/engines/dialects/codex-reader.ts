/** Follows what Codex prints with `exec --json`. */
import type { Usage } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import type { JsonObject } from '../../model/result.ts';
import { codexExitFailure, codexFailure, codexNetworkTrouble, silentRefusal } from './codex-failure.ts';
import {
  type EngineEnd,
  type Ledger,
  type Line,
  NOTHING_SAID,
  type Reader,
  type Said,
  unlessLeftOut,
  type Verdict,
} from './dialect.ts';
import { countOf, eventOf, fieldsOf, listOf, objectOf, sessionOf, textOf, withNoise } from './event-line.ts';
import type { Servers } from './mcp.ts';

/** Everything heard of one turn. */
interface CodexHeard {
  session?: string;
  text?: string;
  /** Whether the last thing it did was to give a message: work alone is no answer. */
  answered: boolean;
  /** Of the whole thread: resumed and forked ones go on counting. */
  usage?: Usage;
  completed: boolean;
  failed?: string;
  /** The last `error` line, which most often repeats what then fails the turn. */
  error?: string;
  trouble?: string;
  events: number;
  readonly servers?: Servers;
  /** The beginning of what it printed that was no event. */
  noise: string;
}

/** Starts with nothing heard. @param model the one that was asked for; its lines name none @param servers those that it was to start */
export function codexReader(model: string | undefined, servers?: Servers): Reader {
  const heard: CodexHeard = {
    answered: false,
    completed: false,
    events: 0,
    noise: '',
    ...(servers === undefined ? {} : { servers }),
  };
  return {
    line: (text) => readLine(heard, text),
    session: () => heard.session,
    trouble: () => (heard.trouble === undefined ? undefined : codexNetworkTrouble(heard.trouble)),
    end: (end) => verdict(heard, model, end),
  };
}

function readLine(heard: CodexHeard, text: string): Line {
  const event = eventOf(text);
  if (event === undefined) {
    heard.noise = withNoise(heard.noise, text);
    return NOTHING_SAID;
  }
  heard.events += 1;
  if (event.type === 'error') return readError(heard, textOf(event.message) ?? '');
  delete heard.trouble;
  switch (event.type) {
    case 'thread.started': {
      const session = sessionOf(event.thread_id);
      if (session !== undefined) heard.session = session;
      return living([]);
    }
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return living(readItem(heard, fieldsOf(event.item), event.type === 'item.completed'));
    case 'turn.started':
      heard.completed = false;
      heard.answered = false;
      return living([]);
    case 'turn.completed':
      heard.completed = true;
      heard.usage = codexTokens(fieldsOf(event.usage));
      return { said: [], alive: true, over: true };
    case 'turn.failed':
      heard.failed = textOf(fieldsOf(event.error).message) ?? 'the turn failed';
      return { said: [], alive: true, over: true };
    default:
      return living([]);
  }
}

function living(said: readonly Said[]): Line {
  return { said, alive: true, over: false };
}

/** `Reconnecting... 2/5 (…)` is another try, not an end; only `turn.failed` is. Without a network it says so for ever. */
function readError(heard: CodexHeard, message: string): Line {
  heard.error = message;
  if (!message.startsWith('Reconnecting')) return living([]);
  heard.trouble = message;
  return { said: [{ what: 'retry', text: message }], alive: false, over: false };
}

const TOOLS = new Set([
  'command_execution',
  'mcp_tool_call',
  'web_search',
  'file_change',
  'collab_tool_call',
]);

function readItem(heard: CodexHeard, item: JsonObject, completed: boolean): readonly Said[] {
  const type = textOf(item.type) ?? '';
  if (TOOLS.has(type)) {
    heard.answered = false;
    return readTool(item, type, completed);
  }
  if (!completed) return [];
  switch (type) {
    case 'agent_message': {
      const text = textOf(item.text);
      if (text === undefined) return [];
      heard.text = text;
      heard.answered = true;
      return [{ what: 'text', text }];
    }
    case 'reasoning':
      return [{ what: 'thinking', text: textOf(item.text) ?? '' }];
    default:
      // An item of type `error` is a warning, such as an unknown model's missing metadata.
      return [];
  }
}

function readTool(item: JsonObject, type: string, completed: boolean): readonly Said[] {
  const id = textOf(item.id) ?? '';
  const tool = type === 'mcp_tool_call' ? (textOf(item.tool) ?? type) : type;
  const paths = listOf(item.changes).map((change) => textOf(fieldsOf(change).path) ?? '');
  if (!completed) {
    if (item.status !== undefined && item.status !== 'in_progress') return [];
    const text = textOf(item.command) ?? textOf(item.query) ?? paths.join(', ');
    return [{ what: 'tool-call', tool, text, opens: id }];
  }
  if (type === 'file_change') {
    const said: Said = { what: 'tool-result', tool, text: textOf(item.status) ?? '', closes: id };
    return item.status === 'completed'
      ? [said, ...paths.map((path): Said => ({ what: 'file-change', text: path }))]
      : [said];
  }
  const output = textOf(item.aggregated_output) ?? '';
  const code = countOf(item.exit_code);
  return [
    { what: 'tool-result', tool, text: code === 0 ? output : `${output}exit code ${code}`, closes: id },
  ];
}

/** Tokens as Codex counts them: what came from the cache is part of the input. It knows no prices. */
function codexTokens(usage: JsonObject): Usage {
  return {
    'input-tokens': countOf(usage.input_tokens),
    'output-tokens': countOf(usage.output_tokens),
    'cached-tokens': countOf(usage.cached_input_tokens),
    usd: null,
  };
}

function verdict(heard: CodexHeard, model: string | undefined, end: EngineEnd): Verdict {
  const facts = {
    cumulative: true,
    ...(heard.text === undefined ? {} : { text: heard.text }),
    ...(heard.usage === undefined ? {} : { usage: heard.usage }),
    ...(model === undefined ? {} : { model }),
  };
  const failure = failureIn(heard, end);
  return failure === undefined ? { ok: true, ...facts } : { ok: false, failure, ...facts };
}

function failureIn(heard: CodexHeard, end: EngineEnd): Failure | undefined {
  if (heard.failed !== undefined) return codexFailure(heard.failed, end.now);
  if (!heard.completed || end.exitCode !== 0) return unlessLeftOut(codexExitFailure(heard, end), end);
  // A refusal is a completed turn, exit code 0, and no word.
  return heard.answered ? undefined : unlessLeftOut(silentRefusal(), end);
}

/** The last counts and the last model in the end of a session's record (`$CODEX_HOME/sessions/…/rollout-*.jsonl`). */
export function codexLedger(lines: readonly string[]): Ledger {
  let usage: Usage | undefined;
  let model: string | undefined;
  for (const line of lines) {
    const event = eventOf(line);
    const payload = fieldsOf(event?.payload);
    if (event?.type === 'turn_context') model = textOf(payload.model) ?? model;
    const total = objectOf(fieldsOf(payload.info).total_token_usage);
    if (payload.type === 'token_count' && total !== undefined) usage = codexTokens(total);
  }
  return { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
}

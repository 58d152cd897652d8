/** Follows what Claude Code prints with `--output-format stream-json`. */
import { addUsage, NO_USAGE, type Usage } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import {
  claudeExitFailure,
  claudeFailure,
  claudeRetryTrouble,
  deniedFailure,
  unaskedFailure,
} from './claude-code-failure.ts';
import {
  type EngineEnd,
  type Line,
  NOTHING_SAID,
  type Reader,
  type Said,
  unlessLeftOut,
  type Verdict,
} from './dialect.ts';
import {
  countOf,
  eventOf,
  fieldsOf,
  listOf,
  objectOf,
  sessionOf,
  textOf,
  usdOf,
  withNoise,
} from './event-line.ts';
import { type Servers, serverFailure } from './mcp.ts';

/** Everything heard of one turn. */
export interface ClaudeHeard {
  session?: string;
  /** The last line that closes a turn; one process may print several, when work in the background calls the model again. */
  result?: JsonObject;
  /** The tag of the last assistant message that is really an error. */
  error?: string;
  /** When the plan's limit is over, in Unix seconds. */
  resetsAt?: number;
  /** How long it waited before the try that it made last after one that failed, in milliseconds: as the server said, where it said so. */
  retryMs?: number;
  usage?: Usage;
  model?: string;
  version?: string;
  trouble?: Failure;
  readonly servers?: Servers;
  /** A server that it was to start did not, without which it would go on. */
  serverless?: Failure;
  /** Lines that were events at all. */
  events: number;
  /** The beginning of what it printed that was no event. */
  noise: string;
  /** Whether a model said anything. */
  replied: boolean;
  /** Whether the main conversation went on after the last line that closes a turn. */
  open: boolean;
  /** Tokens per message, for a turn that never came to its end. */
  readonly messages: Map<string, Usage>;
  /** Tokens that were said to be used so far. */
  said: number;
  /** Files that an open editing tool is about to change, by its id. */
  readonly editing: Map<string, string>;
}

const EDITORS = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit']);

/** What the engine names as the model of messages it made itself. */
const SYNTHETIC = '<synthetic>';

/** Starts with nothing heard. @param prompt what it was asked @param servers those that it was to start */
export function claudeReader(prompt: string, servers?: Servers): Reader {
  const heard: ClaudeHeard = {
    ...(servers === undefined ? {} : { servers }),
    events: 0,
    noise: '',
    replied: false,
    open: false,
    messages: new Map(),
    said: 0,
    editing: new Map(),
  };
  return {
    line: (text) => readLine(heard, text),
    session: () => heard.session,
    version: () => heard.version,
    trouble: () => heard.serverless ?? heard.trouble,
    end: (end) => verdict(heard, prompt, end),
  };
}

function readLine(heard: ClaudeHeard, text: string): Line {
  const event = eventOf(text);
  if (event === undefined) {
    heard.noise = withNoise(heard.noise, text);
    return NOTHING_SAID;
  }
  heard.events += 1;
  const session = sessionOf(event.session_id);
  if (session !== undefined) heard.session = session;
  if (event.type === 'system' && event.subtype === 'api_retry') {
    heard.trouble = claudeRetryTrouble(event);
    heard.retryMs = countOf(event.retry_delay_ms);
    return { said: [{ what: 'retry', text: heard.trouble.message }], alive: false, over: false };
  }
  delete heard.trouble;
  switch (event.type) {
    case 'system': {
      const line = living(readSystem(heard, event));
      return heard.serverless === undefined ? line : { ...line, hopeless: true };
    }
    case 'assistant':
      return living(readAssistant(heard, event));
    case 'user':
      return living(readToolResults(heard, event));
    case 'rate_limit_event':
      readLimit(heard, fieldsOf(event.rate_limit_info));
      return living([]);
    case 'result':
      return { said: readResult(heard, event), alive: true, over: true };
    default:
      return living([]);
  }
}

function living(said: readonly Said[]): Line {
  return { said, alive: true, over: false };
}

function readSystem(heard: ClaudeHeard, event: JsonObject): readonly Said[] {
  if (event.subtype === 'init') {
    const model = textOf(event.model);
    if (model !== undefined) heard.model = model;
    const version = textOf(event.claude_code_version);
    if (version !== undefined) heard.version = version;
    for (const one of listOf(event.mcp_servers).map(fieldsOf)) {
      const failed = one.status === 'failed' || one.status === 'needs-auth';
      const why = one.status === 'failed' ? undefined : 'it wants a sign-in';
      const failure = failed ? serverFailure(heard.servers, textOf(one.name) ?? '', why) : undefined;
      if (failure !== undefined) heard.serverless ??= failure;
    }
  }
  if (event.subtype !== 'permission_denied') return [];
  const tool = textOf(event.tool_name) ?? 'a tool';
  const why = textOf(event.decision_reason) ?? textOf(event.message) ?? '';
  return [{ what: 'tool-result', tool, text: `denied: ${why}` }];
}

function readAssistant(heard: ClaudeHeard, event: JsonObject): readonly Said[] {
  const message = fieldsOf(event.message);
  const error = textOf(event.error);
  if (error === undefined) delete heard.error;
  else heard.error = error;
  const model = textOf(message.model);
  // A subagent may use another model; the step's is that of the main conversation.
  const main = event.parent_tool_use_id === null || event.parent_tool_use_id === undefined;
  if (model !== undefined && model !== SYNTHETIC && main) heard.model = model;
  const id = textOf(message.id);
  if (id !== undefined && model !== SYNTHETIC) {
    heard.replied = true;
    delete heard.retryMs;
    heard.open = heard.open || main;
    heard.messages.set(id, tokensOf(fieldsOf(message.usage)));
  }
  const said = listOf(message.content).flatMap((block) => readBlock(heard, fieldsOf(block)));
  return [...said, ...soFar(heard)];
}

/** What is used is said while the turn goes on, once per change: whoever waits for its end notices too late. */
function soFar(heard: ClaudeHeard): readonly Said[] {
  const usage = heard.messages.size === 0 ? undefined : spent(heard);
  const tokens = usage === undefined ? 0 : usage['input-tokens'] + usage['output-tokens'];
  if (usage === undefined || tokens === heard.said) return [];
  heard.said = tokens;
  return [{ what: 'usage', usage }];
}

function readBlock(heard: ClaudeHeard, block: JsonObject): readonly Said[] {
  switch (block.type) {
    case 'text':
      return [{ what: 'text', text: textOf(block.text) ?? '' }];
    case 'thinking':
      return [{ what: 'thinking', text: textOf(block.thinking) ?? '' }];
    case 'tool_use': {
      const id = textOf(block.id) ?? '';
      const tool = textOf(block.name) ?? 'tool';
      const input = fieldsOf(block.input);
      const path = textOf(input.file_path) ?? textOf(input.notebook_path);
      if (EDITORS.has(tool) && path !== undefined) heard.editing.set(id, path);
      const text = textOf(input.command) ?? path ?? JSON.stringify(input);
      return [{ what: 'tool-call', tool, text, opens: id }];
    }
    default:
      return [];
  }
}

function readToolResults(heard: ClaudeHeard, event: JsonObject): readonly Said[] {
  return listOf(fieldsOf(event.message).content).flatMap((one) => {
    const block = fieldsOf(one);
    if (block.type !== 'tool_result') return [];
    const id = textOf(block.tool_use_id) ?? '';
    const said: Said[] = [{ what: 'tool-result', text: contentText(block.content), closes: id }];
    const path = heard.editing.get(id);
    heard.editing.delete(id);
    if (path !== undefined && block.is_error !== true) said.push({ what: 'file-change', text: path });
    return said;
  });
}

function contentText(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((part) => textOf(fieldsOf(part).text) ?? '')
    .join('\n');
}

function readLimit(heard: ClaudeHeard, info: JsonObject): void {
  // On a subscription, a limit of requests per minute is said in the same way, without a time.
  if (info.status === 'rejected' && countOf(info.resetsAt) > 0) heard.resetsAt = countOf(info.resetsAt);
}

function readResult(heard: ClaudeHeard, event: JsonObject): readonly Said[] {
  heard.result = event;
  heard.open = false;
  heard.messages.clear();
  const usage = usageOf(event);
  heard.usage = heard.usage === undefined ? usage : addUsage(heard.usage, usage);
  return [{ what: 'usage', usage: heard.usage }];
}

/** Tokens of one message or result; the engine counts what came from the cache beside the rest. */
function tokensOf(usage: JsonObject): Usage {
  const cached = countOf(usage.cache_read_input_tokens);
  return {
    'input-tokens': countOf(usage.input_tokens) + countOf(usage.cache_creation_input_tokens) + cached,
    'output-tokens': countOf(usage.output_tokens),
    'cached-tokens': cached,
    usd: null,
  };
}

/**
 * What a `result` adds. `modelUsage` and `total_cost_usd` go on counting over a resumed session, `usage` leaves out tries for a
 * structured answer; `model_usage_since_last_result` does neither, but is empty for a reply that broke off.
 */
function usageOf(result: JsonObject): Usage {
  const since = objectOf(result.model_usage_since_last_result);
  const perModel = Object.values(since ?? {}).map(fieldsOf);
  const tokens = tokensOf(fieldsOf(result.usage));
  if (perModel.length === 0) return { ...tokens, usd: since === undefined ? null : 0 };
  return perModel.reduce<Usage>((sum, one) => {
    const cached = countOf(one.cacheReadInputTokens);
    return addUsage(sum, {
      'input-tokens': countOf(one.inputTokens) + countOf(one.cacheCreationInputTokens) + cached,
      'output-tokens': countOf(one.outputTokens),
      'cached-tokens': cached,
      usd: usdOf(one.costUSD),
    });
  }, NO_USAGE);
}

/** All that is known of what was spent. Without a last `result` the replies are counted as far as they were announced. */
function spent(heard: ClaudeHeard): Usage | undefined {
  const open = [...heard.messages.values()];
  if (open.length === 0) return heard.usage;
  return open.reduce((sum, one) => addUsage(sum, one), heard.usage ?? NO_USAGE);
}

function verdict(heard: ClaudeHeard, prompt: string, end: EngineEnd): Verdict {
  const { result, model } = heard;
  const usage = spent(heard);
  const text = textOf(result?.result);
  const structured = result?.structured_output;
  const facts = {
    ...(text === undefined ? {} : { text }),
    ...(structured === undefined || structured === null ? {} : { structured }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
  const failure = failureIn(heard, prompt, end);
  return failure === undefined ? { ok: true, ...facts } : { ok: false, failure, ...facts };
}

function failureIn(heard: ClaudeHeard, prompt: string, end: EngineEnd): Failure | undefined {
  const { result } = heard;
  if (heard.serverless !== undefined) return heard.serverless;
  if (result === undefined) return unlessLeftOut(claudeExitFailure(heard, end), end);
  // Failures of the API come as `subtype: success` too, so is_error is asked first.
  if (result.is_error !== false || result.subtype !== 'success') return claudeFailure(heard, result, end.now);
  // What it said after the last end of a turn belongs to another one, which was cut off.
  if (end.exitCode !== 0 || heard.open) return unlessLeftOut(claudeExitFailure(heard, end), end);
  if (!heard.replied) return unlessLeftOut(unaskedFailure(prompt), end);
  // Denied calls beside a final message are for the reader of that message: the agent says what it could not do.
  const denied = listOf(result.permission_denials);
  if (denied.length > 0 && textOf(result.result) === undefined) return deniedFailure(denied);
  return undefined;
}

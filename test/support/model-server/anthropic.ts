// Speaks Anthropic Messages, streaming or not, for the scripted model.
import type { ServerResponse } from 'node:http';

import { type AnthropicRefusal, anthropicRefusal } from './anthropic-refusals.ts';
import type { Conversation, Entry } from './conversation.ts';
import { type CompleteReply, type Reply, usagePerReply } from './reply.ts';
import { type StreamEvent, sendEvents, sendJson } from './wire.ts';

interface Block {
  type: string;
  text?: string;
  content?: string | Block[];
  is_error?: boolean;
}

/** The fields of a request to `POST /v1/messages` that matter here. */
export interface MessagesRequest {
  model?: string;
  stream?: boolean;
  system?: string | Block[];
  messages?: { role: string; content: string | Block[] }[];
  tools?: { name: string }[];
}

function textOf(content: string | Block[] | undefined): string {
  if (content === undefined || typeof content === 'string') return content ?? '';
  return content.map((block) => block.text ?? '').join('\n');
}

function entriesOf(role: string, content: string | Block[]): Entry[] {
  const blocks: Block[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return blocks.flatMap((block): Entry[] => {
    if (block.type === 'tool_result') {
      return [{ from: 'tool', text: textOf(block.content), failed: block.is_error === true }];
    }
    if (block.type !== 'text' || role === 'system') return [];
    return [{ from: role === 'assistant' ? 'assistant' : 'user', text: block.text ?? '' }];
  });
}

/** Reads a request into the shape scenarios look at. */
export function readMessages(request: MessagesRequest): Conversation {
  const messages = request.messages ?? [];
  // The environment stands in a message of role `system` among the others; older versions put it into `system`.
  const said = [textOf(request.system), ...messages.map((message) => textOf(message.content))].join('\n');
  return {
    entries: messages.flatMap((message) => entriesOf(message.role, message.content)),
    tools: (request.tools ?? []).map((tool) => tool.name),
    cwd: /[Ww]orking directory: (\/.*)/.exec(said)?.[1]?.trim() ?? '/',
  };
}

const usage = {
  input_tokens: usagePerReply.input,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: usagePerReply.cached,
  output_tokens: usagePerReply.output,
};

interface Message {
  content: { type: string; [key: string]: unknown }[];
  stop: string;
}

/** Puts a complete reply into content blocks. A tool is called even where it is not offered: walls are tested so. */
function messageOf(reply: CompleteReply, tools: readonly string[], id: (prefix: string) => string): Message {
  const use = (name: string, input: unknown): Message => ({
    content: [{ type: 'tool_use', id: id('toolu'), name, input }],
    stop: 'tool_use',
  });
  switch (reply.kind) {
    case 'shell':
      return use('Bash', { command: reply.command, description: 'Run a scripted command' });
    case 'write':
      return use('Write', { file_path: reply.path, content: reply.content });
    case 'answer':
      if (tools.includes('StructuredOutput')) return use('StructuredOutput', reply.value);
      return { content: [{ type: 'text', text: JSON.stringify(reply.value) }], stop: 'end_turn' };
    case 'say': {
      const thinking =
        reply.thinking === undefined
          ? []
          : [{ type: 'thinking', thinking: reply.thinking, signature: 'c2ln' }];
      const text = reply.end === 'refusal' ? [] : [{ type: 'text', text: reply.text }];
      const stop = { stop: 'end_turn', refusal: 'refusal', cut: 'max_tokens' }[reply.end ?? 'stop'];
      return { content: [...thinking, ...text], stop };
    }
  }
}

function startOf(id: string, model: string): StreamEvent {
  const message = {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
  return { type: 'message_start', message: { ...message, usage: { ...usage, output_tokens: 1 } } };
}

/** A block arrives as an empty start, deltas, an end. */
function blockEvents(block: Message['content'][number], index: number): StreamEvent[] {
  const delta = (value: Record<string, unknown>): StreamEvent => ({
    type: 'content_block_delta',
    index,
    delta: value,
  });
  const start = (content_block: unknown): StreamEvent => ({
    type: 'content_block_start',
    index,
    content_block,
  });
  const stop = { type: 'content_block_stop', index };
  if (block.type === 'tool_use') {
    const json = JSON.stringify(block.input);
    return [start({ ...block, input: {} }), delta({ type: 'input_json_delta', partial_json: json }), stop];
  }
  if (block.type === 'thinking') {
    const { thinking, signature } = block;
    const signed = delta({ type: 'signature_delta', signature });
    return [
      start({ ...block, thinking: '', signature: '' }),
      delta({ type: 'thinking_delta', thinking }),
      signed,
      stop,
    ];
  }
  return [start({ type: 'text', text: '' }), delta({ type: 'text_delta', text: block.text }), stop];
}

/** What has arrived when a stream breaks in the middle of a text. */
function partialEvents(id: string, model: string, text: string): StreamEvent[] {
  return [startOf(id, model), ...blockEvents({ type: 'text', text }, 0).slice(0, 2)];
}

function sendRefusal(response: ServerResponse, refusal: AnthropicRefusal): void {
  const body = {
    type: 'error',
    error: { type: refusal.type, message: refusal.message },
    request_id: 'req_scripted',
  };
  sendJson(response, refusal.status, body, refusal.headers);
}

function sendMessage(
  { content, stop }: Message,
  model: string,
  request: MessagesRequest,
  response: ServerResponse,
  id: (prefix: string) => string,
): void {
  const ended = { stop_reason: stop, stop_sequence: null };
  if (request.stream !== true) {
    sendJson(response, 200, {
      id: id('msg'),
      type: 'message',
      role: 'assistant',
      model,
      content,
      ...ended,
      usage,
    });
    return;
  }
  const events = [
    startOf(id('msg'), model),
    ...content.flatMap(blockEvents),
    { type: 'message_delta', delta: ended, usage },
    { type: 'message_stop' },
  ];
  sendEvents(response, events, 'end');
}

/** Sends a reply as the provider would. */
export function replyMessages(
  reply: Reply,
  request: MessagesRequest,
  response: ServerResponse,
  id: (prefix: string) => string,
): void {
  const model = request.model ?? 'scripted';
  // After a stream that broke, Claude Code asks once more without streaming: there is nothing to break in the middle of.
  const streams = request.stream === true;
  switch (reply.kind) {
    case 'hang':
      break;
    case 'refuse':
      sendRefusal(response, anthropicRefusal(reply));
      break;
    case 'stall':
      if (streams) sendEvents(response, partialEvents(id('msg'), model, reply.text), 'silence');
      break;
    case 'drop':
      if (streams) sendEvents(response, partialEvents(id('msg'), model, reply.text), 'cut');
      else response.destroy();
      break;
    case 'overload': {
      const overloaded = anthropicRefusal({ kind: 'refuse', how: '529', resetsAt: 0 });
      const error = { type: 'error', error: { type: overloaded.type, message: overloaded.message } };
      if (streams) sendEvents(response, [...partialEvents(id('msg'), model, reply.text), error], 'end');
      else sendRefusal(response, overloaded);
      break;
    }
    default: {
      const tools = (request.tools ?? []).map((tool) => tool.name);
      sendMessage(messageOf(reply, tools, id), model, request, response, id);
    }
  }
}

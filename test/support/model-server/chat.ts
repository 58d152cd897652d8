// Speaks OpenAI Chat Completions as OpenCode uses it for the scripted model.
import type { ServerResponse } from 'node:http';

import type { Conversation, Entry } from './conversation.ts';
import { openaiRefusal } from './openai-refusals.ts';
import { type CompleteReply, type Reply, usagePerReply } from './reply.ts';
import { type StreamEnd, sendJson, sendStream } from './wire.ts';

type Content = string | { text?: string }[] | null | undefined;

/** The fields of a request to `POST /v1/chat/completions` that matter here. */
export interface ChatRequest {
  model?: string;
  stream?: boolean;
  messages?: { role: string; content?: Content }[];
  tools?: { function?: { name?: string } }[];
}

function textOf(content: Content): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('\n');
}

// The protocol has no mark for a tool that failed: OpenCode's own words tell it, its bash in a line of its own.
const failedTool = /^(?:Error|The user (?:has )?rejected|The user has specified a rule)|exit code: [1-9]/m;

function entryOf({ role, content }: { role: string; content?: Content }): Entry[] {
  const text = textOf(content);
  switch (role) {
    case 'tool':
      return [{ from: 'tool', text, failed: failedTool.test(text) }];
    case 'user':
      return [{ from: 'user', text }];
    case 'assistant':
      return text === '' ? [] : [{ from: 'assistant', text }];
    default:
      return [];
  }
}

/** Reads a request into the shape scenarios look at. */
export function readChat(request: ChatRequest): Conversation {
  const messages = request.messages ?? [];
  const said = messages.map(({ content }) => textOf(content)).join('\n');
  return {
    entries: messages.flatMap(entryOf),
    tools: (request.tools ?? []).flatMap(({ function: tool }) => tool?.name ?? []),
    cwd: /[Ww]orking directory: (\/.*)/.exec(said)?.[1]?.trim() ?? '/',
  };
}

const usage = {
  prompt_tokens: usagePerReply.input + usagePerReply.cached,
  prompt_tokens_details: { cached_tokens: usagePerReply.cached },
  completion_tokens: usagePerReply.output,
  total_tokens: usagePerReply.input + usagePerReply.cached + usagePerReply.output,
};

/** What a reply says, before it is cut into chunks. */
interface Said {
  message: { content?: string; reasoning_content?: string; tool_calls?: unknown[] };
  finish: 'stop' | 'length' | 'content_filter' | 'tool_calls';
}

function callOf(name: string, args: unknown, id: (prefix: string) => string): Said {
  const call = {
    index: 0,
    id: id('call'),
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  };
  return { message: { tool_calls: [call] }, finish: 'tool_calls' };
}

/** Puts a complete reply into a message. A tool is called even where it is not offered: walls are tested so. */
function saidOf(reply: CompleteReply, id: (prefix: string) => string): Said {
  switch (reply.kind) {
    case 'shell':
      return callOf('bash', { command: reply.command, description: 'Run a scripted command' }, id);
    case 'write':
      return callOf('write', { filePath: reply.path, content: reply.content }, id);
    case 'answer':
      return { message: { content: JSON.stringify(reply.value) }, finish: 'stop' };
    case 'say': {
      const thinking = reply.thinking === undefined ? {} : { reasoning_content: reply.thinking };
      const content = reply.end === 'refusal' ? {} : { content: reply.text };
      const finish = ({ stop: 'stop', refusal: 'content_filter', cut: 'length' } as const)[
        reply.end ?? 'stop'
      ];
      return { message: { ...thinking, ...content }, finish };
    }
  }
}

/** One exchange: the frame around what is said. */
interface Frame {
  id: string;
  model: string;
}

function chunk({ id, model }: Frame, delta: unknown, finish: string | null): unknown {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return { id, object: 'chat.completion.chunk', created: 1_767_225_600, model, choices };
}

function sendChunks(response: ServerResponse, chunks: readonly unknown[], end: StreamEnd): void {
  const lines = chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
  sendStream(response, end === 'end' ? `${lines}data: [DONE]\n\n` : lines, end);
}

function sendSaid(
  { message, finish }: Said,
  frame: Frame,
  streamed: boolean,
  response: ServerResponse,
): void {
  if (!streamed) {
    const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }];
    sendJson(response, 200, { ...frame, object: 'chat.completion', choices, usage });
    return;
  }
  const { reasoning_content, ...rest } = message;
  const thinking = reasoning_content === undefined ? [] : [chunk(frame, { reasoning_content }, null)];
  const counted = { ...(chunk(frame, {}, null) as object), choices: [], usage };
  sendChunks(
    response,
    [
      chunk(frame, { role: 'assistant', content: '' }, null),
      ...thinking,
      chunk(frame, rest, null),
      chunk(frame, {}, finish),
      counted,
    ],
    'end',
  );
}

/** Sends a reply as the provider would. */
export function replyChat(
  reply: Reply,
  request: ChatRequest,
  response: ServerResponse,
  id: (prefix: string) => string,
): void {
  const frame = { id: id('chatcmpl'), model: request.model ?? 'scripted' };
  const partial = (text: string) => [
    chunk(frame, { role: 'assistant', content: '' }, null),
    chunk(frame, { content: text }, null),
  ];
  switch (reply.kind) {
    case 'hang':
      break;
    case 'refuse': {
      const { status, error, headers } = openaiRefusal(reply);
      sendJson(response, status, { error }, headers);
      break;
    }
    case 'stall':
      sendChunks(response, partial(reply.text), 'silence');
      break;
    case 'drop':
      sendChunks(response, partial(reply.text), 'cut');
      break;
    case 'overload': {
      const error = {
        type: 'server_error',
        code: 'server_is_overloaded',
        message: 'Our servers are currently overloaded.',
      };
      sendChunks(response, [...partial(reply.text), { error }], 'end');
      break;
    }
    default:
      sendSaid(saidOf(reply, id), frame, request.stream === true, response);
  }
}

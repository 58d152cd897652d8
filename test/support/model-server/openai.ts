// Speaks OpenAI Responses as Codex uses it for the scripted model.
import type { ServerResponse } from 'node:http';

import type { Conversation, Entry } from './conversation.ts';
import { openaiRefusal } from './openai-refusals.ts';
import { callOf, type OutputItem, runningIn, toolOutput, waitFor } from './openai-tools.ts';
import { type CompleteReply, type Reply, usagePerReply } from './reply.ts';
import { type StreamEvent, sendEvents, sendJson } from './wire.ts';

interface Tool {
  name?: string;
  tools?: Tool[];
}

interface InputItem {
  type?: string;
  role?: string;
  content?: string | { text?: string }[];
  output?: string | { text?: string }[];
  tools?: Tool[];
}

/** The fields of a request to `POST /v1/responses` that matter here. */
export interface ResponsesRequest {
  model?: string;
  stream?: boolean;
  input?: string | InputItem[];
  tools?: Tool[];
}

function textOf(content: string | { text?: string }[] | undefined): string {
  if (content === undefined || typeof content === 'string') return content ?? '';
  return content.map((part) => part.text ?? '').join('\n');
}

function itemsOf(request: ResponsesRequest): InputItem[] {
  return typeof request.input === 'string'
    ? [{ role: 'user', content: request.input }]
    : (request.input ?? []);
}

function isOutput(item: InputItem): boolean {
  return item.type === 'function_call_output' || item.type === 'custom_tool_call_output';
}

/** In code mode the tools arrive as an input item, with one tool that runs JavaScript. */
function isCodeMode(request: ResponsesRequest): boolean {
  return itemsOf(request).some((item) => item.type === 'additional_tools');
}

function namesOf(tools: readonly Tool[]): string[] {
  return tools.flatMap((tool) => [
    ...(tool.name === undefined ? [] : [tool.name]),
    ...namesOf(tool.tools ?? []),
  ]);
}

function entryOf(item: InputItem): Entry[] {
  if (isOutput(item)) {
    const raw = textOf(item.output);
    // The model only waits here; what it waits for comes with a later output.
    return runningIn(raw) === undefined ? [{ from: 'tool', ...toolOutput(raw) }] : [];
  }
  if (item.role === 'user') return [{ from: 'user', text: textOf(item.content) }];
  if (item.role === 'assistant') return [{ from: 'assistant', text: textOf(item.content) }];
  return [];
}

/** Reads a request into the shape scenarios look at. */
export function readResponses(request: ResponsesRequest): Conversation {
  const items = itemsOf(request);
  const tools = [...(request.tools ?? []), ...items.flatMap((item) => item.tools ?? [])];
  const cwd = /<cwd>(.*?)<\/cwd>/.exec(items.map((item) => textOf(item.content)).join('\n'))?.[1];
  return { entries: items.flatMap(entryOf), tools: namesOf(tools), cwd: cwd ?? '/' };
}

const usage = {
  input_tokens: usagePerReply.input + usagePerReply.cached,
  input_tokens_details: { cached_tokens: usagePerReply.cached },
  output_tokens: usagePerReply.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: usagePerReply.input + usagePerReply.cached + usagePerReply.output,
};

function messageItem(text: string, refused: boolean, id: (prefix: string) => string): OutputItem {
  const part = refused
    ? { type: 'refusal', refusal: 'I cannot help with that.' }
    : { type: 'output_text', text, annotations: [] };
  return { type: 'message', id: id('msg'), role: 'assistant', status: 'completed', content: [part] };
}

/** Puts a complete reply into output items. */
function outputOf(reply: CompleteReply, codeMode: boolean, id: (prefix: string) => string): OutputItem[] {
  switch (reply.kind) {
    case 'shell':
    case 'write':
      return [callOf(reply, codeMode, id)];
    case 'answer':
      return [messageItem(JSON.stringify(reply.value), false, id)];
    case 'say': {
      const summary = [{ type: 'summary_text', text: reply.thinking }];
      const thinking = reply.thinking === undefined ? [] : [{ type: 'reasoning', id: id('rs'), summary }];
      return [...thinking, messageItem(reply.text, reply.end === 'refusal', id)];
    }
  }
}

function itemEvents(item: OutputItem, output_index: number): StreamEvent[] {
  const added = { ...item, ...(item.type === 'message' ? { content: [] } : {}) };
  const done: StreamEvent = { type: 'response.output_item.done', output_index, item };
  const part = item.type === 'message' ? (item.content as { text?: string }[])[0] : undefined;
  const delta: StreamEvent[] =
    part?.text === undefined
      ? []
      : [
          {
            type: 'response.output_text.delta',
            item_id: item.id,
            output_index,
            content_index: 0,
            delta: part.text,
          },
        ];
  return [{ type: 'response.output_item.added', output_index, item: added }, ...delta, done];
}

/** One exchange: the frame around what is said. */
interface Frame {
  id: string;
  model: string;
}

function frameEvent({ id, model }: Frame, name: string, fields: Record<string, unknown>): StreamEvent {
  const status = name === 'created' ? 'in_progress' : name;
  return {
    type: `response.${name}`,
    response: { id, object: 'response', model, status, output: [], ...fields },
  };
}

function partialEvents(frame: Frame, text: string, id: (prefix: string) => string): StreamEvent[] {
  return [frameEvent(frame, 'created', {}), ...itemEvents(messageItem(text, false, id), 0).slice(0, 2)];
}

function sendOutput(
  output: OutputItem[],
  cut: boolean,
  request: ResponsesRequest,
  frame: Frame,
  response: ServerResponse,
): void {
  const ended = cut
    ? frameEvent(frame, 'incomplete', { output, usage, incomplete_details: { reason: 'max_output_tokens' } })
    : frameEvent(frame, 'completed', { output, usage });
  if (request.stream !== true) sendJson(response, 200, ended.response);
  else sendEvents(response, [frameEvent(frame, 'created', {}), ...output.flatMap(itemEvents), ended], 'end');
}

/** Whether the engine only asks what to do about a tool that has not come back yet. */
export function stillRunning(request: ResponsesRequest): boolean {
  const last = itemsOf(request).findLast(isOutput);
  return (
    last !== undefined && last === itemsOf(request).at(-1) && runningIn(textOf(last.output)) !== undefined
  );
}

/** Goes on waiting for the tool of `stillRunning`. */
export function replyWait(
  request: ResponsesRequest,
  response: ServerResponse,
  id: (prefix: string) => string,
): void {
  const running = runningIn(textOf(itemsOf(request).at(-1)?.output));
  if (running === undefined) throw new Error('no tool is running: ask stillRunning first');
  const frame = { id: id('resp'), model: request.model ?? 'scripted' };
  sendOutput([waitFor(running, isCodeMode(request), id)], false, request, frame, response);
}

/** Sends a reply as the provider would. */
export function replyResponses(
  reply: Reply,
  request: ResponsesRequest,
  response: ServerResponse,
  id: (prefix: string) => string,
): void {
  const frame = { id: id('resp'), model: request.model ?? 'scripted' };
  switch (reply.kind) {
    case 'hang':
      break;
    case 'refuse': {
      const { status, error, headers } = openaiRefusal(reply);
      sendJson(response, status, { error }, headers);
      break;
    }
    case 'stall':
      sendEvents(response, partialEvents(frame, reply.text, id), 'silence');
      break;
    case 'drop':
      sendEvents(response, partialEvents(frame, reply.text, id), 'cut');
      break;
    case 'overload': {
      const error = { code: 'server_is_overloaded', message: 'Our servers are currently overloaded.' };
      const failed = frameEvent(frame, 'failed', { error });
      sendEvents(response, [...partialEvents(frame, reply.text, id), failed], 'end');
      break;
    }
    default:
      sendOutput(
        outputOf(reply, isCodeMode(request), id),
        reply.kind === 'say' && reply.end === 'cut',
        request,
        frame,
        response,
      );
  }
}

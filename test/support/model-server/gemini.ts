// Speaks Gemini's `streamGenerateContent` for the scripted model.
import type { ServerResponse } from 'node:http';

import type { Conversation, Entry } from './conversation.ts';
import { geminiRefusal } from './gemini-refusals.ts';
import { type CompleteReply, type Reply, usagePerReply } from './reply.ts';
import { type StreamEnd, sendJson } from './wire.ts';

interface Part {
  text?: string;
  thought?: boolean;
  functionCall?: { id?: string; name: string; args: unknown };
  functionResponse?: { name?: string; response?: { output?: unknown; error?: unknown } };
}

interface Content {
  role?: string;
  parts?: Part[];
}

/** The fields of a request to `POST /v1beta/models/<model>:streamGenerateContent` that matter here. */
export interface GenerateRequest {
  contents?: Content[];
  systemInstruction?: Content;
  tools?: { functionDeclarations?: { name: string }[] }[];
  generationConfig?: { responseMimeType?: string };
}

/** The model and the method that a path names; undefined where it is none of this API. */
export function geminiPath(path: string): { model: string; streams: boolean } | undefined {
  const found = /^\/v1(?:beta|alpha)?\/models\/([^/:]+):(streamGenerateContent|generateContent)$/.exec(path);
  return found === null
    ? undefined
    : { model: found[1] ?? '', streams: found[2] === 'streamGenerateContent' };
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

// Gemini CLI sets what a command printed between lines of its own.
function printed(output: string): string {
  const told = output.replace(/\n?<\/?untrusted_context>\n?/g, '');
  const found =
    /^Output: (.*?)(?:\n(?:Error|Exit Code|Signal|Background PIDs|Process Group PGID): .*)?$/s.exec(told);
  return found?.[1] ?? output;
}

function entriesOf({ role, parts = [] }: Content): Entry[] {
  return parts.flatMap((part): Entry[] => {
    const response = part.functionResponse?.response;
    if (part.functionResponse !== undefined) {
      const failed = response?.error !== undefined;
      return [
        { from: 'tool', text: failed ? textIn(response?.error) : printed(textIn(response?.output)), failed },
      ];
    }
    if (part.text === undefined || part.thought === true) return [];
    return [{ from: role === 'model' ? 'assistant' : 'user', text: part.text }];
  });
}

/** Reads a request into the shape scenarios look at. */
export function readGenerate(request: GenerateRequest): Conversation {
  const contents = request.contents ?? [];
  const all = contents.flatMap(({ parts = [] }) => parts.map(({ text }) => text ?? '')).join('\n');
  return {
    entries: contents.flatMap(entriesOf),
    tools: (request.tools ?? []).flatMap(({ functionDeclarations = [] }) =>
      functionDeclarations.map(({ name }) => name),
    ),
    cwd: /Workspace Directories:\*?\*?\n\s*- (\/.*)/.exec(all)?.[1]?.trim() ?? '/',
  };
}

/** Whether the engine only asks which model should be asked, as it does where none was named. */
export function asksForModel(request: GenerateRequest): boolean {
  return request.generationConfig?.responseMimeType === 'application/json';
}

/** Answers that; it costs nothing here. */
export function replyModel(response: ServerResponse): void {
  const choice = { complexity_reasoning: 'scripted', complexity_score: 50 };
  const parts = [{ text: JSON.stringify(choice) }];
  sendJson(response, 200, chunkOf(parts, 'scripted', { finishReason: 'STOP' }));
}

const usageMetadata = {
  promptTokenCount: usagePerReply.input + usagePerReply.cached,
  cachedContentTokenCount: usagePerReply.cached,
  candidatesTokenCount: usagePerReply.output,
  totalTokenCount: usagePerReply.input + usagePerReply.cached + usagePerReply.output,
};

interface Candidate {
  parts: Part[];
  finishReason: string;
}

/** Puts a complete reply into parts. A tool is called even where it is not offered: walls are tested so. */
function candidateOf(reply: CompleteReply, id: (prefix: string) => string): Candidate {
  const call = (name: string, args: unknown): Candidate => ({
    parts: [{ functionCall: { id: id('call'), name, args } }],
    finishReason: 'STOP',
  });
  switch (reply.kind) {
    case 'shell':
      return call('run_shell_command', { command: reply.command, description: 'Run a scripted command' });
    case 'write':
      return call('write_file', { file_path: reply.path, content: reply.content });
    case 'answer':
      return { parts: [{ text: JSON.stringify(reply.value) }], finishReason: 'STOP' };
    case 'say': {
      if (reply.end === 'refusal') return { parts: [], finishReason: 'SAFETY' };
      const thinking = reply.thinking === undefined ? [] : [{ text: reply.thinking, thought: true }];
      return {
        parts: [...thinking, { text: reply.text }],
        finishReason: reply.end === 'cut' ? 'MAX_TOKENS' : 'STOP',
      };
    }
  }
}

function chunkOf(
  parts: Part[],
  model: string,
  more: { finishReason?: string; usage?: boolean },
): Record<string, unknown> {
  const { finishReason, usage } = more;
  return {
    candidates: [
      {
        content: { role: 'model', parts },
        index: 0,
        ...(finishReason === undefined ? {} : { finishReason }),
      },
    ],
    modelVersion: model,
    ...(usage ? { usageMetadata } : {}),
  };
}

/** Events of this protocol have no names. */
function sendChunks(response: ServerResponse, chunks: readonly unknown[], end: StreamEnd): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const bytes = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join('');
  if (end === 'end') response.end(bytes);
  else response.write(bytes, () => end === 'cut' && response.destroy());
}

/** Sends a reply as the provider would. */
export function replyGenerate(
  reply: Reply,
  { model, streams }: { model: string; streams: boolean },
  response: ServerResponse,
  id: (prefix: string) => string,
): void {
  const partial = (text: string) => chunkOf([{ text }], model, {});
  switch (reply.kind) {
    case 'hang':
      break;
    case 'refuse': {
      const { status, error } = geminiRefusal(reply);
      sendJson(response, status, { error });
      break;
    }
    case 'stall':
      sendChunks(response, [partial(reply.text)], 'silence');
      break;
    case 'drop':
      sendChunks(response, [partial(reply.text)], 'cut');
      break;
    case 'overload': {
      const { error } = geminiRefusal({ kind: 'refuse', how: '503', resetsAt: 0 });
      sendChunks(response, [partial(reply.text), { error }], 'end');
      break;
    }
    default: {
      const { parts, finishReason } = candidateOf(reply, id);
      const whole = chunkOf(parts, model, { finishReason, usage: true });
      if (streams) sendChunks(response, [whole], 'end');
      else sendJson(response, 200, whole);
    }
  }
}

// A model provider on loopback that plays the scenario its prompt names.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as bodyText } from 'node:stream/consumers';

import { type MessagesRequest, readMessages, replyMessages } from './anthropic.ts';
import { type ChatRequest, readChat, replyChat } from './chat.ts';
import { type Conversation, momentOf, promptsOf } from './conversation.ts';
import {
  asksForModel,
  type GenerateRequest,
  geminiPath,
  readGenerate,
  replyGenerate,
  replyModel,
} from './gemini.ts';
import { type ResponsesRequest, readResponses, replyResponses, replyWait, stillRunning } from './openai.ts';
import type { Reply } from './reply.ts';
import { run } from './scenarios.ts';
import { idSource, sendJson } from './wire.ts';

/** One request of an engine for a reply of its model. */
export interface ModelRequest {
  path: '/v1/messages' | '/v1/responses' | '/v1/chat/completions' | '/v1beta/models';
  model: string;
  /** The scenario played, without `SCENARIO:`. */
  scenario: string;
  /** The newest prompt, without what the engine adds in the user's name. */
  prompt: string;
  /** All prompts of the session, oldest first. */
  prompts: string[];
  /** The credential as sent: `x-api-key fake`, `x-goog-api-key fake`, `Bearer fake`, or empty. */
  auth: string;
  /** The whole body. */
  body: unknown;
}

/** A running scripted provider. */
export interface ModelServer {
  /** `http://127.0.0.1:<port>`, without a path. */
  url: string;
  /** Requests for a model's reply since the last reset, oldest first. */
  requests: readonly ModelRequest[];
  /** Whatever else was asked for since the last reset, as `GET /path`: probes of the `network` scenario, stray traffic. */
  others: readonly string[];
  /** Requests that are still open: hung, stalled, or being answered. */
  open(): number;
  /** Resolves once at least `count` model requests (that `matches`) have arrived. */
  waitFor(count: number, matches?: (request: ModelRequest) => boolean): Promise<ModelRequest[]>;
  /** Cuts what hangs, forgets all requests and how often a scenario was asked for; ids begin anew. */
  reset(): void;
  /** Cuts every connection, hung ones too, and stops listening. */
  close(): Promise<void>;
}

// Where the `network` scenario knocks unless it is told otherwise.
const probePath = '/probe';

function credential(request: IncomingMessage): string {
  const google = request.headers['x-goog-api-key'];
  if (google !== undefined) return `x-goog-api-key ${String(google)}`;
  const key = request.headers['x-api-key'];
  return key === undefined ? (request.headers.authorization ?? '') : `x-api-key ${String(key)}`;
}

/** What one server knows between requests. */
interface State {
  requests: ModelRequest[];
  others: string[];
  asked: Map<string, number>;
  port: number;
}

function nextReply(conversation: Conversation, state: State): Reply {
  const moment = momentOf(conversation);
  const asked = state.asked.get(moment.marker.source) ?? 0;
  state.asked.set(moment.marker.source, asked + 1);
  const probe = { host: '127.0.0.1', port: state.port, path: probePath };
  return run(moment, { asked, probe, now: Math.floor(Date.now() / 1000) });
}

function note(
  path: ModelRequest['path'],
  conversation: Conversation,
  auth: string,
  body: { model?: string },
): ModelRequest {
  const prompts = promptsOf(conversation.entries);
  const scenario = momentOf(conversation).marker.name;
  return { path, model: body.model ?? '', scenario, prompt: prompts.at(-1) ?? '', prompts, auth, body };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
  heard: () => void,
  id: (prefix: string) => string,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const raw = await bodyText(request);
  const generate = geminiPath(path);
  if (request.method === 'POST' && path === '/v1/messages') {
    const body = JSON.parse(raw) as MessagesRequest;
    const conversation = readMessages(body);
    state.requests.push(note(path, conversation, credential(request), body));
    heard();
    replyMessages(nextReply(conversation, state), body, response, id);
  } else if (request.method === 'POST' && path === '/v1/responses') {
    const body = JSON.parse(raw) as ResponsesRequest;
    const conversation = readResponses(body);
    state.requests.push(note(path, conversation, credential(request), body));
    heard();
    if (stillRunning(body)) replyWait(body, response, id);
    else replyResponses(nextReply(conversation, state), body, response, id);
  } else if (request.method === 'POST' && generate !== undefined) {
    const body = JSON.parse(raw) as GenerateRequest;
    if (asksForModel(body)) return replyModel(response);
    const conversation = readGenerate(body);
    const { model } = generate;
    state.requests.push({ ...note('/v1beta/models', conversation, credential(request), { model }), body });
    heard();
    replyGenerate(nextReply(conversation, state), generate, response, id);
  } else if (request.method === 'POST' && path === '/v1/chat/completions') {
    const body = JSON.parse(raw) as ChatRequest;
    const conversation = readChat(body);
    state.requests.push(note(path, conversation, credential(request), body));
    heard();
    replyChat(nextReply(conversation, state), body, response, id);
  } else {
    state.others.push(`${request.method ?? ''} ${path}`);
    if (path === probePath) sendJson(response, 200, { reached: true });
    else
      sendJson(response, 404, {
        error: { type: 'not_found_error', message: `the scripted model has no ${path}` },
      });
  }
}

/** Starts a scripted provider on a free port of 127.0.0.1. */
export async function startModelServer(): Promise<ModelServer> {
  const state: State = { requests: [], others: [], asked: new Map(), port: 0 };
  const waiting = new Set<() => void>();
  const responses = new Set<ServerResponse>();
  let id = idSource();
  const heard = () => {
    for (const look of waiting) look();
  };
  const server = createServer((request, response) => {
    responses.add(response);
    response.on('close', () => responses.delete(response));
    // A mistake in a test's marker must end the engine with words, not leave it waiting: 400 is not retried for long.
    answer(request, response, state, heard, id).catch((error: unknown) => {
      const message = `the scripted model broke: ${error instanceof Error ? error.message : String(error)}`;
      if (!response.headersSent)
        sendJson(response, 400, { error: { type: 'invalid_request_error', message } });
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  state.port = (server.address() as AddressInfo).port;
  const cut = () => {
    for (const response of responses) response.destroy();
  };
  return {
    url: `http://127.0.0.1:${state.port}`,
    requests: state.requests,
    others: state.others,
    open: () => responses.size,
    waitFor: (count, matches = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = state.requests.filter(matches);
          if (found.length < count) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    reset: () => {
      cut();
      state.requests.length = 0;
      state.others.length = 0;
      state.asked.clear();
      id = idSource();
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

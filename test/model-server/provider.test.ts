// What the scripted provider promises to tests, seen over plain HTTP.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { readMarker } from '../support/model-server/conversation.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { usagePerReply } from '../support/model-server/reply.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());
beforeEach(() => server.reset());

type Message = { role: string; content: unknown };

function ask(messages: Message[], more: Record<string, unknown> = {}): Promise<Response> {
  return fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': 'fake' },
    body: JSON.stringify({ model: 'scripted', messages, ...more }),
  });
}

const user = (content: unknown): Message => ({ role: 'user', content });
const assistant = (content: unknown): Message => ({ role: 'assistant', content });

interface Whole {
  content: { type: string; text?: string; input?: unknown }[];
  usage: Record<string, number>;
}

async function said(messages: Message[]): Promise<string | undefined> {
  return ((await (await ask(messages)).json()) as Whole).content[0]?.text;
}

describe('a marker', () => {
  it('carries JSON arguments and may stand anywhere in a prompt', () => {
    expect(readMarker('Please do SCENARIO:edit {"path":"a {b}.txt","content":"\\"}"} and stop.')).toEqual({
      name: 'edit',
      args: { path: 'a {b}.txt', content: '"}' },
      source: 'SCENARIO:edit {"path":"a {b}.txt","content":"\\"}"}',
    });
    expect(readMarker('SCENARIO:401')).toEqual({ name: '401', args: {}, source: 'SCENARIO:401' });
    expect(readMarker('nothing of the kind')).toBeUndefined();
  });

  it('is taken from the newest prompt', async () => {
    const first = user('SCENARIO:text {"say":"first"}');
    expect(await said([first, assistant('first'), user('SCENARIO:text {"say":"second"}')])).toBe('second');
  });

  it('lasts through a repair turn that has none, or that quotes it', async () => {
    const marker = 'SCENARIO:schema-broken {"broken":{"b":1},"answer":{"a":1}}';
    const before = [user(marker), assistant('{"b":1}')];
    expect(await said([user(marker)])).toBe('{"b":1}');
    expect(await said([...before, user('That does not match the schema.')])).toBe('{"a":1}');
    expect(await said([...before, user(`You were asked: ${marker}. Again.`)])).toBe('{"a":1}');
  });

  it('is not hidden by what an engine adds in the name of the user', async () => {
    const reminder = { type: 'text', text: '<system-reminder>stay calm</system-reminder>' };
    const prompt = { type: 'text', text: 'SCENARIO:text {"say":"seen"}' };
    expect(await said([user([reminder, prompt, reminder])])).toBe('seen');
    expect(server.requests[0]?.prompt).toBe('SCENARIO:text {"say":"seen"}');
  });

  it('that names no scenario is refused with the names there are', async () => {
    const response = await ask([user('SCENARIO:dance')]);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('no scenario is called dance; there are ');
  });
});

describe('the provider', () => {
  it('answers whole where no stream is asked for, with the fixed usage', async () => {
    const whole = (await (await ask([user('SCENARIO:thinking {"say":"well"}')])).json()) as Whole;
    expect(whole.content.map((block) => block.type)).toEqual(['thinking', 'text']);
    expect(whole.usage).toMatchObject({
      input_tokens: usagePerReply.input,
      cache_read_input_tokens: usagePerReply.cached,
      output_tokens: usagePerReply.output,
    });
    const response = await fetch(`${server.url}/v1/responses`, {
      method: 'POST',
      body: JSON.stringify({ model: 'scripted', input: 'SCENARIO:text' }),
    });
    expect(await response.json()).toMatchObject({ status: 'completed', usage: { input_tokens: 1200 } });
  });

  it('counts failures per marker, over all sessions, until it is reset', async () => {
    const prompt = [user('SCENARIO:fail-then-ok {"times":2,"with":"503","then":"text"}')];
    const statuses = async () => [
      (await ask(prompt)).status,
      (await ask(prompt)).status,
      (await ask(prompt)).status,
    ];
    expect(await statuses()).toEqual([503, 503, 200]);
    server.reset();
    expect(await statuses()).toEqual([503, 503, 200]);
  });

  it('says when a limit ends and when to come again', async () => {
    const limited = await ask([user('SCENARIO:usage-limit {"resets-at":1800000000}')]);
    expect(limited.headers.get('anthropic-ratelimit-unified-reset')).toBe('1800000000');
    expect((await ask([user('SCENARIO:429 {"retry-after":7}')])).headers.get('retry-after')).toBe('7');
    expect((await ask([user('SCENARIO:429')])).headers.get('retry-after')).toBeNull();
  });

  it('notes each request with its credential, and what else was knocked at', async () => {
    await ask([user('SCENARIO:text')]);
    await fetch(`${server.url}/probe`);
    expect(server.requests).toMatchObject([
      { path: '/v1/messages', scenario: 'text', auth: 'x-api-key fake', prompts: ['SCENARIO:text'] },
    ]);
    expect(server.others).toEqual(['GET /probe']);
  });

  it('tells when requests have arrived, and lets go of those that hang', async () => {
    const hung = ask([user('SCENARIO:hang')]).then(
      () => 'answered',
      () => 'cut',
    );
    const [request] = await server.waitFor(1, ({ scenario }) => scenario === 'hang');
    expect(request?.scenario).toBe('hang');
    expect(server.open()).toBe(1);
    server.reset();
    expect(await hung).toBe('cut');
  });

  it('closes while a request hangs in the middle of a stream', async () => {
    const short = await startModelServer();
    const body = JSON.stringify({ stream: true, messages: [user('SCENARIO:stall {"say":"half"}')] });
    const response = await fetch(`${short.url}/v1/messages`, { method: 'POST', body });
    const rest = response.text().then(
      () => 'ended',
      () => 'cut',
    );
    await short.close();
    expect(await rest).toBe('cut');
  });
});

// The real engines act on what the scripted model tells them, in a way tests can hold and let go.
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  codeModeModel,
  type Drive,
  type Driven,
  driveClaude,
  driveCodex,
  type Ended,
  makeScratch,
  plainModel,
  type Scratch,
} from '../support/drive.ts';
import { engineBinary, type PinnedEngine } from '../support/engines.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { sessionOf } from './streams.ts';

let server: ModelServer;
let scratch: Scratch;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.reset();
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

/** Resolves when a file exists, without asking again and again. */
function appearance(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === basename(path)) done();
    });
    watcher.once('error', reject);
    const done = () => {
      watcher.close();
      resolve();
    };
    if (existsSync(path)) done();
  });
}

interface Subject {
  engine: PinnedEngine;
  start(what: Omit<Drive, 'server' | 'scratch'>): Driven;
  resume(session: string): string[];
  answerOf(ended: Ended): string | undefined;
}

const codexFull = (model: string) => ['-m', model, '--dangerously-bypass-approvals-and-sandbox'];

const lastMessage = ({ events }: Ended) => {
  const items = events.map(({ item }) => item as { type: string; text: string } | undefined);
  return items.findLast((item) => item?.type === 'agent_message')?.text;
};

const codex = (model: string): Subject => ({
  engine: 'codex',
  start: (what) => driveCodex({ server, scratch, flags: codexFull(model), ...what }),
  resume: (session) => [...codexFull(model), 'resume', session],
  answerOf: lastMessage,
});

const subjects: Record<string, Subject> = {
  'claude-code': {
    engine: 'claude-code',
    start: (what) => driveClaude({ server, scratch, flags: ['--dangerously-skip-permissions'], ...what }),
    resume: (session) => ['--dangerously-skip-permissions', '--resume', session],
    answerOf: ({ events }) => events.at(-1)?.result as string | undefined,
  },
  'codex in code mode': codex(codeModeModel),
  'codex with plain tools': codex(plainModel),
};

for (const [name, subject] of Object.entries(subjects)) {
  const binary = engineBinary(subject.engine);
  const title = binary.path === undefined ? `${name} (skipped: ${binary.reason})` : name;

  describe.skipIf(binary.path === undefined)(title, () => {
    it('edits a file, new or not', async () => {
      const path = join(scratch.workspace, 'a.txt');
      for (const content of ['first\n', 'second\nwith "quotes"\n']) {
        const prompt = `SCENARIO:edit ${JSON.stringify({ path: 'a.txt', content })}`;
        expect(await subject.start({ prompt }).ended).toMatchObject({ code: 0 });
        expect(readFileSync(path, 'utf8')).toBe(content);
      }
    });

    it('answers with what its tool printed', async () => {
      writeFileSync(join(scratch.workspace, 'a.txt'), 'from the file\n');
      const prompt = 'SCENARIO:shell {"command":"cat a.txt","answer":{"a":"$output"}}';
      const ended = await subject.start({ prompt }).ended;
      expect(subject.answerOf(ended)).toBe('{"a":"from the file"}');
    });

    it('holds a tool until the test lets go', async () => {
      const [ready, until] = [join(scratch.workspace, 'ready'), join(scratch.workspace, 'until')];
      const running = subject.start({
        prompt: `SCENARIO:sleep-tool ${JSON.stringify({ ready, until, say: '$output' })}`,
      });
      await appearance(ready);
      expect(server.requests).toHaveLength(1);
      writeFileSync(until, '');
      expect(subject.answerOf(await running.ended)).toBe('released');
    });

    it('reaches the network from a tool where nothing forbids it', async () => {
      await subject.start({ prompt: 'SCENARIO:network' }).ended;
      expect(server.others).toEqual(['GET /probe']);
    });

    it('repairs its answer in a resumed session', async () => {
      const prompt = 'SCENARIO:schema-broken {"broken":{"b":1},"answer":{"a":1}}';
      const first = await subject.start({ prompt }).ended;
      expect(subject.answerOf(first)).toBe('{"b":1}');
      const flags = subject.resume(sessionOf(first.events));
      const second = await subject.start({ prompt: 'That does not match the schema.', flags }).ended;
      expect(subject.answerOf(second)).toBe('{"a":1}');
      expect(server.requests.at(-1)?.prompts).toEqual([prompt, 'That does not match the schema.']);
    });

    it('plays the newest scenario of a resumed session', async () => {
      const first = await subject.start({ prompt: 'SCENARIO:shell {"command":"echo one"}' }).ended;
      const flags = subject.resume(sessionOf(first.events));
      const prompt = 'SCENARIO:shell {"command":"echo two","say":"$output"}';
      expect(subject.answerOf(await subject.start({ prompt, flags }).ended)).toBe('two');
    });

    for (const scenario of ['hang', 'stall', 'loop']) {
      it(`goes on with ${scenario} until it is told to stop`, async () => {
        const running = subject.start({ prompt: `SCENARIO:${scenario}` });
        await server.waitFor(scenario === 'loop' ? 4 : 1);
        running.kill('SIGTERM');
        const { code, signal, events } = await running.ended;
        expect(code === 143 || signal === 'SIGTERM').toBe(true);
        expect(events.map(({ type }) => type)).not.toContain('result');
      });
    }

    it('asks nobody but the scripted model', async () => {
      await subject.start({ prompt: 'SCENARIO:text' }).ended;
      expect(server.others).toEqual([]);
      expect(server.requests.map(({ auth }) => auth)).toEqual([
        expect.stringMatching(/^(x-api-key|Bearer) fake-key$/),
      ]);
    });
  });
}

describe.skipIf(engineBinary('claude-code').path === undefined)('claude-code signs in', () => {
  it.each(['bearer', 'oauth'] as const)('by %s', async (auth) => {
    await driveClaude({ server, scratch, prompt: 'SCENARIO:text', auth }).ended;
    expect(server.requests[0]?.auth).toBe('Bearer fake-key');
  });
});

/** Proves that a recorded change to a tree is made again in another checkout. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { recording } from '../../src/engines/record.ts';
import type { AgentAttempt } from '../../src/engines/recorded.ts';
import { replaying } from '../../src/engines/replay.ts';
import { asStepKey } from '../../src/model/ids.ts';
import type { Hear, PromptJob, Stop } from '../../src/model/ports.ts';
import { makeRepository, picture, type Repository, RUN } from '../workspace/repository.ts';

const made: Repository[] = [];
const dir = mkdtempSync(path.join(tmpdir(), 'codemachine-replay-tree-'));
afterEach(() => {
  for (const one of made.splice(0)) one.remove();
  rmSync(dir, { recursive: true, force: true });
});

function make(): Repository {
  const repo = makeRepository({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  made.push(repo);
  return repo;
}

const silent: Hear = { chatter: () => undefined, session: () => undefined };
const stop: Stop = { soft: new AbortController().signal, hard: new AbortController().signal };
const name = (step: string, attempt: number): string => `${step}.${attempt}`;
const job: PromptJob = {
  kind: 'prompt',
  run: RUN,
  step: asStepKey('code'),
  attempt: 1,
  cwd: '',
  env: {},
  secretNames: [],
  engine: 'codex',
  access: 'write',
  prompt: 'Change it.',
  idleTimeoutMs: 1000,
};

test('text, binary, deletion and mode arrive; a tree that has moved on is refused and untouched', async () => {
  const here = make();
  const ws = await here.open();
  const agent: AgentAttempt = async () => {
    here.write('a.txt', 'changed\r\n');
    here.write('deep/tool', Buffer.from([0, 1, 255, 10]), 0o755);
    rmSync(path.join(here.root, 'b.txt'));
    return { ok: true, values: {} };
  };
  const watchTree = (asked: PromptJob): ReturnType<typeof ws.watch> =>
    ws.watch(asked.run, `record ${asked.step}`);
  await recording(dir, agent, { name, paths: {}, watchTree })(job, silent, stop);

  const there = make();
  const { applyPatch } = await there.open();
  const replay = replaying(dir, { name, paths: {}, applyPatch, diff: async () => '' });
  expect(await replay(job, silent, stop)).toEqual({ ok: true, values: {}, reused: 'replay' });
  expect(picture(there.root)).toEqual(picture(here.root));

  const moved = make();
  moved.write('a.txt', 'moved on\n');
  const before = picture(moved.root);
  const elsewhere = replaying(dir, {
    name,
    paths: {},
    applyPatch: (await moved.open()).applyPatch,
    diff: async () => '',
  });
  expect(await elsewhere(job, silent, stop)).toMatchObject({ ok: false, failure: { reason: 'replay' } });
  expect(picture(moved.root)).toEqual(before);
});

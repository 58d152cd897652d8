// Nobody whom the real engines have started outlives a run: interrupted, or its runner killed.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runPattern } from '../../src/engines/mark.ts';
import { findMarked } from '../../src/engines/process.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { engineBinary, type PinnedEngine } from '../support/engines.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { onlyRun, type Project } from '../support/repository.ts';
import { anyProject } from './engines.ts';

let server: ModelServer;
const projects: Project[] = [];

beforeAll(async () => {
  built();
  server = await startModelServer();
});
afterAll(async () => {
  await server.close();
  for (const project of projects) project.remove();
});

/** In the tool's own session: a child, one in a session of its own, and a daemon whose parent has ended and whose pipes are closed. */
const COMMAND =
  '(setsid sh -c "exec sleep 601 < /dev/null > /dev/null 2>&1" &); setsid sleep 602 & sleep 603 & : > ready; wait';

/** A run whose agent is in the middle of a tool. */
async function busy(engine: PinnedEngine) {
  const model = engine === 'codex' ? ', model: gpt-6.1-sol' : '';
  const prompt = `SCENARIO:sleep-tool ${JSON.stringify({ command: COMMAND })}`;
  const step = `{ id: work, engine: ${engine}${model}, access: full, prompt: '${prompt}' }`;
  const project = anyProject(server, [engine], { 'flow.yml': `name: busy\nsteps:\n  - ${step}\n` });
  projects.push(project);
  const runner = startCli(project, ['run', 'flow.yml']);
  onTestFinished(() => void runner.child.kill());
  await expect.poll(() => existsSync(path.join(project.root, 'ready')), { timeout: 120_000 }).toBe(true);
  const run = await onlyRun(project);
  const alive = () => findMarked(runPattern(run));
  const scratch = () =>
    readdirSync(path.join(project.base, 'tmp')).filter((name) => name.startsWith('agent-'));
  // The engine, its tool's shell, three sleepers.
  expect((await alive()).length).toBeGreaterThanOrEqual(5);
  expect(scratch()).toHaveLength(1);
  return { runner, alive, scratch };
}

const whole = process.env.CODEMACHINE_TEST_ALL === '1';

/** CI starts each real engine once here; `npm run soak -- engines` has every one killed and interrupted. */
const KILLED: readonly PinnedEngine[] = whole ? ['claude-code', 'codex', 'opencode', 'gemini'] : ['codex'];
const INTERRUPTED: readonly PinnedEngine[] = whole ? KILLED : ['claude-code'];

const missing = (engine: PinnedEngine): boolean => engineBinary(engine).path === undefined;
const named = (engine: PinnedEngine): string => {
  const { path: found, ...rest } = engineBinary(engine);
  return found === undefined && 'reason' in rest ? `${engine} (skipped: ${rest.reason})` : engine;
};

describe('survivors', () => {
  for (const engine of KILLED) {
    it.skipIf(missing(engine))(
      `of ${named(engine)} end when the runner is killed, and their files are gone`,
      async () => {
        const { runner, alive, scratch } = await busy(engine);
        runner.child.kill('SIGKILL');
        await runner.ended;
        await expect.poll(alive).toEqual([]);
        await expect.poll(scratch).toEqual([]);
      },
    );
  }
  for (const engine of INTERRUPTED) {
    it.skipIf(missing(engine))(
      `of ${named(engine)} end before a runner that was interrupted does`,
      async () => {
        const { runner, alive, scratch } = await busy(engine);
        runner.child.kill('SIGINT');
        expect((await runner.ended).code).toBe(130);
        expect([await alive(), scratch()]).toEqual([[], []]);
      },
    );
  }
});

// What the canaries show of Claude Code and Codex, shown of the real OpenCode and Gemini CLI.
//
// It takes a minute, so `npm run soak -- engines` has it alone.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { engineBinary } from '../support/engines.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { makeProject } from '../support/repository.ts';
import {
  barePath,
  below,
  canary,
  type DeadEnd,
  deadEnd,
  found,
  ownCanaries,
  planted,
  treeOf,
} from './canary.ts';
import { anyProject } from './engines.ts';

let server: ModelServer;
let outside: DeadEnd;

beforeAll(async () => {
  built();
  server = await startModelServer();
  outside = await deadEnd();
});
afterAll(async () => {
  await server.close();
  outside.close();
});

const whole = process.env.CODEMACHINE_TEST_ALL === '1';

const look = JSON.stringify({
  command: 'env > seen.txt; echo made > made.txt; env; echo $GIVEN',
  say: '$output',
});

const flow = (engine: string): string => `
name: canaries
secrets: [GIVEN]
steps:
  - id: ask
    engine: ${engine}
    access: full
    env: { GIVEN: "\${{ secrets.GIVEN }}" }
    prompt: 'SCENARIO:shell ${look}'
`;

for (const engine of ['opencode', 'gemini'] as const) {
  const { path: there, ...rest } = engineBinary(engine);
  const why = there === undefined && 'reason' in rest ? rest.reason : 'left to `npm run soak -- engines`';
  const isLeft = there === undefined || !whole;

  describe.skipIf(isLeft)(`${engine}${isLeft ? ` (skipped: ${why})` : ''}`, () => {
    it('keeps canaries to itself, calls nobody but its model, and is replayed without it to the same tree', async () => {
      const files = { 'flow.yml': flow(engine), '.gitignore': 'seen.txt\n' };
      const project = anyProject(server, [engine], files);
      onTestFinished(() => project.remove());
      const cassette = path.join(project.base, 'cassette');
      const env = { ...planted(), ...project.environ, ...outside.variables(), GIVEN: canary('given') };
      server.reset();
      const asked = outside.knocks.length;
      const end = await cli(project, ['run', 'flow.yml', '--json', '--record', cassette], { env });
      expect({ code: end.code, stderr: end.stderr }).toEqual({ code: 0, stderr: '' });

      const own = [canary('given'), ...ownCanaries(engine)];
      const shell = readFileSync(path.join(project.root, 'seen.txt'), 'utf8');
      expect(shell).toContain('CODEMACHINE_STEP=ask');
      expect(found([['shell', shell]], own)).toEqual([]);
      for (const { auth, body } of server.requests)
        expect(found([['request', `${auth} ${JSON.stringify(body)}`]], own)).toEqual([]);
      // Neither telemetry nor a look for updates, on either way.
      expect([...server.others, ...outside.knocks.slice(asked)]).toEqual([]);
      const streams = [['stdout', end.stdout] as const, ['stderr', end.stderr] as const];
      expect(found([...streams, ...[project.stateDir, cassette].flatMap(below)])).toEqual([]);

      const bare = makeProject({ 'notes.txt': 'old notes\n', ...files });
      onTestFinished(() => bare.remove());
      cpSync(cassette, path.join(bare.base, 'cassette'), { recursive: true });
      rmSync(cassette, { recursive: true });
      const replay = ['run', 'flow.yml', '--json', '--replay', path.join(bare.base, 'cassette')];
      const PATH = barePath(path.join(bare.base, 'bin'));
      const again = await cli(bare, replay, { env: { PATH, GIVEN: 'another one' } });
      expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
      const answers = (stdout: string) =>
        of(strictEvents(stdout), 'step-succeeded').map(({ engine, model, usage }) => [engine, model, usage]);
      expect(answers(again.stdout)).toEqual(answers(end.stdout));
      expect(bare.read('made.txt')).toBe('made\n');
      expect(treeOf(bare)).toBe(treeOf(project));
    });
  });
}

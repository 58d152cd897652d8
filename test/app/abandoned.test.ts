// Looks at a run whose runner was killed without a word.
import { beforeAll, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const WORKFLOW = 'steps:\n  - { id: fix, prompt: go, engine: claude-code, access: write }\n';

/** Something that is waited for; `Promise.withResolvers` came with Node 22. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

it('says of it that it was interrupted, what it left, and how to go on', async () => {
  const project = projectWith({ w: WORKFLOW });
  scriptAgent(project, 'echo edited > a.txt; echo ready; until test -e never; do sleep 0.02; done\n');
  const opened = withResolvers<string>();
  const runner = startCli(project, ['run', 'w', '--json'], {
    onLine: (line) => {
      const event = JSON.parse(line) as { readonly type: string; readonly run: string };
      if (event.type === 'session-opened') opened.resolve(event.run);
    },
  });
  const run = await opened.promise;
  const [watching, following] = [withResolvers<string>(), withResolvers<string>()];
  const watch = startCli(project, ['status', run, '--watch'], { onLine: watching.resolve });
  const words = ['logs', run, 'fix', '--file', 'stderr.log', '--follow'];
  const follow = startCli(project, words, { onLine: following.resolve });
  await Promise.all([watching.promise, following.promise]);
  const live = await say(project, `diff ${run} fix`);
  expect(live).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('goes on') });
  process.kill(runner.pid, 'SIGKILL');
  const [watched, followed] = await Promise.all([watch.ended, follow.ended, runner.ended]);
  const told = await say(project, `status ${run}`);
  for (const { code, stdout } of [watched, told]) {
    expect(code).toBe(0);
    expect(stdout).toMatch(/w was interrupted after [\d.]+m?s · run/);
    expect(stdout).toMatch(/fix +interrupted · [\d.]+m?s · .*usage unknown/);
    expect(stdout).toContain('used: unknown');
    expect(stdout).toContain('fix was cut off, and what it changed until then is still in the tree');
    expect(stdout).toContain(`codemachine resume ${run} --keep-tree`);
    expect(stdout).toContain(`codemachine diff ${run} fix`);
  }
  expect(watched.stdout).toContain('interrupted by the death of its process');
  expect(followed).toMatchObject({ code: 0, stdout: 'ready\n' });
  expect(followed.stderr).toContain(`nobody runs ${run} any more`);
  expect(JSON.parse((await say(project, `status ${run} --json`)).stdout)).toMatchObject({
    status: 'interrupted',
    steps: [{ step: 'fix', status: 'waiting', failure: { reason: 'interrupted' } }],
  });
  const diff = await say(project, `diff ${run} fix`);
  expect(diff).toMatchObject({ code: 0, stdout: expect.stringContaining('\n-a\n+edited\n') });
  expect((await say(project, `diff ${run}`)).stdout).toBe(diff.stdout);
  const programs = await say(project, `status ${run} --watch --json`);
  expect(programs.stdout).not.toContain('run-interrupted');
  expect(programs.stderr).toContain('its process died');
});

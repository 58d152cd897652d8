// The files of agents whose runner was killed are named, and go with the next command that may take them away.
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { makeMark } from '../../src/engines/mark.ts';
import { makeScratch } from '../../src/engines/scratch.ts';
import { built } from '../support/built.ts';
import { onlyRun, type Project } from '../support/repository.ts';
import { FAILING, projectWith, say } from './project.ts';

beforeAll(built);

/** As `kill -9` of runner and watcher leaves it. */
async function leave(project: Project): Promise<{ scratch: string; strange: string }> {
  const run = await onlyRun(project);
  const tmp = path.join(project.base, 'tmp');
  const scratch = makeScratch(tmp, makeMark(undefined, { run, epoch: 7, directory: 'ask-00000000.1' }));
  writeFileSync(path.join(scratch, 'mcp.json'), 'hush');
  const other = makeMark(undefined, { run: '20200101-000000-aaaa', epoch: 1, directory: 'ask-00000000.1' });
  return { scratch, strange: makeScratch(tmp, other) };
}

it('are named by doctor, and removed by gc, with what other runs have left alone', async () => {
  const project = projectWith({ w: FAILING });
  await say(project, 'run w');
  const { scratch, strange } = await leave(project);
  // By such a name anybody may lead us elsewhere.
  const link = `${scratch}-link`;
  symlinkSync(project.root, link);
  const doctor = await say(project, 'doctor');
  expect(doctor.stdout).toContain(`${scratch}: the files of agents`);
  expect((await say(project, 'gc --dry-run')).stdout).toContain(
    'would remove 1 temporary directory of agents',
  );
  expect(existsSync(scratch)).toBe(true);
  expect(JSON.parse((await say(project, 'gc --json')).stdout)).toMatchObject({ 'agent-directories': 1 });
  expect([scratch, strange, link].map((file) => existsSync(file))).toEqual([false, true, true]);
  expect(existsSync(path.join(project.root, 'a.txt'))).toBe(true);
  expect((await say(project, 'doctor')).stdout).not.toContain('files of agents');
});

it('are removed when their run goes on', async () => {
  const project = projectWith({ w: FAILING });
  await say(project, 'run w');
  const { scratch, strange } = await leave(project);
  await say(project, 'resume @last');
  expect(readdirSync(path.dirname(scratch))).toEqual([path.basename(strange)]);
});

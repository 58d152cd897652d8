// Runs with a disk that is full or damaged.
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { foldAll } from '../../src/model/fold.ts';
import { loadDriver } from '../../src/state/driver.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { PROGRAM } from '../support/cli.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';

beforeAll(built);

/** Runs the program so that no file can grow beyond `kib`: to a program that writes one, the disk is full then. */
async function confined(project: Project, kib: number, args: readonly string[]) {
  const child = spawn(
    'bash',
    ['-c', `trap '' XFSZ; ulimit -f ${kib}; exec "$@"`, 'bash', process.execPath, PROGRAM, ...args],
    { cwd: project.root, env: project.environ, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { stdout: await text(child.stdout), stderr: await text(child.stderr), code: await code };
}

it('a run on a disk that fills up ends with a sentence, and goes on when there is room', async () => {
  const steps = Array.from(
    { length: 12 },
    (_, index) => `  - { id: s${index}, run: "echo ${index} >> ran.txt; printf '%060000d' 1" }\n`,
  );
  const project = projectWith({ w: `steps:\n${steps.join('')}` });
  const full = await confined(project, 400, ['run', 'w']);
  expect(full.stderr).not.toContain('defect');
  expect(full.stderr).toContain('codemachine.db');
  expect(full.stderr).not.toContain('owns');
  expect(full.code).toBe(2);
  const run = await onlyRun(project);
  const before = foldAll(await withState(project, (state) => state.history(run)));
  const done = [...before.steps.values()].filter((step) => step.status === 'succeeded');
  expect(done.length).toBeGreaterThan(0);
  expect(done.length).toBeLessThan(12);
  expect((await say(project, 'resume @last')).code).toBe(0);
  const ran = project.read('ran.txt').trim().split('\n');
  for (const { key } of done) expect(ran.filter((one) => `s${one}` === key)).toHaveLength(1);
  expect(new Set(ran).size).toBe(12);
});

it('a step for which the state directory has no place fails, and says why', async () => {
  const project = projectWith({ w: 'steps:\n  - { id: a, run: "true" }\nfinally:\n  - { run: "true" }\n' });
  project.write('.codemachine/state/runs', 'in the way');
  const { code, stdout, stderr } = await say(project, 'run w');
  expect(stderr).not.toContain('defect');
  expect(stdout).toContain(path.join(project.stateDir, 'runs'));
  expect(code).toBe(1);
});

it('a damaged database refuses a run with a sentence', async () => {
  const project = projectWith({ w: 'steps:\n  - { run: "true" }\n' });
  await say(project, 'run w');
  const file = path.join(project.stateDir, 'codemachine.db');
  const driver = await loadDriver();
  if (!driver.ok) throw new Error(driver.error.message);
  const connection = driver.value(file, {});
  const page = connection.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'records'").pluck().get();
  const size = Number(connection.pragma('page_size', { simple: true }));
  connection.pragma('wal_checkpoint(TRUNCATE)');
  connection.close();
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(size, 0xff), 0, size, (Number(page) - 1) * size);
  closeSync(handle);
  const refused = await say(project, 'run w');
  expect(refused.stderr).toContain('is damaged');
  expect(refused.stderr).not.toContain('defect');
  expect(refused.code).toBe(2);
  for (const command of ['resume @last', 'status @last']) {
    const { code, stderr } = await say(project, command);
    expect(stderr).toContain('is damaged');
    expect(stderr).not.toContain('defect');
    expect(code).toBe(2);
  }
});

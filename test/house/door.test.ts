// The program as it is published: its door, its exit codes, what is in the package.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';

const house = path.resolve(import.meta.dirname, '../..');
let copy: string;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

beforeAll(async () => {
  copy = await mkdtemp(path.join(tmpdir(), 'door-'));
  built();
  for (const part of [
    'bin/codemachine.js',
    'bin/package.json',
    'dist',
    'package.json',
    'oclif.manifest.json',
  ]) {
    await cp(path.join(house, part), path.join(copy, part), { recursive: true });
  }
});

afterAll(() => rm(copy, { recursive: true, force: true }));

// The copy has no node_modules and no schemas: what it needs beyond dist/ would be missed here.
function codemachine(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const program = path.join(copy, 'bin/codemachine.js');
    const env = { PATH: process.env.PATH, HOME: copy };
    execFile(process.execPath, [program, ...args], { env, cwd: copy }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

it.each(['--version', '-V'])('says its version for %s', async (flag) => {
  const { version } = JSON.parse(await readFile(path.join(house, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(await codemachine(flag)).toEqual({ code: 0, stdout: `codemachine ${version}\n`, stderr: '' });
});

it('helps', async () => {
  const { code, stdout } = await codemachine('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('codemachine run <workflow>');
});

it('refuses what it does not know with 2', async () => {
  expect(await codemachine('paint')).toMatchObject({ code: 2, stdout: '' });
  expect(await codemachine('schema', '--loudly')).toMatchObject({ code: 2, stdout: '' });
});

it('calls its own trouble a defect, with 70', async () => {
  const { code, stderr } = await codemachine('schema', 'workflow');
  expect(code).toBe(70);
  expect(stderr).toContain('schemas/workflow.schema.json');
  expect(stderr).toContain('defect of codemachine');
  const { stdout } = await codemachine('schema', 'workflow', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'defect', 'exit-code': 70 } });
});

it('starts from modules where V8 is another one than that of the build', async () => {
  const dist = path.join(copy, 'dist');
  const caches = (await readdir(dist)).filter((name) => name.endsWith('.cache'));
  expect(caches).toContain(`program.${process.versions.v8}-${process.arch}.cache`);
  const compiled = await codemachine('schema', '--loudly');
  for (const name of caches) await rm(path.join(dist, name));
  expect(await codemachine('schema', '--loudly')).toEqual(compiled);
});

it('carries the licences of what is bundled', async () => {
  const text = await readFile(path.join(copy, 'dist/third-party-licenses.txt'), 'utf8');
  expect(text).toMatch(/^@oclif\/core 4\./m);
});

it('says what to do where it was never built', async () => {
  await rm(path.join(copy, 'dist'), { recursive: true });
  const broken = await codemachine('schema');
  expect(broken.code).toBe(70);
  expect(broken.stderr).toContain('Install it again.');
  await mkdir(path.join(copy, 'bin/dev'));
  const { code, stderr } = await codemachine('schema');
  expect(code).toBe(2);
  expect(stderr).toContain(`cd '${await realpath(copy)}' && npm run setup && npm run build`);
});

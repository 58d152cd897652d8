// What people get wrong about places: said in a sentence, with exit code 2, before anything starts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { cli, PROGRAM } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { FINE, projectWith, say } from './project.ts';

beforeAll(built);

const AGENT = 'steps:\n  - { id: ask, prompt: hi, engine: codex, access: read }\n';

it.each([
  ['--record a.txt', 'a.txt is not a directory'],
  ['--record a.txt/deep/er', 'a.txt is not a directory'],
  ['--replay norec', 'norec: there is no such directory'],
  ['--replay a.txt', 'a.txt: it is not a directory'],
])('run w %s', async (flags, words) => {
  const project = projectWith({ w: AGENT });
  const { code, stdout, stderr } = await say(project, `run w ${flags}`);
  expect(stderr).toContain(words);
  expect(stderr).toContain(flags.split(' ')[0]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(existsSync(project.stateDir)).toBe(false);
});

it.each(['runs', 'validate', 'run w', 'status', 'doctor', 'rum', ''])(
  'codemachine %s in a directory that was deleted',
  (line) => {
    const { base, environ } = projectWith({});
    const gone = path.join(base, 'gone');
    mkdirSync(gone);
    const script = 'cd "$1" && rmdir "$1" && shift && exec "$@"';
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', script, 'sh', gone, process.execPath, PROGRAM, ...line.split(' ').filter(Boolean)],
      { env: environ, encoding: 'utf8' },
    );
    expect(stderr).toBe(
      'codemachine: the current directory is gone: change to one that is there, and call it again\n',
    );
    expect(status).toBe(2);
  },
);

it('a run that has succeeded is resumed without its secrets: there is nothing to do', async () => {
  const project = projectWith({ w: `secrets: [TOKEN_A]\n${FINE}` });
  expect((await say(project, 'run w', { env: { TOKEN_A: 'abcdefgh' } })).code).toBe(0);
  const { code, stderr } = await say(project, 'resume @last');
  expect(stderr).toContain('nothing left to do');
  expect(code).toBe(0);
});

it('a run of another worktree: where it goes on is said, and the list names its checkout', async () => {
  const project = projectWith({ w: 'steps:\n  - run: test -e go\n' });
  const tree = path.join(project.base, 'linked');
  project.git('worktree', 'add', '-q', tree);
  await say(project, 'run w');
  expect((await say(project, 'runs')).stdout).not.toContain(project.root);
  const there = await cli(project, ['runs'], { cwd: tree });
  expect(there.stdout).toContain('CHECKOUT');
  expect(there.stdout).toContain(project.root);
  const resumed = await cli(project, ['resume', '@last'], { cwd: tree });
  expect(resumed.stderr).toContain(`goes on in the checkout ${project.root}`);
  expect((await say(project, 'resume @last')).stderr).not.toContain('checkout');
});

it.each([
  ['that is a file', (project: Project) => writeFileSync(project.stateDir, '')],
  [
    'below a file',
    (project: Project) => {
      rmSync(path.join(project.root, '.codemachine'), { recursive: true });
      project.write('.codemachine', '');
    },
  ],
  [
    'whose database was emptied',
    async (project: Project) => {
      await say(project, 'run w');
      project.write('.codemachine/state/codemachine.db', '');
    },
  ],
])('a state directory %s is not one without runs', async (_, spoil) => {
  const project = projectWith({ w: FINE });
  await spoil(project);
  for (const command of ['runs', 'status', 'logs @last', 'resume @last', 'cancel @last']) {
    const { code, stdout, stderr } = await say(project, command);
    expect(stderr).toContain('.codemachine');
    expect(stderr).not.toContain('defect');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  }
  const { code, stdout } = await say(project, 'doctor');
  expect(stdout).toMatch(/✖ +state/);
  expect(code).toBe(1);
});

it('a state directory whose database was taken away is begun anew', async () => {
  const project = projectWith({ w: FINE });
  await say(project, 'run w');
  for (const end of ['', '-wal', '-shm'])
    rmSync(path.join(project.stateDir, `codemachine.db${end}`), { force: true });
  expect((await say(project, 'run w')).code).toBe(0);
});

it('names each missing thing on a line that says whose it is, and a plan as a shell takes it', async () => {
  const project = projectWith(
    {},
    {
      'odd name.yml': `name: odd\ninputs:\n  a: { type: string, required: true }\n  b: { type: string, required: true }\n${FINE}`,
    },
  );
  const { code, stderr } = await cli(project, ['run', 'odd name.yml']);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^codemachine: the input `a` .*\ncodemachine: the input `b` .*\n {2}`codemachine plan 'odd name.yml'` shows/,
  );
});

it('says of a run that was canceled that it was', async () => {
  const project = projectWith({ w: FINE });
  await say(project, 'run w');
  expect((await say(project, 'cancel @last')).stderr).toContain('has ended already: it succeeded\n');
  const slow = projectWith({ w: 'steps:\n  - run: until test -e never; do sleep 0.02; done\n' });
  const run = (await say(slow, 'run w --detach')).stdout.trim();
  await say(slow, `cancel ${run}`);
  await say(slow, `status ${run} --watch`);
  expect((await say(slow, `cancel ${run}`)).stderr).toContain('has ended already: it was canceled\n');
});

it('a step that there is not: the plan of this workflow shows those that there are', async () => {
  const { code, stderr } = await say(projectWith({ w: FINE }), 'run w --only oen');
  expect(stderr).toContain('did you mean `one`? `codemachine plan w` shows all');
  expect(code).toBe(2);
});

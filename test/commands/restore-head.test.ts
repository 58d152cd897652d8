// Brings back with one command what an undo took, HEAD and index included, through the built program.
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';
import { agentDoes, agentProject, usersSide, words } from './tree-project.ts';

beforeAll(built);

/** Commits on the branch, goes on to one of its own, stages a file, leaves others; then it fails. */
const SCRIPT = [
  'git() { command git -c user.name=agent -c user.email=agent@localhost "$@"; }',
  'echo agent > committed.txt; rm a.txt; git add -A; git commit -qm "by the attempt"',
  'git switch -qc theirs; echo more > more.txt; git add more.txt; git commit -qm "on a branch"',
  'echo staged > staged.txt; git add staged.txt; echo loose > loose.txt',
  'exit 1',
].join('\n');

const FAILS =
  'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., retry: { attempts: 1 }, continue-on-error: true }\n  - run: "true"\n';

/** A run whose attempt was undone, with the command that is told. */
async function undone(): Promise<{ readonly project: Project; readonly command: readonly string[] }> {
  const project = agentProject(SCRIPT, {}, FAILS);
  const before = [project.picture(), usersSide(project).head, usersSide(project).index];
  const { code, stdout } = await say(project, 'run w');
  expect(code).toBe(0);
  expect([project.picture(), usersSide(project).head, usersSide(project).index]).toEqual(before);
  const [, command = ''] =
    /`codemachine (restore \S+ fix\.1 --after --head)` brings that back/.exec(stdout) ?? [];
  return { project, command: command.split(' ') };
}

it('brings back files, commits, branch and index', async () => {
  const { project, command } = await undone();
  const would = await words(project, [...command, '--dry-run']);
  expect(would.stderr).toMatch(
    /would put HEAD at theirs \([0-9a-f]{12}\) and the index back to be as they were after `fix`\n/,
  );
  const before = project.picture();
  const side = usersSide(project);
  const back = await words(project, command);
  expect(back).toMatchObject({ code: 0 });
  expect(project.git('status', '--porcelain', '--branch')).toBe('## theirs\nA  staged.txt\n?? loose.txt\n');
  expect(project.git('log', '--format=%s', '-2', 'theirs')).toBe('on a branch\nby the attempt\n');
  expect(project.git('log', '--format=%s', '-1', 'main')).toBe('by the attempt\n');
  expect(project.git('reflog', '-1', 'main')).toContain('codemachine: restore --head');
  expect(await words(project, [...command.slice(0, 3), '--before', '--head'])).toMatchObject({ code: 0 });
  expect(project.picture()).toEqual(before);
  expect({ ...usersSide(project), branches: '' }).toEqual({ ...side, branches: '' });
});

it('leaves what somebody did since, and says so', async () => {
  const { project, command } = await undone();
  project.write('mine.txt', 'mine\n');
  project.git('add', 'mine.txt');
  project.git('commit', '-qm', 'mine');
  const main = project.git('rev-parse', 'main');
  const back = await words(project, command);
  expect(back.code).toBe(1);
  expect(back.stderr).toContain('are not as run');
  expect(project.git('rev-parse', 'main')).toBe(main);
  expect(project.read('loose.txt')).toBe('loose\n');
});

it('goes with all files of one attempt', async () => {
  const { project, command } = await undone();
  for (const args of [
    [...command, '--', 'a.txt'],
    ['restore', '@last', '--after', '--head'],
  ]) {
    const refused = await words(project, args);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('`--head` says where HEAD goes');
  }
});

/** A run whose only attempt has committed and failed: nothing of it is undone. */
async function leftThere(): Promise<Project> {
  const project = agentProject(
    `git() { command git -c user.name=agent -c user.email=agent@localhost "$@"; }\necho agent > a.txt; git commit -qam "by the attempt"\nexit 1`,
  );
  expect((await say(project, 'run w')).code).toBe(1);
  return project;
}

describe('an attempt that committed', () => {
  it('is told with where HEAD is now, and with what takes both back', async () => {
    const project = await leftThere();
    const { stdout } = await say(project, 'status @last');
    expect(stdout).toMatch(
      /^fix: HEAD has moved from main \(\w{12}\) to main \(\w{12}\), with commits made since: \w{12} by the attempt$/m,
    );
    expect(stdout).toContain('what fix changed is still in the tree, and HEAD is where it left it:');
    const [, command = ''] =
      /`codemachine (restore \S+ fix --before --head)` puts the tree back/.exec(stdout) ?? [];
    expect((await say(project, command)).code).toBe(0);
    expect(project.git('log', '-1', '--format=%s', 'main')).toBe('the engine\n');
    expect(project.git('status', '--porcelain')).toBe('');
  });

  it('is undone by a resume with one and the same command that brings it back', async () => {
    const project = await leftThere();
    agentDoes(project, 'true');
    const { code, stdout, stderr } = await say(project, 'resume @last');
    expect(code).toBe(0);
    const commands = [...`${stdout}${stderr}`.matchAll(/`codemachine (restore [^`]+)` brings/g)].map(
      ([, one]) => one,
    );
    expect(commands).toHaveLength(2);
    expect(new Set(commands).size).toBe(1);
    expect(stderr).toMatch(/HEAD was at main \(\w{12}\) and is at main \(\w{12}\) again/);
    expect((await say(project, commands[0] ?? '')).code).toBe(0);
    expect(project.git('log', '-1', '--format=%s', 'main')).toBe('by the attempt\n');
    expect(project.git('status', '--porcelain')).toBe('');
  });

  it('is told with both commands where files were edited since', async () => {
    const project = await leftThere();
    project.write('mine.txt', 'mine\n');
    agentDoes(project, 'true');
    const { code, stderr } = await say(project, 'resume @last');
    expect(code).toBe(0);
    expect(stderr).toMatch(/fix\.1 --after --head` brings HEAD back with what the attempt left/);
    const [, found = ''] =
      /`codemachine (restore \S+ --to \d+)` then the files as they were found/.exec(stderr) ?? [];
    expect((await say(project, found)).code).toBe(0);
    expect(project.read('mine.txt')).toBe('mine\n');
    expect(project.read('a.txt')).toBe('agent\n');
  });
});

describe('an attempt whose commits are put back with its files', () => {
  it('is closed, and one sentence says where HEAD is', async () => {
    const project = await leftThere();
    const start = project.git('rev-parse', 'main~1');
    const back = await words(project, ['restore', '@last', 'fix', '--before', '--head']);
    expect(back).toMatchObject({ code: 0 });
    expect(back.stderr.match(/HEAD/g)).toHaveLength(2);
    expect(back.stderr).toMatch(/--after --head` brings HEAD back/);
    expect(back.stderr).toMatch(
      /HEAD at main \([0-9a-f]{12}\) and the index are as they were before `fix`\n/,
    );
    expect(back.stderr).toContain('with that `fix` is undone');
    expect(project.git('rev-parse', 'main')).toBe(start);
    expect((await say(project, 'status @last')).stdout).not.toContain('still in the tree');
    project.write('a.txt', 'mine\n');
    agentDoes(project, 'cat a.txt > ../seen');
    expect(await say(project, 'resume @last')).toMatchObject({ code: 0 });
    expect(project.read('../seen')).toBe('mine\n');
  });

  it('is closed where somebody has committed since, whose commits stay', async () => {
    const project = await leftThere();
    project.git('commit', '-q', '--allow-empty', '-m', 'mine');
    const mine = project.git('rev-parse', 'main');
    const back = await words(project, ['restore', '@last', 'fix', '--before', '--head']);
    expect(back.code).toBe(1);
    expect(back.stderr).toContain('are not as run');
    expect(back.stderr).not.toContain('Files alone');
    expect(back.stderr).toContain('with that `fix` is undone');
    expect(project.git('rev-parse', 'main')).toBe(mine);
    expect(project.read('a.txt')).toBe('a\n');
    expect(await words(project, ['restore', '@last', 'fix', '--before'])).toMatchObject({
      code: 0,
      stdout: '',
    });
  });
});

it('puts the files back where the commits are gone from the repository', async () => {
  const { project, command } = await undone();
  const refs = project.git('for-each-ref', '--format=%(refname)', 'refs/codemachine').split('\n');
  for (const ref of refs.filter((one) => /\.(head|branch\d*)$/.test(one)))
    project.git('update-ref', '-d', ref);
  project.git('branch', '-D', 'theirs');
  project.git('reflog', 'expire', '--expire=all', '--all');
  project.git('gc', '-q', '--prune=now');
  const side = usersSide(project);
  const back = await words(project, command);
  expect(back.code).toBe(1);
  expect(back.stderr).toContain('so files alone were put back');
  expect(project.read('loose.txt')).toBe('loose\n');
  expect(usersSide(project)).toEqual(side);
});

// Brings back with one command what an undo took, HEAD and index included, through the built program.
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';
import { agentProject, usersSide, words } from './tree-project.ts';

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

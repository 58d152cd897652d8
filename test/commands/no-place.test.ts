// Refuses to start where a step would have no place to work in, and says so in `doctor`, through the built program.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { projectWith, say } from './project.ts';

beforeAll(built);

const ISOLATED = `steps:
  - { id: one, run: "true" }
  - { id: two, run: "true", workspace: isolated }
`;
const WRITER = 'steps:\n  - { id: fix, engine: codex, access: write, prompt: Mend it. }\n';

const make = (): Project => projectWith({ w: ISOLATED, writer: WRITER, plain: 'steps: [{ run: "true" }]\n' });

/** A file beside the repository. */
function inBase(project: Project, name: string): string {
  writeFileSync(path.join(project.base, name), '');
  return path.join(project.base, name);
}

/** What is said, where nothing was started. */
async function refused(project: Project, line: string, env: Record<string, string> = {}): Promise<string> {
  const end = await say(project, line, { env });
  expect(end).toMatchObject({ code: 2, stdout: '' });
  return end.stderr;
}

describe('a place for worktrees', () => {
  it.each([
    ['a file', (p: Project) => inBase(p, 'file'), /\/file/],
    ['below a file', (p: Project) => path.join(inBase(p, 'file'), 'cache'), /\/file\/cache/],
    ['where nothing can be made', () => '/proc/nothing', /\/proc\/nothing/],
    ['inside of the repository', (p: Project) => path.join(p.root, 'cache'), /lies inside the repository/],
  ])('is looked for before anything runs: %s', async (_, at, words) => {
    const project = make();
    const env = { XDG_CACHE_HOME: at(project) };
    const said = await refused(project, 'run w', env);
    expect(said).toMatch(/^codemachine: There is no safe place for the worktree of an isolated step: /);
    expect(said).toMatch(words);
    expect(said).toContain('\n  Set XDG_CACHE_HOME to a directory of yours');
    expect((await say(project, 'runs')).stdout).not.toContain(' w ');
    expect((await say(project, 'run w --skip two', { env })).code).toBe(0);
    expect((await say(project, 'run plain', { env })).code).toBe(0);
  });

  it('is that of HOME where XDG_CACHE_HOME is relative, and none without a HOME', async () => {
    const project = make();
    expect((await say(project, 'run w', { env: { XDG_CACHE_HOME: 'cache' } })).code).toBe(0);
    const env = { XDG_CACHE_HOME: 'cache', HOME: '' };
    expect(await refused(project, 'run w', env)).toContain('HOME is not set');
    const doctor = await say(project, 'doctor', { env });
    expect(doctor.code).toBe(0);
    expect(doctor.stdout).toMatch(
      /– +worktrees +There is no safe place .*: HOME is not set.*\n +Set XDG_CACHE_HOME/,
    );
    expect((await say(project, 'doctor')).stdout).toMatch(/✔ +worktrees +of isolated steps, below \S+/);
  });
});

describe('a place for worktrees of a run that goes on', () => {
  const steps = `  - { id: two, run: "true", workspace: isolated }
  - { id: ask, gate: { message: Go on? } }
`;
  const none = { XDG_CACHE_HOME: '/proc/nothing' };

  it('is looked for before anything starts, and may be missing where the run is only ended', async () => {
    const project = projectWith({ w: `steps:\n  - { id: first, gate: { message: Begin? } }\n${steps}` });
    expect((await say(project, 'run w')).code).toBe(3);
    expect((await say(project, 'approve @last')).code).toBe(0);
    const said = await refused(project, 'resume @last', none);
    expect(said).toContain('There is no safe place for the worktree');
    expect((await say(project, 'resume @last')).code).toBe(3);
    expect((await say(project, 'cancel @last', { env: none })).code).toBe(0);
  });

  it('is not needed by steps that are done', async () => {
    const project = projectWith({ w: `steps:\n${steps}` });
    expect((await say(project, 'run w')).code).toBe(3);
    expect((await say(project, 'approve @last')).code).toBe(0);
    expect((await say(project, 'resume @last', { env: none })).code).toBe(0);
  });
});

describe('a repository', () => {
  it('whose HEAD is junk is refused by name where something of it is needed', async () => {
    const project = make();
    writeFileSync(path.join(project.root, '.git/HEAD'), 'junk\n');
    for (const workflow of ['w', 'writer']) {
      const said = await refused(project, `run ${workflow}`);
      expect(said).toContain('.git/HEAD names neither a branch nor a commit');
      expect(said).toContain(
        '\n  If the branch was `main`, `echo "ref: refs/heads/main" > .git/HEAD` puts it right',
      );
    }
    const doctor = await say(project, 'doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/✖ +git .*\.git\/HEAD names neither/);
    expect((await say(project, 'run plain')).code).toBe(0);
    writeFileSync(path.join(project.root, '.git/HEAD'), 'ref: refs/heads/main\n');
    expect((await say(project, 'run w')).code).toBe(0);
  });

  it('without its objects is refused in the words of git', async () => {
    const project = make();
    renameSync(path.join(project.root, '.git/objects'), path.join(project.root, '.git/gone'));
    expect(await refused(project, 'run w')).toMatch(
      /has a \.git, and git finds no repository there \(fatal: not a git/,
    );
  });

  it('with a line break in its path is shown as it is', async () => {
    const project = make();
    const root = path.join(project.base, 'line\nbreak');
    renameSync(project.root, root);
    const end = await say({ ...project, root }, 'run w');
    expect(end.code).toBe(2);
    expect(end.stderr).toContain('line\\nbreak');
    expect(end.stderr).toContain('\n  Move it to a path without one.\n');
    const doctor = await say({ ...project, root }, 'doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/✖ +git .*line\\nbreak/);
  });

  it('that is bare has no files to work on', async () => {
    const project = make();
    project.git('config', 'core.bare', 'true');
    expect(await refused(project, 'run w')).toContain('is bare: it has no files to work on');
    expect((await say(project, 'doctor')).stdout).toMatch(/✖ +git .* is bare/);
    const bare = path.join(project.base, 'bare.git');
    renameSync(path.join(project.root, '.git'), bare);
    renameSync(path.join(project.root, '.codemachine'), path.join(bare, '.codemachine'));
    mkdirSync(path.join(bare, 'deep'));
    for (const root of [bare, path.join(bare, 'deep')]) {
      const said = await refused({ ...project, root }, 'run plain');
      expect(said).toContain(
        `${bare} is a bare repository: it has no files to work on\n  \`git worktree add`,
      );
      // The place is wrong, and not the file.
      for (const name of ['w', 'plain'])
        expect(
          await say({ ...project, root }, `validate ${bare}/.codemachine/workflows/${name}.yml`),
        ).toMatchObject({
          ...{ code: 0, stderr: expect.not.stringContaining('git init') },
        });
      const doctor = await say({ ...project, root }, 'doctor');
      expect(doctor.code).toBe(1);
      expect(doctor.stdout).toContain(`${bare} is a bare repository`);
    }
  });
});

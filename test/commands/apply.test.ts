// Merges changes of attempts by hand through the built program.
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';
import { agentDoes, agentProject, usersSide, words } from './tree-project.ts';

beforeAll(built);

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';

/** A run whose first attempt changed the last line and was undone, and whose second did what the script says. */
async function undone(second: string): Promise<Project> {
  const project = agentProject('sed -i s/seven/SEVEN/ f.txt; echo n > new.txt; exit 1', { 'f.txt': LINES });
  await say(project, 'run w');
  agentDoes(project, second);
  await say(project, 'resume @last');
  return project;
}

describe('apply', () => {
  it('merges what an undone attempt had made with what came after it', async () => {
    const project = await undone('sed -i s/one/ONE/ f.txt');
    project.write('mine.txt', 'mine\n');
    const side = usersSide(project);
    const before = project.picture();
    const would = await say(project, 'apply @last fix.1 --dry-run');
    expect(would).toMatchObject({ code: 0, stderr: '' });
    expect(would.stdout).toBe(
      'would apply the change of `fix` (attempt 1):\n  M f.txt  +1 -1\n  A new.txt  +1 -0\n',
    );
    expect(project.picture()).toEqual(before);
    const did = await say(project, 'apply @last fix.1');
    expect(did).toMatchObject({ code: 0 });
    expect(project.read('f.txt')).toBe(LINES.replace('one', 'ONE').replace('seven', 'SEVEN'));
    expect(project.read('new.txt')).toBe('n\n');
    expect(project.read('mine.txt')).toBe('mine\n');
    expect(usersSide(project)).toEqual(side);
    const again = await say(project, 'apply @last fix.1');
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('has the change of `fix` (attempt 1) already');
    const [, back = ''] = /`codemachine (restore [^`]*)`/.exec(did.stderr) ?? [];
    expect(await words(project, back.split(' '))).toMatchObject({ code: 0 });
    expect(project.picture()).toEqual(before);
  });

  it('changes nothing where it collides, or with --markers puts both sides there', async () => {
    const project = await undone('sed -i s/seven/sieben/ f.txt');
    const before = project.picture();
    const end = await say(project, 'apply @last fix.1');
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain('nothing was changed');
    expect(end.stderr).toContain('collides with the tree in f.txt');
    expect(project.picture()).toEqual(before);
    expect(await say(project, 'apply @last fix.1 --markers --dry-run')).toMatchObject({ code: 1 });
    expect(project.picture()).toEqual(before);
    const marked = await say(project, 'apply @last fix.1 --markers');
    expect(marked).toMatchObject({ code: 1 });
    expect(marked.stderr).toContain('both sides stand between markers in f.txt');
    expect(project.read('f.txt')).toMatch(/<{7} .*\nsieben\n={7}\nSEVEN\n>{7} /);
    expect(project.read('new.txt')).toBe('n\n');
    const [, back = ''] = /`codemachine (restore [^`]*)`/.exec(marked.stderr) ?? [];
    await words(project, back.split(' '));
    expect(project.picture()).toEqual(before);
  });

  it('leaves the run as it was, and refuses what made no change', async () => {
    const project = await undone('sed -i s/one/ONE/ f.txt');
    const status = (await say(project, 'status --json')).stdout;
    await say(project, 'apply @last fix.1');
    expect((await say(project, 'status --json')).stdout).toBe(status);
    expect(await say(project, 'apply @last')).toMatchObject({ code: 2 });
    expect((await say(project, 'apply @last fxi')).stderr).toContain('did you mean `fix`?');
  });
});

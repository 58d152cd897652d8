// Decides, through the built program, about conflicts that leave no markers in any file.
import { readlinkSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { ends, eventsOf, projectWith, say } from './project.ts';
import { usersSide, words } from './tree-project.ts';

beforeAll(built);

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n';

/** `left` does the one and is merged; `right` does the other, and more that fits, and collides. */
async function collided(left: string, right: string): Promise<Project> {
  const step = (id: string, script: string): string =>
    `  - { id: ${id}, needs: [], workspace: isolated, run: ${JSON.stringify(script)} }\n`;
  const project = projectWith(
    { w: `steps:\n${step('left', left)}${step('right', `${right}; echo x > right.txt`)}` },
    { 'bin.dat': 'a\u0000b', 'f.txt': LINES },
  );
  symlinkSync('x', path.join(project.root, 'link.to'));
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'a link');
  expect((await say(project, 'run w')).code).toBe(1);
  return project;
}

const BINARY = ['printf "s\\\\0s" > bin.dat', 'printf "step\\\\0" > bin.dat'] as const;

const KINDS: Record<
  string,
  {
    readonly left: string;
    readonly right: string;
    readonly path: string;
    /** What is said, with ids as `#`. */
    readonly said: string;
    readonly there: string;
    /** What the tree has with the step's side. */
    readonly step: (project: Project) => unknown;
  }
> = {
  'a binary': {
    left: BINARY[0],
    right: BINARY[1],
    path: 'bin.dat',
    said: 'bin.dat: both sides changed it, and it is no text (the shared tree has a file of 3 bytes (#); the step has a file of 5 bytes (#))',
    there: "the shared tree's version is there",
    step: (project) => expect(project.read('bin.dat')).toBe('step\u0000'),
  },
  'a link': {
    left: 'ln -sf one link.to',
    right: 'ln -sf two link.to',
    path: 'link.to',
    said: 'link.to: both sides changed where the link leads (the shared tree has a link to one; the step has a link to two)',
    there: "the shared tree's version is there",
    step: (project) => expect(readlinkSync(path.join(project.root, 'link.to'))).toBe('two'),
  },
  'what the step deleted': {
    left: 'echo more >> f.txt',
    right: 'rm f.txt',
    path: 'f.txt',
    said: 'f.txt: the step deleted it, and the shared tree changed it (the shared tree has a file of 45 bytes (#); the step has nothing)',
    there: "the shared tree's version is there",
    step: (project) => expect(project.picture()).not.toHaveProperty(['f.txt']),
  },
  'what the shared tree deleted': {
    left: 'rm f.txt',
    right: 'echo more >> f.txt',
    path: 'f.txt',
    said: 'f.txt: the shared tree deleted it, and the step changed it (the shared tree has nothing; the step has a file of 45 bytes (#))',
    there: "the step's version is there",
    step: (project) => expect(project.read('f.txt')).toBe(`${LINES}more\n`),
  },
  'a file here and a link there': {
    left: 'rm f.txt; ln -s q f.txt',
    right: 'echo more >> f.txt',
    path: 'f.txt',
    said: 'f.txt: the sides made things of two kinds of it (the shared tree has a link to q; the step has a file of 45 bytes (#))',
    there: "the step's f.txt",
    step: (project) => expect(project.read('f.txt')).toBe(`${LINES}more\n`),
  },
  'a directory here and a file there': {
    left: 'rm f.txt; mkdir f.txt; echo in > f.txt/in',
    right: 'echo more >> f.txt',
    path: 'f.txt',
    said: 'f.txt: the sides made things of two kinds of it (the shared tree has a directory; the step has a file of 45 bytes (#))',
    there: "the step's f.txt",
    step: (project) => expect(project.read('f.txt')).toBe(`${LINES}more\n`),
  },
  'two new names': {
    left: 'mv f.txt left.txt',
    right: 'mv f.txt other.txt',
    path: 'f.txt',
    said: 'f.txt, left.txt, other.txt: the sides gave and took names that do not fit together (the shared tree has left.txt, a file of 40 bytes (#); the step has other.txt, a file of 40 bytes (#))',
    there: "left.txt: the shared tree's version is there",
    step: (project) => {
      expect(project.read('other.txt')).toBe(LINES);
      expect(project.picture()).not.toHaveProperty(['left.txt']);
    },
  },
};

function plain(said: string): string {
  return said.replace(/\([0-9a-f]{12}\)/g, '(#)');
}

/** Everything but the rest of the change. */
function without(picture: Record<string, string>): Record<string, string> {
  const { 'right.txt': _, ...rest } = picture;
  return rest;
}

describe.each(Object.entries(KINDS))(
  'a conflict of %s',
  (_, { left, right, path: file, said, there, step }) => {
    it('is told with both sides; the step’s side is taken, not dropped', async () => {
      const project = await collided(left, right);
      const shared = project.picture();
      const side = usersSide(project);
      const diff = await say(project, 'diff @last right --conflict');
      expect(diff.code).toBe(0);
      expect(plain(diff.stderr)).toContain(said);
      const json = JSON.parse((await say(project, 'diff @last right --conflict --json')).stdout) as unknown;
      expect(json).toMatchObject({ clashes: [{ marked: false }] });
      const without0 = await say(project, 'apply @last right');
      expect(without0.code).toBe(1);
      expect(plain(without0.stderr)).toContain(said);
      expect(project.picture()).toEqual(shared);

      const marked = await say(project, 'apply @last right --markers');
      expect(marked.code).toBe(1);
      expect(marked.stderr).not.toContain('has the change');
      expect(marked.stderr).not.toContain('stand between markers');
      expect(plain(marked.stderr)).toContain(said);
      expect(marked.stderr).toContain(there);
      expect(project.read('right.txt')).toBe('x\n');

      const refused = await say(project, 'resume @last --resolved right');
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      const [, take = ''] = /`codemachine (apply [^`]* --take step [^`]*)`/.exec(marked.stderr) ?? [];
      expect(await words(project, take.split(' '))).toMatchObject({ code: 0 });
      step(project);
      expect(Object.keys(project.picture()).filter((name) => name.includes('~'))).toEqual([]);
      const { code, events } = await eventsOf(project, 'resume @last --resolved right');
      expect(code).toBe(0);
      expect(ends(events)).toMatchObject({ right: 'succeeded' });
      step(project);
      expect(usersSide(project)).toEqual(side);
    });

    it('goes on with the shared side where that was chosen', async () => {
      const project = await collided(left, right);
      const shared = project.picture();
      const refused = await say(project, 'resume @last --resolved right');
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(plain(refused.stderr)).toContain(said);
      await say(project, 'apply @last right --markers');
      expect((await say(project, 'resume @last --resolved right')).code).toBe(2);
      expect((await words(project, ['apply', '@last', 'right', '--take', 'shared', '--', file])).code).toBe(
        0,
      );
      expect(without(project.picture())).toEqual(shared);
      // Said again, the rest comes in, and what was chosen stays.
      expect(await say(project, 'apply @last right')).toMatchObject({ code: 0 });
      expect(without(project.picture())).toEqual(shared);
      expect(await say(project, 'resume @last --resolved right')).toMatchObject({ code: 0 });
      expect(without(project.picture())).toEqual(shared);
    });
  },
);

describe('apply --take', () => {
  it('takes a whole side of a text too, before anything else is applied', async () => {
    const project = await collided('sed -i s/two/left/ f.txt', 'sed -i s/two/right/ f.txt');
    const before = project.picture();
    const would = await say(project, 'apply @last right --take step --dry-run -- f.txt');
    expect(would).toMatchObject({ code: 0, stderr: '' });
    expect(project.picture()).toEqual(before);
    expect(await say(project, 'apply @last right --take step -- f.txt')).toMatchObject({ code: 0 });
    expect(project.read('f.txt')).toBe(LINES.replace('two', 'right'));
    expect(await say(project, 'apply @last right')).toMatchObject({ code: 0 });
    expect(project.read('right.txt')).toBe('x\n');
    expect(await say(project, 'resume @last --resolved right')).toMatchObject({ code: 0 });
  });

  it('is refused without files, for files that are not in conflict, and beside --markers', async () => {
    const project = await collided(...BINARY);
    expect((await say(project, 'apply @last right --take step')).stderr).toContain('of which files?');
    const other = await say(project, 'apply @last right --take step -- f.txt');
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toContain('f.txt is not in conflict');
    expect(other.stderr).toContain('those that are: bin.dat');
    expect(await say(project, 'apply @last right --take step --markers -- bin.dat')).toMatchObject({
      code: 2,
    });
    expect(await say(project, 'apply @last right -- bin.dat')).toMatchObject({ code: 2 });
    expect((await say(project, 'apply @last left --take step -- bin.dat')).code).toBe(2);
  });

  it('is not asked for where the file was changed by hand', async () => {
    const project = await collided(...BINARY);
    await say(project, 'apply @last right --markers');
    project.write('bin.dat', 'by hand\u0000');
    expect(await say(project, 'resume @last --resolved right')).toMatchObject({ code: 0 });
    expect(project.read('bin.dat')).toBe('by hand\u0000');
  });

  it('says how from another directory', async () => {
    const project = await collided(...BINARY);
    const marked = await words(project, ['apply', '@last', 'right', '--markers'], 'sub');
    expect(marked.stderr).toContain('--take step -- ../bin.dat');
  });
});

describe('resume', () => {
  it('is refused while a file stands that a merge put beside its place', async () => {
    const project = await collided('rm f.txt; mkdir f.txt; echo in > f.txt/in', 'echo more >> f.txt');
    await say(project, 'apply @last right --markers');
    for (const more of ['', ' --resolved right']) {
      const refused = await say(project, `resume @last${more}`);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/still stand there: f\.txt~step-0-g/);
    }
  });
});

// Takes steps back whose files were renamed, by themselves or by steps that keep their result.
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

const FIVE = '1\n2\n3\n4\n5\n';

/** Two steps side by side, each in a worktree of its own. */
const pair = (a: string, b: string, last = ''): string => `
steps:
  - { id: a, needs: [], workspace: isolated, run: ${JSON.stringify(a)} }
  - { id: b, needs: [], workspace: isolated, run: ${JSON.stringify(b)} }
${last}`;

/** The second one begins with what the first made, though it does not need it. */
const later = (a: string, b: string): string => `
steps:
  - { id: a, needs: [], workspace: isolated, run: ${JSON.stringify(a)} }
  - { id: between, needs: [], run: echo fine }
  - { id: b, needs: [between], workspace: isolated, run: ${JSON.stringify(b)} }
`;

async function done(project: Project, line: string): Promise<string> {
  const SEEN = path.join(project.root, '..', 'seen');
  const { code, stdout, stderr } = await say(project, line, { env: { SEEN } });
  expect([line, code, stdout, stderr]).toEqual([line, 0, expect.any(String), expect.any(String)]);
  return stderr;
}

const MOVES = 'mkdir -p d; mv f.txt d/f.txt';
const EDITS = "sed -i 's/^5/five-b/' f.txt";

describe('a step that moved a file which a kept step edited', () => {
  it('is retried with that edit in the file', async () => {
    const project = projectWith({ w: pair(MOVES, EDITS) }, { 'f.txt': FIVE });
    await done(project, 'run w');
    expect(project.read('d/f.txt')).toBe('1\n2\n3\n4\nfive-b\n');
    await done(project, 'retry @last --from a');
    expect(project.read('d/f.txt')).toBe('1\n2\n3\n4\nfive-b\n');
    expect(project.git('status', '--porcelain', '-uall')).toBe(' D f.txt\n?? d/f.txt\n');
    await done(project, 'retry @last --from a');
    expect(project.read('d/f.txt')).toBe('1\n2\n3\n4\nfive-b\n');
  });

  it('finds the file with the edit at its old place', async () => {
    const project = projectWith({ w: pair(`cat f.txt > $SEEN; ${MOVES}`, EDITS) }, { 'f.txt': FIVE });
    await done(project, 'run w');
    await done(project, 'retry @last --from a');
    expect(project.read('../seen')).toBe('1\n2\n3\n4\nfive-b\n');
  });

  it('runs again after an update with that edit in the file', async () => {
    const last = '  - { id: last, needs: [a, b], run: test -e ../ready }\n';
    const project = projectWith({ w: pair(MOVES, EDITS, last) }, { 'f.txt': FIVE });
    expect((await say(project, 'run w')).code).toBe(1);
    const again = pair(
      `${MOVES}; echo more > more.txt`,
      EDITS,
      last.replace('test -e ../ready', 'echo fine'),
    );
    project.write('.codemachine/workflows/w.yml', `name: w\n${again}`);
    await done(project, 'resume @last --updated --yes');
    expect(project.read('more.txt')).toBe('more\n');
    expect(project.read('d/f.txt')).toBe('1\n2\n3\n4\nfive-b\n');
  });

  it('is refused where the kept step moved it further', async () => {
    const workflow = later(MOVES, 'mkdir e; mv d/f.txt e/f.txt');
    const project = projectWith({ w: workflow }, { 'f.txt': FIVE });
    await done(project, 'run w');
    const { code, stderr } = await say(project, 'retry @last --from a');
    expect(code).toBe(2);
    expect(stderr).toContain('what is kept of b builds on what would go');
    expect(project.read('e/f.txt')).toBe(FIVE);
  });

  it('leaves the files alone that the kept step made in the new directory', async () => {
    const a = 'ls lib > $SEEN; cat lib/f.txt >> $SEEN; mkdir -p src; mv lib/* src';
    const b = 'echo n > src/n.txt; echo six >> src/f.txt';
    const project = projectWith({ w: later(a, b) }, { 'lib/f.txt': FIVE, 'lib/g.txt': 'g\n' });
    await done(project, 'run w');
    await done(project, 'retry @last --from a');
    expect(project.read('../seen')).toBe(`f.txt\ng.txt\n${FIVE}six\n`);
    expect(project.read('src/f.txt')).toBe(`${FIVE}six\n`);
    expect(project.read('src/n.txt')).toBe('n\n');
  });
});

describe('a step whose file a kept step moved', () => {
  it('does the same once', async () => {
    const adds = 'f=f.txt; if [ -e d/f.txt ]; then f=d/f.txt; fi; echo added-by-a >> $f';
    const project = projectWith({ w: pair(adds, MOVES) }, { 'f.txt': FIVE });
    await done(project, 'run w');
    expect(project.read('d/f.txt')).toBe(`${FIVE}added-by-a\n`);
    await done(project, 'retry @last --from a');
    expect(project.read('d/f.txt')).toBe(`${FIVE}added-by-a\n`);
    expect(project.git('status', '--porcelain', '-uall')).toBe(' D f.txt\n?? d/f.txt\n');
  });

  it('keeps its mode, and moves other files beside', async () => {
    const a = "sed -i 's/3/three-a/' f.txt; mkdir d; mv g.txt d/g.txt";
    const b = 'echo b >> g.txt; chmod +x f.txt; ln -sf f.txt b.bin';
    const last = '  - { id: c, needs: [], workspace: isolated, run: echo c > c.txt }\n';
    const project = projectWith(
      { w: pair(a, b, last) },
      { 'f.txt': FIVE, 'g.txt': '1\n2\n3\n', 'b.bin': '\0\x01' },
    );
    await done(project, 'run w');
    const after = project.git('stash', 'create').trim();
    await done(project, 'retry @last --from a');
    expect(project.read('d/g.txt')).toBe('1\n2\n3\nb\n');
    expect(project.git('diff', '--name-status', after)).toBe('');
  });
});

describe('a file that a person moved', () => {
  it('is named where the step that changed it would be taken back', async () => {
    const project = projectWith({ w: pair('echo a >> f.txt', 'echo b > b.txt') }, { 'f.txt': FIVE });
    await done(project, 'run w');
    project.git('mv', 'f.txt', 'x.txt');
    const { code, stderr } = await say(project, 'retry @last --from a');
    expect([code, stderr]).toEqual([2, expect.stringContaining('x.txt')]);
    expect(project.read('x.txt')).toBe(`${FIVE}a\n`);
  });

  it('or edited, is named where a kept step had moved it', async () => {
    const adds = 'f=f.txt; if [ -e d/f.txt ]; then f=d/f.txt; fi; echo added-by-a >> $f';
    const project = projectWith({ w: pair(adds, MOVES) }, { 'f.txt': FIVE });
    await done(project, 'run w');
    project.write('d/f.txt', `by hand\n${FIVE}added-by-a\n`);
    const { code, stderr } = await say(project, 'retry @last --from a');
    expect([code, stderr]).toEqual([2, expect.stringContaining('d/f.txt')]);
    expect(project.read('d/f.txt')).toBe(`by hand\n${FIVE}added-by-a\n`);
    await done(project, 'retry @last --from a --restore');
    expect(project.read('d/f.txt')).toBe(`by hand\n${FIVE}added-by-a\n`);
  });
});

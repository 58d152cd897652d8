/** Proves what an undo makes of files that other ignore rules hide than those it finds. */
import { expect, test } from 'vitest';
import { must, RUN } from './repository.ts';
import { oneRepository } from './worktrees.ts';

const make = oneRepository();

test('a file that was there before, and that the rules of before hide, may be written meanwhile', async () => {
  const r = make({ '.gitignore': 'out/\n', 'a.txt': 'a\n' });
  r.write('out/server.log', 'one\n');
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start')).tree;
  r.write('.gitignore', '');
  r.write('a.txt', 'attempt\n');
  const end = must(await ws.record(RUN, 'end', start));
  expect(end.files).toContain('out/server.log');
  r.write('out/server.log', 'one\ntwo\n');
  must(await ws.restore(start, end.tree));
  expect(r.read('out/server.log')).toBe('one\ntwo\n');
  expect([r.read('a.txt'), r.read('.gitignore')]).toEqual(['a\n', 'out/\n']);
});

test('a file that only rules which nobody records uncover is looked at before anything is put back', async () => {
  const r = make({ '.gitignore': '*.log\n', 'a.txt': 'a\n' });
  r.write('dir/.gitignore', '.gitignore\n!x.log\n');
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start')).tree;
  r.write('.gitignore', '*.log\n*.tmp\n');
  r.write('a.txt', 'attempt\n');
  r.write('dir/x.log', 'attempt\n');
  const end = must(await ws.record(RUN, 'end', start));
  expect(end.files).toEqual(['.gitignore', 'a.txt', 'dir/x.log']);
  r.write('dir/x.log', 'mine\n');
  const refused = await ws.restore(start, end.tree);
  expect(refused).toMatchObject({ error: { message: expect.stringContaining('dir/x.log was edited') } });
  expect([r.read('a.txt'), r.read('dir/x.log')]).toEqual(['attempt\n', 'mine\n']);
});

// Fails, undoes and resumes a run in repositories as people leave them, and looks at everything of theirs afterwards.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { findRoot } from '../../src/workspace/root.ts';
import { scriptAgent } from '../app/scripted-agent.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { projectAt } from '../support/repository.ts';
import { must, picture, realGit } from '../workspace/repository.ts';
import { inState } from '../workspace/states.ts';

beforeAll(built);

const WORKFLOW = `
name: edits
steps:
  - { id: edit, prompt: Edit., engine: claude-code, access: write }
  - { id: look, needs: edit, run: test -e made-on-purpose.txt && test ! -e made/by }
`;

/** What an agent does that fails in the end; nothing of it need succeed in every repository. */
const FAILS = `
git() { command git -c user.name=agent -c user.email=agent@localhost "$@" || true; }
echo 'by the attempt' >> edit.txt
rm -f gone.txt
mkdir -p made/by other
echo made > made/by/attempt.txt
mv keep/same.txt keep/renamed.txt
echo '#!/bin/sh' > other/run.sh; chmod +x other/run.sh
git add edit.txt made
git commit -qm 'by the attempt'
exit 1
`;

/** Fifteen of those that the room is tested with. */
const STATES = [
  'staged, unstaged and untracked work',
  'a stash',
  'a detached HEAD',
  'no commit yet',
  'a merge in progress, with an unmerged index',
  'a rebase in progress',
  'a submodule that is checked out and edited',
  'LFS pointers and other filters',
  'line ends, ident and encodings by attributes',
  'a sparse index',
  'a split index',
  'a linked worktree',
  'a worktree of a bare repository',
  'odd and long names',
  'SHA-256 objects',
] as const;

/** Everything of the user's that no run may change: index, HEAD, config as bytes; branches, tags and stashes by what they say. */
async function everything(root: string, env: Readonly<Record<string, string>>): Promise<unknown> {
  const places = must(await findRoot(root, realGit, env));
  if (places === undefined) throw new Error('no repository');
  const bytes = (dir: string, name: string): string => {
    try {
      return readFileSync(path.join(dir, name), 'latin1');
    } catch {
      return 'none';
    }
  };
  const own = ['HEAD', 'index', 'MERGE_HEAD', 'MERGE_MSG', 'config.worktree', 'info/sparse-checkout'];
  const format = '--format=%(refname) %(objectname)';
  const said = await realGit(['for-each-ref', format], { cwd: root, env });
  const refs = Buffer.from(said.stdout).toString().split('\n');
  return {
    own: own.map((name) => `${name}: ${bytes(places.gitDir, name)}`),
    rebase: Object.keys(picture(places.gitDir)).filter((name) => name.startsWith('rebase-')),
    config: bytes(places.commonDir, 'config'),
    exclude: bytes(places.commonDir, 'info/exclude'),
    stashes: bytes(places.commonDir, 'logs/refs/stash'),
    refs: refs.filter((ref) => !ref.startsWith('refs/codemachine/')),
    tree: picture(root),
  };
}

test.each(STATES)('%s: run, fail, undo, resume', async (name) => {
  const made = inState(name);
  if (made === undefined) return;
  const { r, root } = made;
  try {
    const project = projectAt(r, root);
    scriptAgent(project, FAILS);
    project.write('.codemachine/workflows/edits.yml', WORKFLOW);
    const before = await everything(root, r.environ);
    const failed = await cli(project, ['run', 'edits']);
    expect(failed.stderr + failed.stdout).toContain('edit');
    expect(failed.code).toBe(1);
    expect(picture(root)).toHaveProperty('made/by/attempt.txt');
    writeFileSync(path.join(r.home, 'agent.sh'), 'echo x > made-on-purpose.txt\n');
    const resumed = await cli(project, ['resume', '@last', '--yes']);
    expect(resumed.stderr).toContain('undid');
    expect(resumed.code).toBe(0);
    expect(picture(root)).toHaveProperty(['made-on-purpose.txt']);
    const now = (await everything(root, r.environ)) as { tree: Record<string, string> };
    const { 'made-on-purpose.txt': purpose, ...tree } = now.tree;
    expect(purpose).toContain('x');
    expect({ ...now, tree }).toEqual(before);
  } finally {
    r.remove();
  }
});

// Shows through the built program what runs and attempts changed.
import { spawnSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { say } from './project.ts';
import { agentDoes, agentProject, words } from './tree-project.ts';

beforeAll(built);

const LONG = 'one\ntwo\nthree\nfour\nfive\nsix\n';

describe('diff', () => {
  it('says of each file what became of it', async () => {
    const project = agentProject(
      'echo more >> edited; rm gone; mv old new; printf "a\\0b" > binary; chmod +x tool; rm file; ln -s a.txt file; echo x > "wei rd\nname"',
      { edited: 'first\n', gone: 'nothing like the others\n', old: LONG, tool: 'tool\n', file: 'file\n' },
    );
    await say(project, 'run w');
    const { stdout, stderr, code } = await say(project, 'diff @last fix --json');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const said = JSON.parse(stdout) as { files: readonly unknown[] };
    expect(said).toMatchObject({ step: 'fix', attempt: 1, run: expect.stringMatching(/^\d{8}-/) });
    expect(said.files).toEqual([
      { path: 'binary', status: 'added', added: null, removed: null },
      { path: 'edited', status: 'modified', added: 1, removed: 0 },
      { path: 'file', status: 'type', modes: ['100644', '120000'], added: 1, removed: 1 },
      { path: 'gone', status: 'deleted', added: 0, removed: 1 },
      { path: 'new', status: 'renamed', from: 'old', added: 0, removed: 0 },
      { path: 'tool', status: 'mode', modes: ['100644', '100755'], added: 0, removed: 0 },
      { path: 'wei rd\nname', status: 'added', added: 1, removed: 0 },
    ]);
    const stat = await say(project, 'diff @last --stat');
    expect(stat.stdout).toContain('old => new');
    expect(stat.stdout).toContain('7 files changed');
  });

  it('is what the end of a run and `status` say was changed', async () => {
    const project = agentProject(
      'echo x > made.txt',
      {},
      `steps:
  - { id: fix, engine: claude-code, access: write, prompt: Mend it. }
  - { id: tidy, run: rm made.txt && echo 1 > other.txt }
`,
    );
    const ran = await say(project, 'run w');
    expect(ran.stdout).toContain('\nchanged 1 file, +1 -0: other.txt\n');
    expect((await say(project, 'status @last')).stdout).toContain('\nchanged 1 file, +1 -0: other.txt\n');
    expect((await say(project, 'diff @last --stat')).stdout).toMatch(/^ other\.txt .*\n 1 file changed/);
  });

  it('prints a patch that git applies, of some paths alone where they are named', async () => {
    const project = agentProject('echo agent > src/a; echo agent > src/b; printf "\\0\\1" > bin', {
      'src/a': 'a\n',
      'src/b': 'b\n',
    });
    const before = project.picture();
    await say(project, 'run w');
    const after = project.picture();
    const patch = (await say(project, 'diff @last')).stdout;
    await say(project, 'restore @last --before');
    expect(project.picture()).toEqual(before);
    const file = path.join(project.base, 'patch');
    writeFileSync(file, patch);
    expect(spawnSync('git', ['apply', file], { cwd: project.root }).status).toBe(0);
    expect(project.picture()).toEqual(after);
    const some = await words(project, ['diff', '@last', 'fix', '--', 'a'], 'src');
    expect(some.stdout).toContain('src/a');
    expect(some.stdout).not.toContain('src/b');
    const named = await words(project, ['diff', '@last', '--json', '--', 'src/b', 'bin']);
    expect(JSON.parse(named.stdout)).toMatchObject({ files: [{ path: 'bin' }, { path: 'src/b' }] });
    expect(await words(project, ['diff', '@last', '--', 'c'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('shows each attempt, the undone ones too, and the run as what came of it', async () => {
    const project = agentProject('echo first > a.txt; exit 1');
    await say(project, 'run w');
    agentDoes(project, 'echo second > b.txt');
    await say(project, 'resume @last');
    const files = async (line: string) =>
      (
        JSON.parse((await say(project, `diff @last ${line}--json`)).stdout) as { files: { path: string }[] }
      ).files.map((one) => one.path);
    expect(await files('fix.1 ')).toEqual(['a.txt']);
    expect(await files('fix.2 ')).toEqual(['b.txt']);
    expect(await files('fix ')).toEqual(['b.txt']);
    expect(await files('')).toEqual(['b.txt']);
    // What a person does later is not the run's.
    project.write('mine.txt', 'mine\n');
    expect(await files('')).toEqual(['b.txt']);
    expect((await say(project, 'diff @last fix.3')).stderr).toContain('name `fix` or `fix.2`');
    expect((await say(project, 'diff @last fix --conflict')).stderr).toContain('conflicted');
  });

  it('takes keys with dots for what they are', async () => {
    const project = agentProject(
      'echo x >> a.txt',
      {},
      'steps:\n  - { id: fix-2, engine: claude-code, access: write, prompt: Do. }\n  - { id: look, run: "true" }\n',
    );
    chmodSync(path.join(project.root, 'a.txt'), 0o600);
    symlinkSync('a.txt', path.join(project.root, 'link'));
    await say(project, 'run w');
    expect((await say(project, 'diff @last fix-2.1 --stat')).stdout).toContain('a.txt | 1 +');
    expect((await say(project, 'diff @last fix2')).stderr).toContain('did you mean `fix-2`?');
    expect((await say(project, 'diff @last look')).stderr).toContain('`look` of run');
  });

  it('says on standard error that nothing was changed', async () => {
    const project = agentProject('true');
    await say(project, 'run w');
    const said = await say(project, 'diff @last');
    expect(said).toMatchObject({ code: 0, stdout: '' });
    expect(said.stderr).toMatch(/nothing was changed by run \d{8}-/);
    expect((await say(project, 'diff @last fix --stat')).stderr).toMatch(/nothing was changed by `?fix/);
    expect(await say(project, 'diff @last --json')).toMatchObject({ code: 0, stderr: '' });
  });
});

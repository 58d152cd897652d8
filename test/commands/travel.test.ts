// Takes runs to other checkouts through the built program: parked here, approved and finished there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openState } from '../../src/state/state.ts';
import { validate as fitsExport } from '../../src/workflow/generated/export.mjs';
import { validate as fitsImport } from '../../src/workflow/generated/import.mjs';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { FINE, projectWith, say } from './project.ts';
import { AGENT, bundleOf, clone, ENV, exported, parked, runs, SECRET } from './travel-project.ts';
import { agentProject } from './tree-project.ts';

beforeAll(built);

describe('a run that is parked at a gate', () => {
  it('is approved and finished in a shallow clone, with the tree as it was left', async () => {
    const project = await parked();
    const bundle = await exported(project, { CODEMACHINE_BUNDLE_KEY: 'a long key' });
    expect(statSync(bundle).mode & 0o777).toBe(0o600);
    const there = clone(project);
    const before = there.picture();
    for (const [key, sentence] of [
      [undefined, /cannot be imported: it is encrypted\n {2}set CODEMACHINE_BUNDLE_KEY/],
      ['', /CODEMACHINE_BUNDLE_KEY is set, and empty/],
      ['another key', /CODEMACHINE_BUNDLE_KEY is not the key that it was written with/],
    ] as const) {
      const env = key === undefined ? {} : { CODEMACHINE_BUNDLE_KEY: key };
      const end = await cli(there, ['import', bundle], { env });
      expect([end.code, end.stdout, end.stderr]).toEqual([2, '', expect.stringMatching(sentence)]);
    }
    expect(there.picture()).toEqual(before);
    expect(there.git('for-each-ref', 'refs/codemachine')).toBe('');
    const env = { CODEMACHINE_BUNDLE_KEY: 'a long key' };
    const came = await cli(there, ['import', bundle, '--json'], { env });
    expect(came).toMatchObject({ code: 0, stderr: '' });
    const [{ run } = { run: '' }] = await runs(there);
    expect(fitsImport(JSON.parse(came.stdout))).toBe(true);
    expect(JSON.parse(came.stdout)).toEqual({
      ...{ run, workflow: 'w', status: 'parked' },
      ...{ workspace: there.root, already: false, files: 5 },
    });
    expect(there.picture()).toEqual(project.picture());
    expect((await say(there, 'diff @last')).stdout).toBe((await say(project, 'diff @last')).stdout);
    expect((await say(there, 'logs @last tell')).stdout).toContain('with ***');
    expect((await say(there, 'status @last --json')).stdout).toContain('"path":"report.txt"');
    const approved = await say(there, 'approve @last ask --resume', { env: ENV });
    expect(approved.code, approved.stderr).toBe(0);
    expect(await runs(there)).toMatchObject([{ run, status: 'succeeded' }]);
    expect(there.picture()).toEqual({ ...project.picture(), 'shipped.txt': expect.anything() });
    expect((await say(there, 'doctor')).stdout).toContain('1 run, every journal whole');
    expect((await cli(there, ['import', bundle], { env })).stdout).toMatch(
      /is here already; nothing was changed/,
    );
  });

  it('is in the file without its secrets, the same each time, and not twice in the recordings', async () => {
    const project = await parked();
    const first = readFileSync(await exported(project));
    const refs = project.git('for-each-ref', 'refs/codemachine');
    const said = await say(project, `export @last -o ${bundleOf(project)} --json`);
    expect(JSON.parse(said.stdout)).toMatchObject({
      status: 'parked',
      bytes: first.length,
      encrypted: false,
    });
    expect(fitsExport(JSON.parse(said.stdout))).toBe(true);
    const again = readFileSync(bundleOf(project));
    expect(again.equals(first)).toBe(true);
    expect(project.git('for-each-ref', 'refs/codemachine')).toBe(refs);
    for (const form of [SECRET, Buffer.from(SECRET).toString('base64'), Buffer.from(SECRET).toString('hex')])
      expect(first.includes(form)).toBe(false);
    // What the commit has is not in it, and what is needed is there as git itself takes it.
    const out = path.join(project.base, 'out');
    mkdirSync(out);
    spawnSync('tar', ['xf', bundleOf(project), '-C', out]);
    expect(project.git('bundle', 'verify', path.join(out, 'objects.bundle'))).toContain(
      project.git('rev-parse', 'HEAD').trim(),
    );
    expect(project.git('bundle', 'list-heads', path.join(out, 'objects.bundle'))).toContain(
      'refs/codemachine/',
    );
  });

  it('is not imported over what somebody has edited, nor at another commit', async () => {
    const project = await parked();
    const bundle = await exported(project);
    const there = clone(project);
    there.write('a.txt', 'mine\n');
    const edited = await say(there, `import ${bundle}`);
    expect([edited.code, edited.stderr]).toEqual([
      2,
      expect.stringContaining('has changes of its own: a.txt'),
    ]);
    there.git('-c', 'user.name=m', '-c', 'user.email=m@m', 'commit', '-qam', 'mine');
    const moved = await say(there, `import ${bundle}`);
    expect([moved.code, moved.stderr]).toEqual([
      2,
      expect.stringMatching(/began at commit \w+, and the checkout is at/),
    ]);
    expect(await runs(there)).toEqual([]);
    expect(there.git('for-each-ref', 'refs/codemachine')).toBe('');
    const kept = await say(there, `import ${bundle} --keep-tree`);
    expect(kept.code, kept.stderr).toBe(0);
    expect(there.git('status', '--porcelain')).toBe('');
    expect(await runs(there)).toMatchObject([{ status: 'parked' }]);
    // Another state directory may have the same run, and the file may lie in the checkout.
    const inside = path.join(there.root, 'run.codemachine');
    writeFileSync(inside, readFileSync(bundle));
    there.git('reset', '-q', '--hard', 'HEAD~1');
    const second = await say(
      there,
      `import run.codemachine --state-dir ${path.join(project.base, 'second')}`,
    );
    expect(second.code, second.stderr).toBe(0);
    expect(readFileSync(inside).equals(readFileSync(bundle))).toBe(true);
  });
});

describe('export', () => {
  it('takes a run that failed along as it ended, for a retry elsewhere', async () => {
    const project = agentProject(
      AGENT,
      {},
      'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it. }\n  - { id: test, run: test -e good }\n',
    );
    expect(await say(project, 'run w')).toMatchObject({ code: 1 });
    const left = project.picture();
    project.write('a.txt', 'since\n');
    const bundle = await exported(project);
    const there = clone(project);
    const came = await say(there, `import ${bundle}`);
    expect([came.code, came.stdout]).toEqual([0, expect.stringContaining('go on with: codemachine resume')]);
    expect(there.picture()).toEqual(left);
    there.write('good', '');
    const resumed = await say(there, 'resume @last');
    expect(resumed.code, resumed.stderr).toBe(0);
  });

  it('takes commits of agents along, with the branch that they are on', async () => {
    const project = agentProject(
      'echo agent >> a.txt; git -c user.name=a -c user.email=a@a commit -qam agent; echo more > new.txt',
      {},
      'steps:\n  - { id: fix, engine: claude-code, access: full, prompt: Mend it. }\n  - { id: ask, gate: { message: Fine? } }\n',
    );
    expect(await say(project, 'run w')).toMatchObject({ code: 3 });
    const bundle = await exported(project);
    const there = clone(project);
    // As it was when the run began.
    const at = project.git('rev-parse', 'HEAD~1').trim();
    there.git('fetch', '-q', '--depth', '1', 'origin', at);
    there.git('checkout', '-q', '--detach', at);
    const elsewhere = await say(there, `import ${bundle}`);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      2,
      expect.stringMatching(/made commits on branch main, and the checkout is on a detached HEAD/),
    ]);
    there.git('checkout', '-q', '-B', 'main', at);
    const came = await say(there, `import ${bundle}`);
    expect(came.code, came.stderr).toBe(0);
    expect(there.git('rev-parse', 'main')).toBe(project.git('rev-parse', 'main'));
    expect(there.git('status', '--porcelain')).toBe(project.git('status', '--porcelain'));
    expect(there.picture()).toEqual(project.picture());
  });

  it('refuses what it cannot do, and leaves nothing behind', async () => {
    const project = projectWith({ w: FINE });
    const refused = async (line: string, sentence: RegExp): Promise<void> => {
      const end = await say(project, line);
      expect([end.code, end.stderr]).toEqual([2, expect.stringMatching(sentence)]);
    };
    await refused('export @last -o x', /there are no runs yet/);
    await say(project, 'run w');
    const state = await openState(project.stateDir, { version: '0.1.0' });
    const [run] = state.ok ? state.value.listRuns() : [];
    if (!state.ok || run === undefined) throw new Error('there is no run');
    state.value.acquire(run.id, { by: 'run' });
    await refused('export @last -o x', /^codemachine: run \S+ works in \S+ \(pid \d+, by `codemachine run`/);
    state.value.close();
    await refused('export @last -o no/where', /there is no directory/);
    await refused('export @last -o .codemachine', /it is a directory/);
    await refused('import nothing', /there is no file nothing/);
    await refused('import .codemachine', /is a directory, not a file/);
    await refused('import a.txt', /cannot be imported: it is no bundle of codemachine/);
    expect(project.git('status', '--porcelain')).toBe('');
  });

  it('takes a run outside of a repository along without its files, and the keys of engines from none', async () => {
    const project = projectWith({ w: 'steps:\n  - run: echo said\n  - gate: { message: Fine? }\n' });
    rmSync(path.join(project.root, '.git'), { recursive: true });
    project.write(
      '.codemachine/config.yml',
      `engines: { claude-code: { env: { ANTHROPIC_API_KEY: ${SECRET}, ANTHROPIC_BASE_URL: http://x } } }\n`,
    );
    expect(await say(project, 'run w')).toMatchObject({ code: 3 });
    const bundle = await exported(project);
    const content = readFileSync(bundle, 'latin1');
    expect([content.includes(SECRET), content.includes('http://x')]).toEqual([false, true]);
    const root = path.join(project.base, 'bare');
    mkdirSync(root);
    const there = { ...project, root };
    expect((await say(there, `import ${bundle}`)).code).toBe(0);
    expect((await say(there, 'logs @last')).stdout).toContain('said');
    expect((await say(there, 'approve @last --resume')).code).toBe(0);
  });
});

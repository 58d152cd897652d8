// What `doctor` says of a workflow before it is run.
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scriptAgent } from '../app/scripted-agent.ts';
import { built } from '../support/built.ts';
import { inProcess } from '../support/in-process.ts';
import type { Project } from '../support/repository.ts';
import { projectWith } from './project.ts';

beforeAll(built);

interface Row {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'bad';
  readonly found: string;
  readonly help?: string;
}

/** Without the engines of this machine. */
const env = { PATH: '/usr/bin:/bin' };

const doctor = (project: Project, words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  inProcess(project, ['doctor', ...words], { env: { ...env, ...more }, isTTY: false });

async function rows(project: Project, line: string, more: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await doctor(project, [...line.split(' '), '--json'], more);
  expect(stderr).toBe('');
  const all = JSON.parse(stdout) as readonly Row[];
  const of = (what: string): readonly Row[] => all.filter((row) => row.what === what);
  return { code, all, of, last: all.at(-1) };
}

const WHOLE = `
inputs:
  version: { type: string, required: true, description: what goes out }
  loud: { type: boolean, default: false }
secrets: [DEPLOY_TOKEN]
budget: { usd: 3 }
steps:
  - { id: write, engine: claude-code, access: write, prompt: go }
  - { id: ship, gate: { message: "ship?" } }
  - { id: out, run: print(1), shell: python, env: { T: "\${{ secrets.DEPLOY_TOKEN }}" } }
`;

describe('doctor of a workflow', () => {
  it('ends with the command that runs it, where nothing stands in the way', async () => {
    const project = projectWith({ w: WHOLE });
    scriptAgent(project, 'touch started');
    const token = { DEPLOY_TOKEN: 's3cret-value' };
    const { code, of, last, all } = await rows(project, 'w', token);
    expect({ code, bad: all.filter(({ state }) => state === 'bad') }).toEqual({ code: 0, bad: [] });
    expect(of('inputs')).toMatchObject([{ state: 'missing', found: 'to be given: version (what goes out)' }]);
    expect(of('secrets')).toMatchObject([{ state: 'ok', found: 'set: DEPLOY_TOKEN' }]);
    expect(of('gates')[0]?.found).toMatch(/^ship: asked at a terminal; elsewhere the run parks there/);
    expect(of('budget')[0]?.found).toBe('at most $3.00; there is no earlier run to tell what it takes');
    expect(of('tree')[0]?.found).toMatch(/^main, uncommitted changes, which are recorded and stay$/);
    expect(of('disk')[0]?.found).toMatch(/ free$/);
    expect(last).toEqual({ what: 'to run it', state: 'ok', found: 'codemachine run w --input version=…' });
    // It looks, and starts and makes nothing.
    for (const name of ['started', '.codemachine/state'])
      expect(existsSync(path.join(project.root, name))).toBe(false);
    expect(JSON.stringify(all)).not.toContain('s3cret-value');
    const given = await rows(project, 'w --input version=1.2 --input loud=true', token);
    expect(given.last?.found).toBe('codemachine run w --input version=1.2 --input loud=true');
  });

  it('names everything that is to be put right at once, each with the next move', async () => {
    const text = WHOLE.replace('claude-code', 'codex')
      .replace('python', '"no-such-shell {0}"')
      .replace('budget: { usd: 3 }\n', '');
    const project = projectWith({ w: text });
    const { code, all, of, last } = await rows(project, 'w --input loud=perhaps');
    expect(code).toBe(1);
    const bad = all.filter(({ state }) => state === 'bad');
    expect(
      bad.map(({ what }) => what),
      JSON.stringify(bad),
    ).toEqual([...['inputs', 'secrets', 'codex', 'shell', 'to run it']]);
    expect(bad.map(({ found }) => found).join('\n')).toMatch(
      /`loud` .*\nthe secret DEPLOY_TOKEN is not set.*\n.*codex.*\n.*no-such-shell/s,
    );
    for (const { help } of of('codex')) expect(help).toContain('install');
    expect(of('budget')).toMatchObject([
      { state: 'missing', help: expect.stringContaining('`budget: { usd: 5 }`') },
    ]);
    expect(last?.found).toBe('4 things to put right first, marked ✖');
  });

  it('takes an engine for enough where a step names several', async () => {
    const steps =
      'budget: { tokens: 1M }\nsteps:\n  - { engine: [codex, claude-code], access: read, prompt: go }\n';
    const project = projectWith({ w: steps });
    scriptAgent(project, 'true');
    const { code, of, all } = await rows(project, 'w');
    expect(of('codex')).toMatchObject([
      { state: 'missing', found: expect.stringContaining('names another one too') },
    ]);
    expect(all.map(({ what }) => what)).not.toContain('gemini');
    expect(code).toBe(0);
  });

  it('says of a file what is wrong with it, and of a name what is meant', async () => {
    const project = projectWith({ w: 'steps: [{ run: "true" }]\n', broken: 'steps:\n  - runn: x\n' });
    const broken = await rows(project, 'broken');
    expect(broken.of('workflow')).toMatchObject([
      { state: 'bad', found: expect.stringMatching(/broken\.yml:3:5: `runn`/), help: 'did you mean `run`?' },
    ]);
    expect([broken.code, broken.last?.found]).toEqual([1, '1 thing to put right first, marked ✖']);
    expect((await rows(project, 'broke')).of('workflow')).toMatchObject([
      { state: 'bad', help: expect.stringContaining('did you mean `broken`?') },
    ]);
    expect(await doctor(project, ['--input', 'a=1'])).toMatchObject({ code: 2, stdout: '' });
    const people = await doctor(project, ['w']);
    expect(people.stdout).toMatch(/✔ +to run it +codemachine run w\n$/);
  });
});

it('asks no git for its version that lies in the repository, where there is another', async () => {
  const project = projectWith({ w: WHOLE });
  project.write('tools/git', '#!/bin/sh\ntouch "${0%/*}/started"\nexec /usr/bin/git "$@"\n');
  chmodSync(path.join(project.root, 'tools/git'), 0o755);
  for (const words of [['doctor'], ['doctor', 'w'], ['init', '--dry-run']]) {
    await inProcess(project, words, {
      env: { PATH: `${path.join(project.root, 'tools')}:${env.PATH}` },
      isTTY: false,
    });
    expect(existsSync(path.join(project.root, 'tools/started')), words.join(' ')).toBe(false);
  }
});

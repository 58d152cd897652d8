// What a step of GitHub Actions in which codemachine runs prints, and leaves for the steps after it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scriptAgent } from '../app/scripted-agent.ts';
import { built } from '../support/built.ts';
import { githubRunner, readKeyValues } from '../support/github-runner.ts';
import type { Project } from '../support/repository.ts';
import { CANARY, PAYLOADS } from '../support/runner-payloads.ts';
import { projectWith, say } from './project.ts';

beforeAll(built);

/** What GitHub gives a step. */
function given(project: Project) {
  const file = (name: string) => {
    const at = path.join(project.environ['HOME'] ?? project.root, name);
    if (!existsSync(at)) writeFileSync(at, '');
    return at;
  };
  const files = {
    GITHUB_OUTPUT: file('output'),
    GITHUB_STEP_SUMMARY: file('summary'),
    GITHUB_ENV: file('env'),
  };
  const env = { ...files, GITHUB_PATH: file('path'), GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: project.root };
  return { env, read: (name: keyof typeof files) => readFileSync(files[name], 'utf8') };
}

function heard({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) {
  const runner = githubRunner();
  runner.read(stderr);
  runner.read(stdout);
  return runner;
}

const HOSTILE = `
outputs:
  said: \${{ steps.say.stdout }}
secrets: [TOKEN]
steps:
  - id: say
    run: cat payloads; cat payloads >&2; env | grep -cE '^(GITHUB_(ENV|OUTPUT|PATH|STEP_SUMMARY)|CODEMACHINE_ACTION|CODEMACHINE_BUNDLE_KEY)=' || true
  - id: fix
    engine: claude-code
    access: write
    prompt: go
  - id: check
    needs: [say, fix]
    run: cat payloads >&2; exit 3
`;

describe('a run that says what others planted', () => {
  it('speaks to the runner with its own words only, and leaves outputs and a summary', async () => {
    const project = projectWith({ w: HOSTILE }, { payloads: `${PAYLOADS.join('\n')}\n` });
    // What it starts, servers of tools among it, has no more than it has.
    scriptAgent(project, "printf 'one\\ntwo\\n' > 'new.txt'; env");
    const { env, read } = given(project);
    const ended = await say(project, 'run w', {
      env: {
        ...env,
        TOKEN: 's3cret-value',
        CODEMACHINE_ACTION: 'true',
        CODEMACHINE_BUNDLE_KEY: 'canary-key',
      },
    });
    expect(ended.code).toBe(1);
    const runner = heard(ended);
    const names = runner.commands.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['add-mask', 'group', 'endgroup', 'error']));
    expect(names.filter((name) => name === 'group')).toHaveLength(
      names.filter((name) => name === 'endgroup').length,
    );
    expect(runner.annotations).toEqual([
      {
        kind: 'error',
        message: expect.stringContaining('exit code 3'),
        properties: { file: '.codemachine/workflows/w.yml', line: '13', title: 'check failed' },
      },
    ]);
    expect(new Set(runner.masks)).toEqual(new Set(['s3cret-value']));
    expect(ended.stdout).toContain('\n| 0\n');
    const { stdout: logs } = await say(project, 'logs @last fix');
    expect(logs).toContain('CODEMACHINE_RUN=');
    expect(`${ended.stdout}${logs}`).not.toContain('canary-key');
    expect(read('GITHUB_ENV')).toBe('');
    const outputs = readKeyValues(read('GITHUB_OUTPUT'));
    expect(Object.keys(outputs)).toEqual(['run-id', 'status', 'outputs', 'cost-usd']);
    expect(outputs['status']).toBe('failed');
    const summary = read('GITHUB_STEP_SUMMARY');
    expect(summary).toMatch(/<pre> new\.txt \| 2 \+\+\n/);
    expect(summary).toContain('```mermaid\nflowchart TD\n');
    expect(summary).toMatch(/ s2\["✖ check"\]\n/);
    expect(summary).toContain('\n  class s2 failed\n');
    expect(summary.replace(/<(code|pre)>[^<]*<\/\1>/g, '')).not.toContain(CANARY);
  });
});

it('passes on what a run came to, also with --json, and takes no secret into its output', async () => {
  const project = projectWith({
    w: 'outputs: { a: "${{ steps.one.stdout }}" }\nsecrets: [TOKEN]\nsteps: [{ id: one, run: "echo 1; echo 2" }]\n',
  });
  const { env, read } = given(project);
  writeFileSync(env.GITHUB_OUTPUT, 'before=x');
  const ended = await say(project, 'run w --json', { env: { ...env, TOKEN: 's3cret-value' } });
  expect(ended.code).toBe(0);
  expect(heard(ended).commands).toEqual([]);
  expect(ended.stdout + ended.stderr).not.toContain('s3cret-value');
  const { 'run-id': run = '', ...outputs } = readKeyValues(read('GITHUB_OUTPUT'));
  expect(outputs).toEqual({ before: 'x', status: 'succeeded', outputs: '{"a":"1\\n2"}', 'cost-usd': '0' });
  expect(ended.stdout).toContain(run);
  expect(read('GITHUB_STEP_SUMMARY')).toContain('✅ <code>w</code>: succeeded');
});

it('annotates a workflow that is refused, and leaves no outputs', async () => {
  const project = projectWith({ w: 'steps:\n  - { runs: "##[error]forged" }\n' });
  const { env, read } = given(project);
  const ended = await say(project, 'run w', { env });
  expect(ended.code).toBe(2);
  const { annotations } = heard(ended);
  expect(annotations[0]).toMatchObject({
    kind: 'error',
    properties: { file: '.codemachine/workflows/w.yml', line: '3' },
  });
  expect(annotations.map(({ message }) => message).join()).not.toBe(CANARY);
  expect(read('GITHUB_OUTPUT')).toBe('');
});

it('points at the step that failed, in whichever file that stands', async () => {
  const part = 'name: part\nsteps:\n  - { id: fine, run: "true" }\n  - { id: bad, run: exit 7 }\n';
  const project = projectWith(
    { w: 'steps:\n  - id: one\n    uses: ./parts/p.yml\n' },
    { '.codemachine/workflows/parts/p.yml': part },
  );
  const { env, read } = given(project);
  const { annotations } = heard(await say(project, 'run w', { env }));
  expect(annotations.map(({ properties }) => properties)).toEqual([
    { file: '.codemachine/workflows/parts/p.yml', line: '4', title: 'one.bad failed' },
    { file: '.codemachine/workflows/w.yml', line: '3', title: 'one failed' },
  ]);
  const summary = read('GITHUB_STEP_SUMMARY');
  for (const line of ['class s0,s0_1 failed', 'class s0_0 succeeded', 's0_1["✖ bad"]'])
    expect(summary).toContain(`  ${line}\n`);
});

// Goes on with today's files through the built program: what is kept, what runs again and why, what is refused.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { CliEnd } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const FILE = '.codemachine/workflows/w.yml';

function started(events: readonly Event[]): readonly string[] {
  return of(events, 'step-started').map(({ step, attempt }) => `${step}.${attempt}`);
}

async function run(project: Project, line: string): Promise<CliEnd & { readonly events: readonly Event[] }> {
  const end = await say(project, `${line} --json`);
  return { ...end, events: end.stdout === '' ? [] : strictEvents(end.stdout) };
}

/** What standard error says of each step. */
function plan(stderr: string): Record<string, string> {
  const rows = stderr.split('\n').filter((line) => line.startsWith('  '));
  return Object.fromEntries(rows.map((row) => /^ {2}(\S+) +(.*)$/.exec(row)?.slice(1) ?? []));
}

function rewrite(project: Project, from: string | RegExp, to: string): void {
  project.write(FILE, project.read(FILE).replace(from, to));
}

const SHELL = `
steps:
  - { id: a, run: echo a >> log.txt; echo said }
  - { id: b, env: { SAID: "\${{ steps.a.stdout }}" }, run: 'echo "b $SAID" >> log.txt' }
  - { id: c, run: 'echo c >> log.txt' }
  - { id: d, run: 'echo d >> log.txt; test -e ready' }
  - { id: beside, run: echo beside >> log.txt, needs: [a] }
outputs: { said: steps.a.stdout }
`;

describe('resume --updated', () => {
  it('keeps what is the same, and runs what changed with all behind it', async () => {
    const project = projectWith({ w: SHELL });
    const first = await run(project, 'run w');
    expect(first.code).toBe(1);
    project.write('ready', '');
    project.write('log.txt', '');
    rewrite(project, "'echo c >>", "'echo C >>");
    const { code, events, stderr } = await run(project, 'resume @last --updated');
    expect(code).toBe(0);
    expect(plan(stderr)).toMatchObject({
      ...{ a: 'kept', b: 'kept', beside: 'kept' },
      ...{ c: 'runs: changed: run', d: 'runs: failed' },
    });
    expect(started(events)).toEqual(['c.2', 'd.2']);
    expect(project.read('log.txt')).toBe('C\nd\n');
    const [began] = of(first.events, 'run-started');
    const [goes] = of(events, 'run-resumed');
    expect(goes).toMatchObject({ attempt: 2, again: ['c'], gone: [] });
    expect(goes?.sha256).not.toBe(began?.sha256);
    const status = JSON.parse((await say(project, 'status --json')).stdout) as { sha256: string };
    expect(status.sha256).toBe(goes?.sha256);
  });

  it('says what is new, gone and behind, and goes on with these files from then on', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    project.write('log.txt', '');
    rewrite(project, / +- \{ id: b,.*\n/, '  - { id: fresh, run: echo fresh >> log.txt, needs: [a] }\n');
    rewrite(project, 'id: c, run', 'id: c, needs: [fresh], run');
    const updated = await run(project, 'resume @last --updated');
    expect(updated.code).toBe(1);
    expect(plan(updated.stderr)).toEqual({
      ...{ a: 'kept', fresh: 'runs: new', c: 'runs: behind `fresh`', d: 'runs: failed', beside: 'kept' },
      b: 'gone: its result is dropped',
    });
    expect(of(updated.events, 'run-resumed')[0]).toMatchObject({ again: ['c'], gone: ['b'] });
    const { steps } = JSON.parse((await say(project, 'status --json')).stdout) as {
      steps: { step: string }[];
    };
    expect(steps.map(({ step }) => step)).toEqual(['a', 'fresh', 'c', 'd', 'beside']);
    // The next one needs not be told again, and says nothing of a difference.
    project.write('ready', '');
    const next = await run(project, 'resume @last');
    expect(next.code).toBe(0);
    expect(next.stderr).toBe('');
    expect(started(next.events)).toEqual(['d.3']);
    expect(project.read('log.txt')).toBe('fresh\nc\nd\nd\n');
  });

  it('keeps a result whatever cannot have changed it', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    project.write('ready', '');
    rewrite(project, 'id: b,', 'id: b, name: another, timeout: 5m, retry: { attempts: 2 },');
    rewrite(project, 'steps:', '# a remark\nsteps:');
    const { code, events } = await run(project, 'resume @last --updated');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['d.2']);
  });

  it('runs again what reads an output that is another one now', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    project.write('ready', '');
    rewrite(project, 'SAID: "${{ steps.a.stdout }}"', 'SAID: "${{ steps.a.status }}"');
    const { stderr, events } = await run(project, 'resume @last --updated');
    expect(plan(stderr)).toMatchObject({ a: 'kept', b: 'runs: changed: env', c: 'runs: behind `b`' });
    expect(started(events)).toEqual(['b.2', 'c.2', 'd.2']);
  });

  it('asks for inputs that are required by now', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    project.write('ready', '');
    rewrite(project, 'steps:', 'inputs: { who: { type: string, required: true } }\nsteps:');
    rewrite(project, '{ id: d,', '{ id: d, env: { WHO: "${{ inputs.who }}" },');
    const before = (await say(project, 'status --json')).stdout;
    const refused = await run(project, 'resume @last --updated');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('give it with `--input who=…`');
    expect((await say(project, 'status --json')).stdout).toBe(before);
    const alone = await run(project, 'resume @last --input who=me');
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('--updated');
    const { code, events } = await run(project, 'resume @last --updated --input who=me');
    expect(code).toBe(0);
    expect(of(events, 'run-resumed')[0]).toMatchObject({ inputs: { who: 'me' } });
    const status = JSON.parse((await say(project, 'status --json')).stdout) as Record<string, unknown>;
    expect(status['inputs']).toEqual({ who: 'me' });
  });

  it('leaves the run as it was where the file is wrong or away', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    const before = (await say(project, 'status --json')).stdout;
    rewrite(project, 'needs: [a]', 'needs: [nobody]');
    const refused = await run(project, 'resume @last --updated');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('nobody');
    expect(refused.stderr).toContain('has errors; nothing was started');
    project.git('rm', '-q', '-f', FILE);
    const away = await run(project, 'resume @last --updated');
    expect(away.code).toBe(2);
    expect(away.stderr).toContain(`${FILE} is not there`);
    expect((await say(project, 'status --json')).stdout).toBe(before);
    project.write('ready', '');
    expect((await run(project, 'resume @last')).code).toBe(0);
  });

  it('says that nothing has changed, or that there is nothing to go on with', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    project.write('ready', '');
    const same = await run(project, 'resume @last --updated');
    expect(same.code).toBe(0);
    expect(same.stderr).toContain('nothing has changed');
    expect(of(same.events, 'run-resumed')[0]).not.toHaveProperty('sha256');
    const over = await run(project, 'resume @last --updated');
    expect(over.code).toBe(2);
    expect(over.stderr).toMatch(/codemachine retry \S+ --updated/);
  });

  it('obeys an update only once the journal says so', async () => {
    const project = projectWith({ w: SHELL });
    await run(project, 'run w');
    const id = await onlyRun(project);
    await withState(project, (state) => {
      const record = state.runRecord(id);
      if (record === undefined) throw new Error('no record');
      const files = { [FILE]: project.read(FILE).replace('id: a,', 'id: other,') };
      // As a crash leaves it that comes right before the opening.
      state.updateRecord(id, { attempt: 2, with: { ...record, files, sha256: 'other' } });
    });
    project.write('ready', '');
    const { code, events } = await run(project, 'resume @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['d.2']);
  });
});

const AGENTS = `
steps:
  - { id: plan, engine: claude-code, access: write, prompt-file: plan.md }
  - { id: code, engine: claude-code, access: write, prompt-file: code.md }
  - { id: test, run: test -e ../ready }
`;

const PROMPTS = {
  '.codemachine/workflows/plan.md': 'plan it\n',
  '.codemachine/workflows/code.md': 'code it\n',
};

const WORK =
  'if test -e plan.txt; then echo code > code.txt; echo more >> a.txt; else echo plan > plan.txt; fi';

describe('the tree of resume --updated', () => {
  it('goes back to before the first step that runs again', async () => {
    const project = projectWith({ w: AGENTS }, PROMPTS);
    scriptAgent(project, WORK);
    expect((await run(project, 'run w')).code).toBe(1);
    project.write('.codemachine/workflows/code.md', 'code it well\n');
    project.write('../ready', '');
    scriptAgent(project, 'test ! -e code.txt; cp a.txt ../seen; cp plan.txt ../plan; echo well > code.txt');
    const { code, events, stderr } = await run(project, 'resume @last --updated');
    expect(code).toBe(0);
    expect(plan(stderr)).toMatchObject({ plan: 'kept', code: 'runs: changed: prompt' });
    expect(stderr).toContain('put 2 files back to before `code` began: a.txt, code.txt');
    expect(of(events, 'tree-restored')).toMatchObject([
      { step: 'code', attempt: 1, files: ['a.txt', 'code.txt'] },
    ]);
    expect(started(events)).toEqual(['code.2', 'test.2']);
    expect(project.read('../seen')).toBe('a\n');
    expect(project.read('../plan')).toBe('plan\n');
    expect(project.read('code.txt')).toBe('well\n');
  });

  it('is left alone where somebody edited it, until it is said what to do', async () => {
    const project = projectWith({ w: AGENTS }, PROMPTS);
    scriptAgent(project, WORK);
    await run(project, 'run w');
    const before = (await say(project, 'status --json')).stdout;
    project.write('.codemachine/workflows/code.md', 'code it well\n');
    project.write('code.txt', 'by hand\n');
    const refused = await run(project, 'resume @last --updated');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('were edited after it stopped: code.txt');
    expect((await say(project, 'status --json')).stdout).toBe(before);
    expect(project.read('code.txt')).toBe('by hand\n');
    project.write('../ready', '');
    scriptAgent(project, 'cp code.txt ../seen');
    const kept = await run(project, 'resume @last --updated --keep-tree');
    expect(kept.code).toBe(0);
    expect(of(kept.events, 'run-resumed')[0]).toMatchObject({ again: ['code'], kept: ['code'] });
    expect(project.read('../seen')).toBe('by hand\n');
  });

  it('of an agent that failed is undone once, with what is behind it', async () => {
    const project = projectWith({ w: AGENTS }, PROMPTS);
    scriptAgent(project, `${WORK}; test ! -e code.txt`);
    expect((await run(project, 'run w')).code).toBe(1);
    project.write('.codemachine/workflows/plan.md', 'plan it well\n');
    project.write('../ready', '');
    scriptAgent(project, 'ls >> ../seen');
    const { code, events } = await run(project, 'resume @last --updated');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['plan.2', 'code.2', 'test.1']);
    expect(of(events, 'tree-restored').map(({ step }) => step)).toEqual(['code', 'plan']);
    expect(project.read('../seen')).toBe('a.txt\na.txt\n');
    expect(existsSync(path.join(project.root, 'code.txt'))).toBe(false);
  });
});

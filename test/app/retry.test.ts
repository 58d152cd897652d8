// Retries runs through the built program: what is taken over, what the tree becomes, what is refused.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { CliEnd } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

function started(events: readonly Event[]): readonly string[] {
  return of(events, 'step-started').map(({ step, attempt }) => `${step}.${attempt}`);
}

function taken(events: readonly Event[]): readonly string[] {
  return of(events, 'step-succeeded')
    .filter(({ reused }) => reused === 'retry')
    .map(({ step }) => step);
}

async function run(project: Project, line: string): Promise<CliEnd & { readonly events: readonly Event[] }> {
  const end = await say(project, `${line} --json`);
  return { ...end, events: end.stdout === '' ? [] : strictEvents(end.stdout) };
}

async function idOf(project: Project): Promise<string> {
  const [first] = JSON.parse((await say(project, 'runs --json')).stdout) as { run: string }[];
  return first?.run ?? '';
}

const FOUR = `
steps:
  - { id: first, run: 'echo x >> first.txt; echo said' }
  - { id: off, if: "inputs.never", run: 'true' }
  - { id: second, env: { SAID: "\${{ steps.first.stdout }}" }, run: 'test -e ready && echo "$SAID" > second.txt' }
  - { id: third, run: echo x >> third.txt }
finally:
  - { id: last, run: echo x >> last.txt }
inputs: { never: { type: boolean, default: false } }
outputs: { said: steps.first.stdout }
`;

describe('retry', () => {
  it('takes over what succeeded or was skipped, and runs the rest in a run of its own', async () => {
    const project = projectWith({ w: FOUR });
    expect((await run(project, 'run w')).code).toBe(1);
    const old = await idOf(project);
    const before = (await say(project, `status ${old} --json`)).stdout;
    project.write('ready', '');
    const { code, events, stderr } = await run(project, 'retry @failed');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(events[0]).toMatchObject({ type: 'run-started', attempt: 1, 'retry-of': old });
    expect(taken(events)).toEqual(['first']);
    expect(of(events, 'step-skipped').map(({ step }) => step)).toEqual(['off']);
    expect(started(events)).toEqual(['second.1', 'third.1', 'last.1']);
    // What a later step reads of one that was taken over is what that one said.
    expect(project.read('second.txt')).toBe('said\n');
    expect(of(events, 'run-finished')[0]).toMatchObject({ outputs: { said: 'said' } });
    expect(project.read('first.txt')).toBe('x\n');
    expect((await say(project, `status ${old} --json`)).stdout).toBe(before);
    const [listed] = JSON.parse((await say(project, 'runs --json')).stdout) as Record<string, string>[];
    expect(listed).toMatchObject({ 'retry-of': old, status: 'succeeded' });
    expect((await say(project, 'runs')).stdout).toContain(`(retry of ${old})`);
    expect((await say(project, 'status')).stdout).toContain(`a retry of ${old}`);
    expect((await say(project, 'status')).stdout).toContain('taken from the run before');
    const logs = await say(project, 'logs @last first');
    expect(logs.code).toBe(2);
    expect(logs.stderr).toContain(`codemachine logs ${old} first`);
  });

  it('runs a step again, and all behind it, with --from', async () => {
    const project = projectWith({ w: FOUR });
    project.write('ready', '');
    expect((await run(project, 'run w')).code).toBe(0);
    const nothing = await run(project, 'retry @last');
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toContain('every step would keep its result');
    expect(nothing.stderr).toContain('--from');
    const { code, events } = await run(project, 'retry @last --from second');
    expect(code).toBe(0);
    expect(taken(events)).toEqual(['first']);
    expect(started(events)).toEqual(['second.1', 'third.1', 'last.1']);
  });

  it('of a step under finally runs nothing else', async () => {
    const project = projectWith({ w: FOUR });
    project.write('ready', '');
    await run(project, 'run w');
    const { code, events } = await run(project, 'retry @last --from last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['last.1']);
  });

  it('counts usage once, and keeps the session to be read', async () => {
    const project = projectWith({
      w: `
steps:
  - { id: edit, engine: claude-code, access: write, prompt: go }
  - id: look
    env: { SESSION: "\${{ steps.edit.session }}", TEXT: "\${{ steps.edit.text }}" }
    run: test -e ready && echo "$SESSION $TEXT" > seen.txt
`,
    });
    scriptAgent(project, 'echo new > a.txt');
    const first = await run(project, 'run w');
    expect(of(first.events, 'run-finished')[0]?.usage['input-tokens']).toBe(10);
    project.write('ready', '');
    const { code, events } = await run(project, 'retry @last');
    expect(code).toBe(0);
    expect(of(events, 'run-finished')[0]?.usage['input-tokens']).toBe(0);
    expect(project.read('seen.txt')).toMatch(/^0{8}-\S+ done\n$/);
    // Taken over once more, it is still the same.
    project.write('seen.txt', '');
    const again = await run(project, 'retry @last --from look');
    expect(again.code).toBe(0);
    expect(project.read('seen.txt')).toMatch(/^0{8}-\S+ done\n$/);
  });

  it('refuses what cannot be retried, and leaves no run behind', async () => {
    const project = projectWith({ w: FOUR });
    await run(project, 'run w');
    const named = await run(project, 'retry @last --from secon');
    expect(named.code).toBe(2);
    expect(named.stderr).toContain('did you mean `second`?');
    const both = await run(project, 'retry @last --failed --from second');
    expect(both.code).toBe(2);
    const input = await run(project, 'retry @last --input other=1');
    expect(input.code).toBe(2);
    expect(input.stderr).toContain('there is no input `other`');
    expect(JSON.parse((await say(project, 'runs --json')).stdout)).toHaveLength(1);
  });

  it('stores no secret that an input holds', async () => {
    const project = projectWith({
      w: `
secrets: [TOKEN]
inputs: { who: { type: string, default: you } }
steps:
  - { id: a, env: { WHO: "\${{ inputs.who }}" }, run: 'echo "$WHO"; test -e ready' }
`,
    });
    const env = { TOKEN: 'hush-hush-hush' };
    expect((await say(project, 'run w', { env })).code).toBe(1);
    project.write('ready', '');
    const { code, stdout } = await say(project, 'retry @last --json --input who=hush-hush-hush', { env });
    expect(code).toBe(0);
    expect(stdout).not.toContain('hush-hush');
    const found = readdirSync(project.stateDir, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(project.stateDir, name))
      .filter((file) => statSync(file).isFile() && readFileSync(file).includes('hush-hush'));
    expect(found).toEqual([]);
  });

  it('runs again what sees an input that differs', async () => {
    const project = projectWith({
      w: `
inputs: { who: { type: string, default: you } }
steps:
  - { id: a, run: echo a >> log.txt }
  - { id: b, env: { WHO: "\${{ inputs.who }}" }, run: 'echo "hello $WHO" >> log.txt', needs: [] }
  - { id: c, run: echo c >> log.txt; test -e ready, needs: [a] }
`,
    });
    expect((await run(project, 'run w')).code).toBe(1);
    project.write('ready', '');
    project.write('log.txt', '');
    const { code, events } = await run(project, 'retry @last --input who=me');
    expect(code).toBe(0);
    expect(taken(events)).toEqual(['a']);
    expect(project.read('log.txt').split('\n').sort()).toEqual(['', 'c', 'hello me']);
  });
});

const AGENTS = `
steps:
  - { id: plan, engine: claude-code, access: write, prompt: first }
  - { id: code, engine: claude-code, access: write, prompt: second }
  - { id: format, run: 'for f in *.txt; do tr a-z A-Z < $f > t; cat t > $f; done; rm t' }
  - { id: test, run: test -e ../ready }
`;

const WORK =
  'if test -e plan.txt; then echo code > code.txt; echo more >> a.txt; else echo plan > plan.txt; fi';

describe('the tree of a retry', () => {
  it('is what it was before the first step that runs again', async () => {
    const project = projectWith({ w: AGENTS });
    scriptAgent(project, WORK);
    expect((await run(project, 'run w')).code).toBe(1);
    expect(project.read('a.txt')).toBe('A\nMORE\n');
    project.write('../ready', '');
    scriptAgent(project, 'test ! -e code.txt; echo other > code.txt; cp a.txt ../seen; cp plan.txt ../plan');
    const { code, events, stderr } = await run(project, 'retry @last --from code');
    expect(code).toBe(0);
    expect(taken(events)).toEqual(['plan']);
    expect(project.read('../seen')).toBe('a\n');
    // No step that is recorded wrote this, so nobody knows whose it is.
    expect(project.read('../plan')).toBe('PLAN\n');
    expect(stderr).toMatch(/put 2 files back to before `code` began: a.txt, code.txt/);
    const [, found = ''] = /git restore --source=(\w+)/.exec(stderr) ?? [];
    expect(project.git('show', `${found}:a.txt`)).toBe('A\nMORE\n');
  });

  it('stays with --keep-tree, and where nothing that runs again was recorded', async () => {
    const project = projectWith({ w: AGENTS });
    scriptAgent(project, WORK);
    await run(project, 'run w');
    project.write('../ready', '');
    const later = await run(project, 'retry @last');
    expect(later.code).toBe(0);
    expect(later.stderr).toBe('');
    expect(project.read('a.txt')).toBe('A\nMORE\n');
    scriptAgent(project, 'cp code.txt ../seen');
    const kept = await run(project, 'retry @failed --from code --keep-tree');
    expect(kept.code).toBe(0);
    expect(project.read('../seen')).toBe('CODE\n');
  });

  it('that a person edited since is not put back without a word', async () => {
    const project = projectWith({ w: AGENTS.replace(/ +- \{ id: format.*\n/, '') });
    scriptAgent(project, WORK);
    await run(project, 'run w');
    project.write('code.txt', 'by hand\n');
    project.write('mine.txt', 'mine\n');
    const refused = await run(project, 'retry @last --from code');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('were edited after it stopped: code.txt');
    expect(refused.stderr).toContain('--keep-tree');
    expect(refused.stderr).toContain('--restore');
    expect(project.read('code.txt')).toBe('by hand\n');
    expect(JSON.parse((await say(project, 'runs --json')).stdout)).toHaveLength(1);
    const refs = project.git('for-each-ref', '--format=%(refname)', 'refs/codemachine/');
    expect(
      new Set(
        refs
          .trim()
          .split('\n')
          .map((ref) => ref.split('/')[2]),
      ),
    ).toHaveProperty('size', 1);
    project.write('../ready', '');
    scriptAgent(project, 'test ! -e code.txt; test -e mine.txt');
    const restored = await run(project, 'retry @last --from code --restore');
    expect(restored.code).toBe(0);
    expect(project.read('mine.txt')).toBe('mine\n');
    const [, found = ''] = /git restore --source=(\w+) -- :\/a.txt/.exec(restored.stderr) ?? [];
    expect(project.git('show', `${found}:code.txt`)).toBe('by hand\n');
  });

  it('loses nothing of what a step that is kept made beside', async () => {
    const project = projectWith({
      w: `
steps:
  - { id: code, engine: claude-code, access: write, prompt: go, needs: [] }
  - { id: beside, run: 'until test -e code.txt; do sleep 0.05; done; echo kept > kept.txt', needs: [] }
  - { id: test, run: test -e ../ready, needs: [code] }
`,
    });
    scriptAgent(project, 'echo code > code.txt');
    await run(project, 'run w');
    project.write('../ready', '');
    scriptAgent(project, 'test ! -e code.txt; echo again > code.txt');
    const { code, events } = await run(project, 'retry @last --from code');
    expect(code).toBe(0);
    expect(taken(events)).toEqual(['beside']);
    expect(project.read('code.txt')).toBe('again\n');
    expect(project.read('kept.txt')).toBe('kept\n');
  });

  it('of a failed agent goes back as at a resume', async () => {
    const project = projectWith({ w: AGENTS });
    scriptAgent(project, `${WORK}; test ! -e code.txt`);
    await run(project, 'run w');
    expect(existsSync(path.join(project.root, 'code.txt'))).toBe(true);
    project.write('../ready', '');
    scriptAgent(project, 'test -e plan.txt; test ! -e code.txt; cat a.txt > ../seen');
    const { code, events } = await run(project, 'retry @last');
    expect(code).toBe(0);
    expect(taken(events)).toEqual(['plan']);
    expect(project.read('../seen')).toBe('a\n');
  });
});

// Shows through the built program that budgets hold: a run parks, is raised and goes on, or fails; a policy narrows.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const AGENT = { engine: 'claude-code', access: 'read' };

const steps = (ids: readonly string[]): string =>
  ids.map((id) => `  - id: ${id}\n    agent: a\n    prompt: Do ${id}.\n`).join('');

function project(head: string, ids: readonly string[] = ['one', 'two', 'three'], script = 'true'): Project {
  const agents = `agents:\n  a: ${JSON.stringify(AGENT)}\n`;
  const made = projectWith({
    w: `${head}${agents}steps:\n${steps(ids)}finally:\n  - id: end\n    run: echo over\n`,
  });
  scriptAgent(made, script);
  return made;
}

const configOf = (of: Project): string => readFileSync(path.join(of.root, '.codemachine/config.yml'), 'utf8');

describe('a budget', () => {
  it('parks the run with exit code 3, is shown, is raised, and is not lowered', async () => {
    const own = project('budget: { usd: 0.02, tokens: 1M }\n');
    const parked = await say(own, 'run w');
    expect(parked.code).toBe(3);
    expect(parked.stdout).toContain('the budget of the run is used up: $0.0200 of $0.0200');
    expect(parked.stdout).toContain('budget: $0.0200 of $0.0200, 24 tokens of 1,000,000 tokens');
    expect(parked.stdout).toMatch(/next:\n {2}codemachine resume \S+ --budget usd=0.04/);
    const status = JSON.parse((await say(own, 'status @last --json')).stdout) as { budget: object };
    expect(status.budget).toMatchObject({ run: { usd: { spent: 0.02, limit: 0.02 } } });
    expect((await say(own, 'plan w')).stdout).toContain(
      'budget: $0.02, 1,000,000 tokens, then the run pauses',
    );
    const lower = await say(own, 'resume @last --budget usd=0.02');
    expect(lower.code).toBe(2);
    expect(lower.stderr).toContain('the run has spent $0.0200 already');
    expect((await say(own, 'resume @last --budget step:one.usd=1')).stderr).toContain('has no budget');
    expect((await say(own, 'resume @last --budget usd=lots')).code).toBe(2);
    // Given more than once, it raises all of them.
    const raised = await eventsOf(own, 'resume @last --budget usd=1 --budget tokens=2M');
    expect(raised.code).toBe(0);
    expect(raised.events[0]).toMatchObject({
      type: 'run-resumed',
      budget: { run: { usd: 1, tokens: 2_000_000 } },
    });
    expect(ends(raised.events)).toEqual({ three: 'succeeded', end: 'succeeded' });
  });

  it('that is used up lets no update undo anything', async () => {
    const own = project('budget: { usd: 0.01 }\n', ['one', 'two'], 'echo made >> made.txt');
    const workflow = path.join(own.root, '.codemachine/workflows/w.yml');
    const text = readFileSync(workflow, 'utf8').replace('"read"', '"write"');
    own.write('.codemachine/workflows/w.yml', text);
    expect((await say(own, 'run w')).code).toBe(3);
    const events = (await say(own, 'logs @last --json')).stdout;
    own.write('.codemachine/workflows/w.yml', text.replace('Do one.', 'Do one better.'));
    const refused = await say(own, 'resume @last --updated');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('the budget of the run is used up: $0.0100 of $0.0100');
    expect(refused.stderr).toContain('--budget usd=0.02');
    expect(readFileSync(path.join(own.root, 'made.txt'), 'utf8')).toBe('made\n');
    expect((await say(own, 'logs @last --json')).stdout).toBe(events);
    const raised = await eventsOf(own, 'resume @last --updated --budget usd=1');
    expect(ends(raised.events)).toEqual({ one: 'succeeded', two: 'succeeded', end: 'succeeded' });
    expect(readFileSync(path.join(own.root, 'made.txt'), 'utf8')).toBe('made\nmade\n');
  });

  it('fails the run where it says so, and runs finally', async () => {
    const own = project('budget: { tokens: 20, on-exceed: fail }\n');
    const { code, events } = await eventsOf(own, 'run w');
    expect(code).toBe(1);
    // The second is ended while it works, unless it had ended by then.
    expect(ends(events)).toMatchObject({ one: 'succeeded', three: 'canceled', end: 'succeeded' });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'failed' });
  });

  it('ends an attempt while it works, as soon as its engine says what it used', async () => {
    const message = {
      type: 'assistant',
      message: { id: 'early', model: 'm', content: [], usage: { input_tokens: 500, output_tokens: 1 } },
      session_id: '00000000-0000-4000-8000-000000000001',
    };
    const own = project('', ['one']);
    const engine = path.join(own.base, 'engine.sh');
    own.write(
      path.relative(own.root, engine),
      `cat > /dev/null\necho '${JSON.stringify(message)}'\nsleep 300\n`,
    );
    const file = '.codemachine/workflows/w.yml';
    const text = readFileSync(path.join(own.root, file), 'utf8');
    own.write(
      file,
      text.replace('prompt: Do one.', 'prompt: Do one.\n    budget: { tokens: 400, on-exceed: fail }'),
    );
    const { code, events } = await eventsOf(own, 'run w');
    expect(code).toBe(1);
    expect(events.find((e) => e.type === 'step-failed')).toMatchObject({
      failure: {
        reason: 'budget',
        message: 'the budget of the step `one` is used up: 501 tokens of 400 tokens',
      },
      usage: { 'input-tokens': 500, 'output-tokens': 1, usd: null },
    });
  }, 60_000);

  it('keeps a result that was there before its cost was known, and holds back nothing else', async () => {
    const own = project('');
    const file = '.codemachine/workflows/w.yml';
    const text = readFileSync(path.join(own.root, file), 'utf8');
    own.write(
      file,
      text
        .replace('prompt: Do one.', 'prompt: Do one.\n    budget: { usd: 0.01 }')
        .replace('prompt: Do two.', 'prompt: Do two.\n    budget: { usd: 0.005 }'),
    );
    const { code, events } = await eventsOf(own, 'run w');
    expect(code).toBe(0);
    expect(ends(events)).toMatchObject({ one: 'succeeded', two: 'succeeded', three: 'succeeded' });
  });

  it('binds a used workflow alone, and is raised for it', async () => {
    const own = project('');
    const part = readFileSync(path.join(own.root, '.codemachine/workflows/w.yml'), 'utf8');
    own.write(
      '.codemachine/workflows/part.yml',
      part.replace('name: w\n', 'name: part\nbudget: { usd: 0.02 }\n'),
    );
    own.write(
      '.codemachine/workflows/w.yml',
      'name: w\nsteps:\n  - id: release\n    uses: ./part.yml\n  - run: echo after\n',
    );
    own.write('.codemachine/config.yml', `${configOf(own)}policy: { budget: { usd: 10 } }\n`);
    const parked = await eventsOf(own, 'run w');
    expect(parked.code).toBe(3);
    expect(parked.events.at(-1)).toMatchObject({
      reason: 'budget',
      resume: expect.stringContaining('--budget part:release.usd=0.04'),
    });
    const raised = await eventsOf(own, 'resume @last --budget part:release.usd=1');
    expect(raised.code).toBe(0);
    expect(ends(raised.events)).toMatchObject({ 'release.three': 'succeeded', 'release.end': 'succeeded' });
  });

  it('is narrowed by a policy, which says where', async () => {
    const own = project('');
    own.write('.codemachine/config.yml', `${configOf(own)}policy:\n  budget:\n    usd: 0.01\n`);
    const parked = await say(own, 'run w');
    expect(parked.code).toBe(3);
    expect((await say(own, 'plan w')).stdout).toMatch(/budget: \$0\.01 \(\.codemachine\/config\.yml:\d+\)/);
    const more = await say(own, 'resume @last --budget usd=1');
    expect(more.code).toBe(2);
    expect(more.stderr).toMatch(
      /the policy allows a run no more than \$0\.0100 \(\.codemachine\/config\.yml:\d+\)/,
    );
  });
});

describe('a policy of the user', () => {
  it('denies what it does not allow, and makes warnings errors', async () => {
    const own = project('');
    const file = path.relative(own.root, path.join(own.home, '.config/codemachine/policy.yml'));
    own.write(file, 'engines: [codex]\n');
    const denied = await say(own, 'run w');
    expect(denied.code).toBe(2);
    expect(denied.stderr).toContain('the policy does not allow `engine: claude-code`');
    own.write(file, 'strict: true\n');
    own.write('.codemachine/workflows/v.yml', 'name: v\nsteps:\n  - engine: codex\n    prompt: Look.\n');
    const strict = await say(own, 'validate .codemachine/workflows/v.yml');
    expect(strict.code).toBe(2);
    expect(`${strict.stdout}${strict.stderr}`).toContain('error[access-unsaid]');
    own.write(file, 'engine: [codex]\n');
    expect((await say(own, 'run w')).stderr).toContain('unknown-key');
  });
});

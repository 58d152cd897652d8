// What every engine promises, shown on programs that behave as the sources of Aider and goose say: neither can be installed for tests.
import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aider } from '../../src/engines/dialects/aider.ts';
import type { Dialect } from '../../src/engines/dialects/dialect.ts';
import { goose } from '../../src/engines/dialects/goose.ts';
import { makeMasker } from '../../src/engines/mask.ts';
import type { FailureReason } from '../../src/model/failure.ts';
import type { Outcome, PromptJob } from '../../src/model/ports.ts';
import { validateAnswer } from '../../src/workflow/answer.ts';
import { handClock } from '../engines/agent/hand-clock.ts';
import { type StandIn, standIn } from '../engines/dialects/stand-in.ts';

let there: StandIn;
beforeEach(() => {
  there = standIn();
  mkdirSync(join(there.root, 'workspace/.git'));
});
afterEach(() => there.leave());

type More = NonNullable<Parameters<StandIn['attempt']>[2]>;
type Ask = Partial<PromptJob> & { prompt: string };

const work = (file: string) => join(there.root, 'workspace', file);
const reasonOf = (outcome: Outcome): FailureReason | 'none' => (outcome.ok ? 'none' : outcome.failure.reason);

const run = (dialect: Dialect, ask: Ask, { deps = {}, ...more }: More = {}) => {
  const script = `exec /bin/sh '${join(import.meta.dirname, 'stand-ins', dialect.name)}.sh' "$@"`;
  return there.attempt(dialect, script, { ask, deps: { validate: validateAnswer, ...deps }, ...more });
};

function made(file: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(join(there.root, 'workspace'), () => look());
    const look = (): void => {
      if (!existsSync(work(file))) return;
      watcher.close();
      resolve();
    };
    look();
  });
}

const schema = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
} as const;

const failures: (readonly [scenario: string, reason: FailureReason])[] = [
  ['401', 'auth'],
  ['403', 'auth'],
  ['404', 'model'],
  ['400', 'config'],
  ['429', 'rate-limit'],
  ['500', 'overloaded'],
  ['503', 'overloaded'],
  ['drop', 'network'],
  ['quota', 'quota'],
  ['credit-too-low', 'quota'],
  ['context-overflow', 'context-overflow'],
  ['refusal', 'refused'],
  ['empty', 'refused'],
  ['cut', 'exit-code'],
];

describe.each([aider, goose].map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  it('edits a file, says so, counts', async () => {
    const { outcome, said } = await run(dialect, { prompt: 'SCENARIO:edit' });
    expect(outcome).toMatchObject({ ok: true, values: { engine: name, 'exit-code': 0 } });
    expect(readFileSync(work('a.txt'), 'utf8')).toBe('hi\n');
    expect(said).toContainEqual(
      expect.objectContaining({ what: 'file-change', text: expect.stringMatching(/a\.txt$/) }),
    );
    expect(outcome.values.usage).toMatchObject({
      'output-tokens': expect.any(Number),
      usd: expect.any(Number),
    });
  });

  it('writes nothing with access to read', async () => {
    await run(dialect, { prompt: 'SCENARIO:edit', access: 'read' });
    expect(existsSync(work('a.txt'))).toBe(false);
  });

  it('leaves nothing of its own in the workspace', async () => {
    await run(dialect, { prompt: 'hello' });
    expect(readdirSync(work('.')).sort()).toEqual(['.git', 'arguments.txt']);
    expect(readdirSync(join(there.root, 'tmp'))).toEqual([]);
  });

  it('answers in a schema', async () => {
    const { outcome } = await run(dialect, { prompt: 'SCENARIO:schema', schema });
    expect(outcome).toMatchObject({ ok: true, values: { output: { a: 'x' } } });
  });

  it('is asked once more when it answers in prose, and changes nothing then', async () => {
    const { outcome, prompts, sessions } = await run(dialect, { prompt: 'SCENARIO:schema-ignored', schema });
    expect(outcome).toMatchObject({ ok: true, values: { output: { a: 'x' } } });
    expect(outcome.values.usage).toMatchObject({ 'input-tokens': 2400, 'output-tokens': 200 });
    expect(outcome.values.usage?.usd).toBeCloseTo(0.0102);
    expect(prompts).toContain('could not be used:');
    expect(new Set(sessions).size).toBe(dialect === goose ? 1 : 0);
    const told = readFileSync(work('arguments.txt'), 'utf8');
    if (dialect === aider) expect(told).toContain('--dry-run');
    else expect(told).toContain('--resume');
  });

  it('fails when it does not fit the second time either', async () => {
    const never = () => ['it never fits'];
    const { outcome } = await run(
      dialect,
      { prompt: 'SCENARIO:schema', schema },
      { deps: { validate: never } },
    );
    expect(reasonOf(outcome)).toBe('output');
  });

  it.each(failures)('says what it is: %s', async (scenario, reason) => {
    const { outcome } = await run(dialect, { prompt: `SCENARIO:${scenario}` });
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe(reason);
    expect(outcome).toMatchObject({ ok: false, failure: { message: /./, help: /./ } });
  });

  it.each(['/clear', '!rm -rf .', '', '  \n'])('takes no prompt for a command: %j', async (prompt) => {
    const { outcome } = await run(dialect, { prompt });
    expect(outcome).toMatchObject({ ok: true, values: { text: 'Hello there.' } });
  });

  it.each(['hang', 'stall'])('does not outlast its idle timeout: %s', async (how) => {
    const clock = handClock();
    const going = run(
      dialect,
      { prompt: `SCENARIO:${how}` },
      { deps: { clock }, stop: new AbortController().signal },
    );
    await made('ready');
    clock.pass();
    const { outcome, survivors } = await going;
    expect(reasonOf(outcome)).toBe('idle-timeout');
    expect(survivors).toEqual([]);
  });

  it('leaves nobody behind when it is canceled in the middle of its work', async () => {
    const stop = new AbortController();
    const scenario = dialect === goose ? 'tool' : 'hang';
    const going = run(dialect, { prompt: `SCENARIO:${scenario}` }, { stop: stop.signal });
    await made('ready');
    stop.abort('cancel');
    const { outcome, survivors } = await going;
    expect(reasonOf(outcome)).toBe('interrupted');
    expect(survivors).toEqual([]);
  });

  it('sees its own keys and no others', async () => {
    const environ = {
      PATH: process.env.PATH,
      HOME: there.root,
      OPENAI_API_KEY: 'its-own',
      CODEX_API_KEY: 'canary-1',
      CLAUDE_CODE_OAUTH_TOKEN: 'canary-2',
      AWS_SECRET_ACCESS_KEY: 'canary-3',
      GH_TOKEN: 'canary-4',
    };
    await run(dialect, { prompt: 'SCENARIO:environment', env: { MINE: 'passes' } }, { deps: { environ } });
    const seen = readFileSync(work('seen.txt'), 'utf8');
    expect(seen).not.toContain('canary');
    for (const line of ['OPENAI_API_KEY=its-own', 'MINE=passes', 'CODEMACHINE_STEP=ask'])
      expect(seen).toContain(line);
  });

  it('is told that its program is not there', async () => {
    const { outcome } = await run(dialect, { prompt: 'hello' }, { deps: { config: {} } });
    expect(outcome).toMatchObject({
      failure: { reason: 'spawn', help: expect.stringContaining('install it') },
    });
  });

  it('lets no secret into what is kept or said', async () => {
    // One of them says it in two pieces.
    const masker = makeMasker(['Hello there']);
    const { outcome, said } = await run(dialect, { prompt: 'SCENARIO:text' }, { deps: { masker } });
    expect(outcome.values.text).toBe('***.');
    expect(said).toContainEqual(expect.objectContaining({ what: 'text', text: '***.' }));
    expect(JSON.stringify([outcome, said])).not.toContain('Hello there');
  });
});

describe('aider', () => {
  it('is counted to the token by its notes', async () => {
    const { outcome } = await run(aider, { prompt: 'SCENARIO:noted' });
    expect(outcome).toMatchObject({
      ok: true,
      values: { text: 'noted', usage: { 'input-tokens': 1234, 'output-tokens': 56, usd: 0.0051 } },
    });
  });

  it.each([
    ['output-cut', 'output-cut'],
    ['reflections', 'turns'],
    ['ignored-by-git', 'denied'],
    ['not-signed-in', 'auth'],
  ])('says what it is: %s', async (scenario, reason) => {
    expect(reasonOf((await run(aider, { prompt: `SCENARIO:${scenario}` })).outcome)).toBe(reason);
  });

  it('makes no repository of a directory that is none', async () => {
    const { root } = there;
    mkdirSync(join(root, 'workspace/inner'));
    await run(aider, { prompt: 'hello' }, { deps: { root: work('inner') } });
    expect(readFileSync(work('inner/arguments.txt'), 'utf8')).toContain('--git');
    there.leave();
    there = standIn();
    await run(aider, { prompt: 'hello' });
    expect(existsSync(work('.git'))).toBe(false);
  });

  it('keeps what was there before of what it leaves', async () => {
    mkdirSync(work('.aider.tags.cache.v4'));
    await run(aider, { prompt: 'hello' });
    expect(existsSync(work('.aider.tags.cache.v4'))).toBe(true);
  });
});

describe('goose', () => {
  it('goes on in a session, and charges what is new', async () => {
    const { outcome } = await run(goose, { prompt: 'SCENARIO:text' });
    const id = outcome.values.session ?? '';
    const second = await run(goose, { prompt: 'hello', attempt: 2, session: { id, fork: false } });
    // In another process nobody knows what it had used before, so what this turn used is not known either.
    expect(second.outcome).toMatchObject({ ok: true, values: { session: id } });
    expect(second.outcome.values.usage).toBeUndefined();
  });

  it('says that a session is gone', async () => {
    const { outcome } = await run(goose, { prompt: 'hello', session: { id: 'gone', fork: false } });
    expect(outcome).toMatchObject({
      failure: { reason: 'config', message: expect.stringContaining('No session found') },
    });
  });

  it('ends after as many turns as it may take', async () => {
    const { outcome } = await run(goose, { prompt: 'SCENARIO:max-turns', maxTurns: 1 });
    expect(reasonOf(outcome)).toBe('turns');
    expect(readFileSync(work('arguments.txt'), 'utf8')).toContain('--max-turns 1');
  });

  it('starts the MCP servers of the step', async () => {
    const args = ['-c', 'printf %s "$GREETING" > started.txt'];
    const mcp = { mine: { command: '/bin/sh', args, env: { GREETING: `a "quoted" 'one'` } } };
    await run(goose, { prompt: 'hello', mcp });
    expect(readFileSync(work('started.txt'), 'utf8')).toBe(`a "quoted" 'one'`);
    expect(readFileSync(work('arguments.txt'), 'utf8')).not.toContain('quoted');
  });
});

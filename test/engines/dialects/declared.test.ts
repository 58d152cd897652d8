// An engine that the configuration declares: how it is started, what its output means.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { declaredDialect, startOf } from '../../../src/engines/dialects/declared.ts';
import { cannotHonour, dialectOf, dialectsWith, enginesFor } from '../../../src/engines/dialects/dialects.ts';
import { compilePattern } from '../../../src/engines/patterns.ts';
import type { DeclaredEngine, EngineConfig } from '../../../src/model/config.ts';
import type { Json } from '../../../src/model/result.ts';
import { DECLARED } from './signs.ts';
import { type StandIn, standIn } from './stand-in.ts';
import { exits, job } from './streams.ts';

const place = { cwd: '/w/inner', root: '/w', scratch: '/s', superuser: false };

function dialectWith(declared: DeclaredEngine, more: EngineConfig = {}) {
  const fits = (declared.failure ?? []).map(({ match }) => {
    const compiled = compilePattern(match);
    if (!compiled.ok) throw new Error(compiled.error);
    return compiled.value;
  });
  return declaredDialect('my-agent', { ...more, declared }, fits);
}

function ended(declared: DeclaredEngine, lines: readonly (string | Json)[], end = exits(0)) {
  const reader = dialectWith(declared).reader(job({ model: 'asked-for' }));
  for (const line of lines) reader.line(typeof line === 'string' ? line : JSON.stringify(line));
  return { ...reader.end(end), session: reader.session() };
}

describe('its command line', () => {
  const declared: DeclaredEngine = {
    ...DECLARED.jsonl,
    session: { continue: ['--resume', '{session}'] },
    model: ['--model={model}'],
  };
  const command = ['/opt/my-agent', '--headless'];

  it('has the arguments of the level, the model and the session behind its own', () => {
    const dialect = dialectWith(declared, { command });
    const asked = job({ access: 'write', model: 'big', session: { id: 's-1', fork: false }, prompt: 'Hi.' });
    expect(dialect.command(asked, place)).toEqual({
      args: ['--headless', '--edit', '--model=big', '--resume', 's-1'],
      env: {},
      stdin: 'Hi.',
      files: {},
    });
    expect(startOf({ command, env: { A: '1' } })).toEqual({ command: ['/opt/my-agent'], env: { A: '1' } });
  });

  it('branches off a session where it can, and else goes on in it', () => {
    const asked = job({ access: 'write', session: { id: 's-1', fork: true } });
    expect(dialectWith(declared).command(asked, place).args).toEqual(['--edit', '--resume', 's-1']);
    const forks = dialectWith({ ...declared, session: { fork: ['--fork', '{session}'] } });
    expect(forks.command(asked, place).args).toEqual(['--edit', '--fork', 's-1']);
  });

  it('names the file of the prompt, which has the schema in it', () => {
    const dialect = dialectWith(
      { prompt: 'file', access: { read: [] } },
      { command: ['x', '--in={prompt-file}'] },
    );
    const made = dialect.command(
      job({ access: 'read', prompt: 'Hi. $&', schema: { type: 'object' } }),
      place,
    );
    expect(made).toMatchObject({ args: ['--in=/s/prompt.md'], stdin: '' });
    expect(made.files['prompt.md']).toMatch(/^Hi\. \$&\n[\s\S]*"type": "object"/);
  });
});

describe('what it can do', () => {
  it('is what is declared of it', () => {
    const engines = {
      'my-agent': { declared: DECLARED.jsonl },
      bare: { declared: {} },
      codex: { command: ['x'] },
    };
    const one = dialectOf('my-agent', engines);
    expect(one?.capabilities).toMatchObject({
      levels: ['read', 'write'],
      reportsCost: true,
      schema: 'prompt',
    });
    if (one === undefined) throw new Error('it is not there');
    expect(cannotHonour(one, { access: 'read', output: {}, session: 'continue' })).toEqual([]);
    expect(
      cannotHonour(one, {
        access: 'full',
        effort: 'low',
        network: 'off',
        model: {},
        session: { fork: true },
      }),
    ).toEqual(['fork', 'effort', 'model', 'access', 'network']);
    expect(
      dialectsWith(engines)
        .map(({ name }) => name)
        .slice(-2),
    ).toEqual(['my-agent', 'bare']);
    expect(enginesFor({ access: 'read' }, engines)).toContain('my-agent');
    expect(enginesFor({ access: 'read' }, engines)).not.toContain('bare');
    expect(dialectOf('codex', engines)?.program).toBe('codex');
    for (const name of ['other', 'toString', '__proto__']) expect(dialectOf(name, engines)).toBeUndefined();
  });
});

describe('JSON lines', () => {
  const jsonl = DECLARED.jsonl;

  it('give each field from the last line that has it', () => {
    const lines: Json[] = [
      { session_id: 7, model: 'mine', usage: { in: 5, out: 1 }, result: 'first' },
      { usage: { in: 9 }, result: '  ' },
      { usage: { out: 'many' }, result: null, cost: 0.5 },
      'not JSON',
      { result: 'last' },
    ];
    expect(ended(jsonl, lines)).toEqual({
      ok: true,
      text: 'last',
      model: 'mine',
      session: '7',
      usage: { 'input-tokens': 9, 'output-tokens': 1, 'cached-tokens': 0, usd: 0.5 },
    });
  });

  it('do not know what they do not say', () => {
    const verdict = ended(jsonl, [{ result: 'done' }]);
    expect(verdict).toMatchObject({ ok: true, model: 'asked-for' });
    expect(verdict.usage).toBeUndefined();
    expect(ended(jsonl, [{ result: 'done', usage: { in: 3 } }]).usage?.usd).toBeNull();
    expect(ended(jsonl, [{ result: 'done', cost: -3 }]).usage?.usd).toBeNull();
  });

  it('may hold the answer as a value, at a place in a list', () => {
    const map = { text: 'choices.1.message' };
    expect(ended({ output: 'jsonl', map }, [{ choices: [0, { message: { a: 1 } }] }]).text).toBe('{"a":1}');
    expect(ended({ output: 'jsonl', map }, [{ choices: [0] }]).ok).toBe(false);
    const inherited = { output: 'jsonl', map: { text: 'constructor.name' } } as const;
    expect(ended(inherited, [{ a: 1 }]).ok).toBe(false);
  });

  it.each<[Json, string]>([
    ['it broke', 'it broke'],
    [{ message: 'it broke', code: 3 }, 'it broke'],
    [{ code: 3 }, '{"code":3}'],
    [true, 'it says that there was an error'],
    [4, '4'],
  ])('that name the error %j are a failure at exit code 0', (error, message) => {
    const one: DeclaredEngine = { output: 'jsonl', map: { text: 'result', error: 'error' } };
    expect(ended(one, [{ result: 'I did it', error }])).toMatchObject({
      ok: false,
      failure: { reason: 'exit-code', 'exit-code': 0, message },
    });
    for (const none of [null, false, 0, '']) {
      expect(ended(one, [{ result: 'x', error }, { error: none }]).ok).toBe(true);
    }
  });

  it('without an answer are none', () => {
    expect(ended(jsonl, [{ usage: { in: 3, out: 4 } }])).toMatchObject({
      failure: { reason: 'output', message: expect.stringContaining('no event with a text') },
      usage: { 'input-tokens': 3 },
    });
  });

  it('tell as they come what was used', () => {
    const reader = dialectWith(jsonl).reader(job());
    const says = (event: Json) => reader.line(JSON.stringify(event)).said.map(({ what }) => what);
    expect(says({ usage: { in: 1, out: 1 } })).toEqual(['usage']);
    expect(says({ usage: { in: 1, out: 1 }, result: 'x' })).toEqual(['text']);
    expect(says({ usage: { in: 2, out: 1 } })).toEqual(['usage']);
    expect(reader.line('garbage')).toMatchObject({ alive: false });
  });
});

describe('text', () => {
  it('is the answer, blank lines and all', () => {
    expect(ended({}, ['', ' a', '', 'b\r', '']).text).toBe('a\n\nb');
    expect(ended({}, [' ', '']).ok).toBe(false);
  });

  it('that is too long to be an answer is none', () => {
    const reader = dialectWith({}).reader(job());
    const line = 'x'.repeat(1024 * 1024);
    for (let count = 0; count < 11; count += 1) reader.line(line);
    expect(reader.end(exits(0))).toMatchObject({ ok: false, failure: { reason: 'internal' } });
  });
});

describe('its failures', () => {
  const failure = [
    { match: '(?i)rate limit', reason: 'rate-limit' },
    { match: '^fatal: (no|bad) key$', reason: 'auth' },
  ] as const;

  it('are found in both streams, at exit code 0 too, the first that is declared first', () => {
    const stderr = 'ok\nRate Limit hit, sorry\nbye';
    expect(ended({ failure }, ['ok'], exits(0, { stderr }))).toMatchObject({
      failure: { reason: 'rate-limit', message: 'Rate Limit hit, sorry', 'exit-code': 0, help: /./ },
    });
    expect(ended({ failure }, ['ok'], exits(7, { stderr: 'x\nfatal: bad key\ny' }))).toMatchObject({
      failure: { reason: 'auth', message: 'fatal: bad key', 'exit-code': 7 },
    });
    expect(ended({ failure }, ['fatal: bad key'], exits(1, { stderr: 'rate limit' }))).toMatchObject({
      failure: { reason: 'rate-limit' },
    });
    expect(ended({ failure }, ['a fatal: bad key']).ok).toBe(true);
  });

  it('are looked for at the end alone', () => {
    const much = Array.from({ length: 3_000 }, () => 'x'.repeat(100));
    const reasonOf = (lines: readonly string[]): string | undefined => {
      const end = ended({ failure }, lines, exits(1));
      return end.ok ? undefined : end.failure.reason;
    };
    expect(reasonOf(['rate limit', ...much])).toBe('exit-code');
    expect(reasonOf([...much, 'rate limit'])).toBe('rate-limit');
  });

  it('are not found in an answer that tells of them', () => {
    const says = 'A rate limit (HTTP 429) is what the server answers then.';
    expect(ended({ failure }, [says])).toMatchObject({ ok: true, text: says });
    const lines = { ...DECLARED.jsonl, failure };
    const map = DECLARED.jsonl.map ?? {};
    const answer = { [map.text ?? '']: says };
    expect(ended(lines, [{ note: 1 }, answer])).toMatchObject({ ok: true, text: says });
    expect(ended(lines, [answer], exits(1))).toMatchObject({ failure: { reason: 'exit-code' } });
    expect(ended(lines, ['rate limit', answer])).toMatchObject({ failure: { reason: 'rate-limit' } });
    expect(ended(lines, [answer], exits(0, { stderr: 'rate limit' }))).toMatchObject({
      failure: { reason: 'rate-limit' },
    });
  });

  it('cannot be looked for without end', () => {
    const evil = { failure: [{ match: '(a+)+$|(x+x+)+y', reason: 'quota' }] } as const;
    expect(ended(evil, [`${'a'.repeat(60_000)}!`, 'x'.repeat(60_000)]).ok).toBe(true);
    for (const bad of ['(?=x)', '(a)\\1', '(', 'a{2000}']) expect(compilePattern(bad).ok).toBe(false);
  });

  it('that are none of them have the words of the program', () => {
    expect(ended({ failure }, ['one', 'two'], exits(3))).toMatchObject({
      failure: { reason: 'exit-code', 'exit-code': 3, message: 'exited with 3: one two' },
    });
    expect(ended({ failure }, [], exits(127, { stderr: 'sh: x: not found' }))).toMatchObject({
      failure: { reason: 'spawn' },
    });
  });
});

describe('an attempt', () => {
  let there: StandIn;
  beforeEach(() => {
    there = standIn();
  });
  afterEach(() => there.leave());
  const schema = { type: 'object', required: ['a'] };
  const validate = (_: unknown, value: Json) =>
    JSON.stringify(value) === '{"a":1}' ? [] : ['it must have a'];
  const answers = `n=$(cat "$0/count" 2>/dev/null); n=$((n+1)); echo $n > "$0/count"; echo "$@" >> "$0/args"; cat > "$0/prompt.$n"`;

  it('asks once more for an answer that does not fit, where it can go on in its session', async () => {
    const script = `${answers}; printf '{"session_id":"s-%s","result":{"%s":1}}\\n' $n "$([ $n = 1 ] && echo b || echo a)"`;
    const more = { ask: { schema }, deps: { validate } };
    const { outcome, sessions, prompts } = await there.attempt(dialectWith(DECLARED.jsonl), script, more);
    expect(outcome).toMatchObject({ ok: true, values: { output: { a: 1 }, engine: 'my-agent' } });
    expect(sessions).toEqual(['s-1', 's-2']);
    expect(there.kept('args')).toBe('--edit\n--edit --resume s-1\n');
    expect(there.kept('prompt.1')).toMatch(/^hello\n[\s\S]*JSON Schema/);
    expect(prompts).toContain('it must have a');
  });

  it('does not where it cannot', async () => {
    const script = `${answers}; echo '{"session_id":"s-1","result":"no"}'`;
    const once = { ...DECLARED.jsonl, session: {}, access: { write: ['--edit'] } };
    const more = { ask: { schema }, deps: { validate } };
    const { outcome } = await there.attempt(dialectWith(once), script, more);
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'output' } });
    expect(there.kept('count')).toBe('1\n');
  });

  it('takes the answer from standard output as it is', async () => {
    const { outcome } = await there.attempt(dialectWith(DECLARED.text), 'cat; printf "\\n\\nEnd\\n"', {
      ask: { prompt: 'größer' },
    });
    expect(outcome).toMatchObject({ ok: true, values: { text: 'größer\n\nEnd', 'exit-code': 0 } });
  });
});

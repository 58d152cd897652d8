// The command lines of the dialects, and what they cannot do.
import { describe, expect, it } from 'vitest';

import { fitsAnswerTool, fitsStrictOutput } from '../../../src/engines/dialects/answer-schema.ts';
import { cannotHonour, dialectOf, enginesFor } from '../../../src/engines/dialects/dialects.ts';
import type { PromptJob } from '../../../src/model/ports.ts';
import type { Json, JsonObject } from '../../../src/model/result.ts';
import { dialects, job } from './streams.ts';

const place = { cwd: '/w/inner', root: '/w', scratch: '/s', superuser: false };

function commandOf(engine: string, more: Partial<PromptJob>, superuser = false) {
  const dialect = dialects[engine];
  if (dialect === undefined) throw new Error(`no dialect of ${engine}`);
  return dialect.command(job(more), { ...place, superuser });
}

describe.each(Object.keys(dialects))('%s', (engine) => {
  it('gives prompt and system prompt no place where other processes can read them', () => {
    const { args, env, stdin } = commandOf(engine, { prompt: 'my prompt' });
    expect(stdin).toBe('my prompt');
    expect(JSON.stringify([args, env])).not.toContain('my prompt');
  });

  it.each(['read', 'write', 'full'] as const)('never asks anybody, with access to %s', (access) => {
    const line = commandOf(engine, { access }).args.join(' ');
    expect(line).toMatch(
      /dontAsk|--permission-prompts none|--dangerously-skip-permissions|approval_policy="never"/,
    );
  });

  it('has no bypass below full access', () => {
    for (const access of ['read', 'write'] as const) {
      expect(commandOf(engine, { access }, true).args.join(' ')).not.toContain('dangerously');
      expect(commandOf(engine, { access }, true).env).not.toHaveProperty('IS_SANDBOX');
    }
    expect(commandOf(engine, { access: 'full' }).args.join(' ')).toContain('dangerously');
  });

  it('writes a schema into the prompt where its own mode cannot take it', () => {
    const list: JsonObject = { type: 'array', items: { type: 'string' } };
    const { args, stdin } = commandOf(engine, { prompt: 'list them', schema: list });
    expect(args.join(' ')).not.toMatch(/schema/);
    expect(stdin).toContain('list them');
    expect(stdin).toContain('"type": "array"');
  });

  it('leaves a prompt alone where its own mode takes the schema', () => {
    const closed: JsonObject = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const { args, stdin } = commandOf(engine, { prompt: 'say', schema: closed });
    expect(args.join(' ')).toMatch(/schema/);
    expect(stdin).toBe('say');
  });
});

describe('claude-code', () => {
  it.each([
    [1.5, '1.5'],
    [0.1 + 0.2, '0.3'],
    [1e-9, '0.000001'],
  ])('is told what it may spend (%d), as a plain number above 0', (maxUsd, word) => {
    expect(commandOf('claude-code', { maxUsd }).args.join(' ')).toContain(`--max-budget-usd ${word} `);
    expect(commandOf('claude-code', {}).args).not.toContain('--max-budget-usd');
  });

  it('says that it is sandboxed only to a superuser with full access', () => {
    expect(commandOf('claude-code', { access: 'full' }, true).env).toMatchObject({ IS_SANDBOX: '1' });
    expect(commandOf('claude-code', { access: 'full' }, false).env).not.toHaveProperty('IS_SANDBOX');
  });

  it('opens no writing tool under read, whatever is allowed', () => {
    const allow = ['Write', 'Edit', 'Bash', 'Bash()', 'Bash(*)', 'Bash(:*)', 'WebFetch', 'Bash(git log:*)'];
    const { args } = commandOf('claude-code', { access: 'read', tools: { allow } });
    expect(args[args.indexOf('--tools') + 1]).toBe('Read,Grep,Glob,WebFetch,Bash');
    expect(args.filter((one) => /^(Bash|Write|Edit)\b/.test(one))).toEqual([
      'Bash(git log:*)',
      'Edit(//w/.codemachine/**)',
    ]);
  });

  it.each([
    'Read,Bash',
    'Read Bash',
    'WebFetch(domain:x),Bash(*)',
    'Bash(git log:*),Bash(*)',
    'Bash(git log:*) Bash',
  ])('opens nothing under read by the list in one word %j', (rule) => {
    const { args } = commandOf('claude-code', { access: 'read', tools: { allow: [rule] } });
    expect(args[args.indexOf('--tools') + 1]).toBe('Read,Grep,Glob');
    expect(args).not.toContain(rule);
  });

  it.each(['read', 'write'] as const)('takes no option for a tool under %s', (access) => {
    const option = '--dangerously-skip-permissions';
    const { args } = commandOf('claude-code', { access, tools: { allow: [option], deny: [` ${option}`] } });
    expect(args.map((one) => one.trim())).not.toContain(option);
  });

  it("passes a cloud's keys only to the back-end that is switched on", () => {
    const names = (environ: Record<string, string>) => dialects['claude-code']?.variables(environ) ?? [];
    expect(names({}).join()).not.toContain('AWS');
    expect(names({ CLAUDE_CODE_USE_BEDROCK: '1' })).toContain('AWS_*');
    expect(names({ CLAUDE_CODE_USE_BEDROCK: '1' }).join()).not.toContain('GOOGLE');
  });
});

describe('codex', () => {
  it('puts what resume does not know before it', () => {
    const { args } = commandOf('codex', { session: { id: 'abc', fork: false }, model: 'm' });
    expect(args.slice(-3)).toEqual(['resume', 'abc', '-']);
    expect(commandOf('codex', { session: { id: 'abc', fork: true } }).args.slice(-3)).toEqual([
      'fork',
      'abc',
      '-',
    ]);
  });

  it('writes values as TOML', () => {
    const { args } = commandOf('codex', {
      system: 'a "b"\n\u007f',
      mcp: { s: { command: 'c', args: ['x y', "'"], env: { K: '=' } }, t: { url: 'http://u' } },
    });
    expect(args).toContain('developer_instructions="a \\"b\\"\\n\\u007f"');
    expect(args).toContain('mcp_servers.s.args=["x y","\'"]');
    expect(args).toContain('mcp_servers.s.env={"K"="="}');
    expect(args).toContain('mcp_servers.t.url="http://u"');
  });
});

describe('what an engine cannot honour', () => {
  const engine = (name: string) => dialectOf(name, {}) ?? Object.values(dialects)[0]!;

  it('is said in the words of the file', () => {
    const wishes = { access: 'write', maxTurns: 3, tools: { allow: ['Bash'] }, network: 'off' } as const;
    expect(cannotHonour(engine('codex'), wishes)).toEqual(['tools', 'max-turns']);
    expect(cannotHonour(engine('claude-code'), wishes)).toEqual(['network']);
  });

  it.each([
    ['codex', 'read', 'on', ['network']],
    ['codex', 'read', 'off', []],
    ['codex', 'write', 'on', []],
    ['codex', 'full', 'off', ['network']],
    ['codex', 'full', 'on', []],
  ] as const)('depends on the level: %s %s network %s', (name, access, network, expected) => {
    expect(cannotHonour(engine(name), { access, network })).toEqual(expected);
  });

  it.each([
    [{}, []],
    [{ isolated: {} }, ['session']],
    [{ elsewhere: true }, ['session']],
  ])('is a session that would have to move: %j', (where, expected) => {
    const wishes = { access: 'write', session: { fork: false }, ...where } as const;
    expect(cannotHonour(engine('opencode'), wishes)).toEqual(expected);
    expect(cannotHonour(engine('codex'), wishes)).toEqual([]);
    expect(enginesFor(wishes, {}).includes('opencode')).toBe(expected.length === 0);
    expect(cannotHonour(engine('opencode'), { access: 'write', ...where })).toEqual([]);
  });

  it('comes with the engines that can', () => {
    expect(enginesFor({ access: 'write', network: 'off' }, {})).toEqual(['codex']);
    expect(enginesFor({ access: 'read', maxTurns: 1, tools: { allow: ['Read'] } }, {})).toEqual([
      'claude-code',
    ]);
  });
});

describe('a schema', () => {
  const closed = { type: 'object', additionalProperties: false };
  const fine: Json[] = [
    { ...closed, properties: { a: { type: 'string' } }, required: ['a'] },
    { ...closed },
    {
      ...closed,
      properties: { a: { type: ['object', 'null'], additionalProperties: false } },
      required: ['a'],
    },
    { ...closed, properties: { a: { $ref: '#/$defs/b' } }, required: ['a'], $defs: { b: { enum: [1] } } },
    {
      ...closed,
      properties: { a: { type: 'array', items: { anyOf: [{ type: 'null' }] } } },
      required: ['a'],
    },
  ];
  const loose: Json[] = [
    { type: 'object' },
    { type: 'array', items: { type: 'string' } },
    { ...closed, properties: { a: { type: 'string' } } },
    { ...closed, anyOf: [closed] },
    { ...closed, properties: { a: { type: 'object' } }, required: ['a'] },
    { ...closed, properties: { a: { type: 'array', items: { properties: {} } } }, required: ['a'] },
    { ...closed, properties: { a: { oneOf: [] } }, required: ['a'] },
    { ...closed, properties: { a: true }, required: ['a'] },
  ];

  it('is told apart by whether strict outputs take it', () => {
    for (const schema of fine)
      expect(fitsStrictOutput(schema as JsonObject), JSON.stringify(schema)).toBe(true);
    for (const schema of loose)
      expect(fitsStrictOutput(schema as JsonObject), JSON.stringify(schema)).toBe(false);
  });

  it('fits an answer tool when it is an object and no longer than an argument', () => {
    expect(fitsAnswerTool({ type: 'object' })).toBe(true);
    expect(fitsAnswerTool({ type: 'array' })).toBe(false);
    expect(fitsAnswerTool({ type: 'object', description: 'x'.repeat(50_000) })).toBe(false);
  });
});

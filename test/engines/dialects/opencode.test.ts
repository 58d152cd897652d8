// How OpenCode is asked, and what its output and its log mean.
import { describe, expect, it } from 'vitest';

import type { Verdict } from '../../../src/engines/dialects/dialect.ts';
import { opencode } from '../../../src/engines/dialects/opencode.ts';
import type { FailureReason } from '../../../src/model/failure.ts';
import type { PromptJob } from '../../../src/model/ports.ts';
import { exits, job, type Played, play, playRun, runsOf, textOfRun } from './streams.ts';

const place = { cwd: '/w/inner', root: '/w', scratch: '/s', superuser: false };

function command(more: Partial<PromptJob> = {}) {
  return opencode.command(job({ engine: 'opencode', ...more }), place);
}

interface Config {
  agent: { codemachine: { permission: Record<string, unknown> } };
}

function config(more: Partial<PromptJob>) {
  return JSON.parse(command(more).env.OPENCODE_CONFIG_CONTENT ?? '') as Config & Record<string, unknown>;
}

/** What becomes of a tool: of the rules that fit, the last one holds. */
function decides(more: Partial<PromptJob>, permission: string, pattern = 'x'): unknown {
  const fits = (rule: string, word: string) =>
    new RegExp(`^${rule.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's').test(word);
  const rules = Object.entries(config(more).agent.codemachine.permission).flatMap(([name, rule]) =>
    typeof rule === 'string'
      ? [{ name, pattern: '*', action: rule as unknown }]
      : Object.entries(rule as object).map(([one, action]) => ({ name, pattern: one, action })),
  );
  return rules.findLast((rule) => fits(rule.name, permission) && fits(rule.pattern, pattern))?.action;
}

const LEVELS = ['read', 'write', 'full'] as const;

describe('its command', () => {
  it('gives prompt and system prompt no place where other processes can read them', () => {
    const { args, env, stdin, files } = command({ prompt: 'my prompt', system: 'my system' });
    expect(stdin).toBe('my prompt');
    expect(files).toEqual({ 'system.md': 'my system' });
    expect(JSON.stringify([args, env])).not.toMatch(/my prompt|my system/);
    expect(config({ system: 'my system' })).toMatchObject({ instructions: ['/s/system.md'] });
  });

  it('goes on in a session or branches off it, with model and effort', () => {
    const line = (more: Partial<PromptJob>) => command(more).args.join(' ');
    expect(line({ session: { id: 'ses_1', fork: false } })).toMatch(/-s ses_1(?! --fork)/);
    expect(line({ session: { id: 'ses_1', fork: true } })).toContain('-s ses_1 --fork');
    expect(line({ model: 'p/m', effort: 'high' })).toMatch(/-m p\/m .*--variant high|-m p\/m --variant high/);
    expect(config({ model: 'p/m' })).toMatchObject({ small_model: 'p/m' });
    expect(line({})).toContain('--dir /w/inner');
  });

  it('asks no model for a title, updates nothing, shares nothing', () => {
    expect(command().args).toContain('--title');
    expect(command().env).toMatchObject({
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    });
    expect(config({})).toMatchObject({ autoupdate: false, share: 'disabled', snapshot: false });
  });

  it('writes a schema into the prompt', () => {
    expect(command({ schema: { type: 'object' } }).stdin).toContain('"type": "object"');
  });

  it('hands servers over in its own form', () => {
    const mcp = { 'a.b': { command: 'x', args: ['-y'], env: { K: 'v' } }, far: { url: 'https://h/mcp' } };
    expect(config({ mcp }).mcp).toEqual({
      'a.b': { type: 'local', command: ['x', '-y'], environment: { K: 'v' }, enabled: true },
      far: { type: 'remote', url: 'https://h/mcp', enabled: true },
    });
    expect(decides({ access: 'read', mcp }, 'a_b_tool')).toBe('allow');
  });

  it.each(LEVELS)(
    'leaves nothing that the engine asks about by itself to be asked, with access to %s',
    (access) => {
      const asked = [
        ...['doom_loop', 'question', 'plan_enter', 'plan_exit', 'task', 'external_directory'].map((name) => [
          name,
        ]),
        ...[
          ['read', '.env'],
          ['read', 'a/.env.local'],
          ['read', 'a.ts'],
        ],
      ];
      for (const [name = '', pattern] of asked) {
        expect(decides({ access }, name, pattern ?? '/etc/*')).toMatch(/^(allow|deny)$/);
      }
      expect(command({ access }).args.includes('--auto')).toBe(access !== 'read');
    },
  );

  it.each(LEVELS)('starts no agent whose work nobody sees, with access to %s', (access) => {
    expect(decides({ access, tools: { allow: ['task', '*'] } }, 'task', 'general')).toBe('deny');
  });

  it('keeps its own tools from .codemachine, whatever is allowed', () => {
    for (const access of ['write', 'full'] as const) {
      for (const allow of [[], ['edit'], ['write(src/**)'], ['*']]) {
        const more = { access, tools: { allow } };
        expect(decides(more, 'edit', '.codemachine/config.yml')).toBe('deny');
        expect(decides(more, 'edit', 'w/.codemachine/runs/x')).toBe('deny');
        expect(decides(more, 'edit', 'src/a.ts')).toBe('allow');
      }
    }
  });

  it('opens no other directory below full access but that of the workspace', () => {
    for (const access of ['read', 'write'] as const) {
      expect(decides({ access }, 'external_directory', '/etc/*')).toBe('deny');
      expect(decides({ access }, 'external_directory', '/w/*')).toBe('allow');
    }
    expect(decides({ access: 'full' }, 'external_directory', '/etc/*')).toBe('allow');
  });

  it('opens nothing under read that writes, whatever is allowed', () => {
    const allow = [
      'edit',
      'write',
      'bash',
      'bash(*)',
      'bash(git log *)',
      'apply_patch',
      'task',
      '*',
      'webfetch',
    ];
    const more: Partial<PromptJob> = { access: 'read', tools: { allow } };
    for (const tool of ['edit', 'task', 'deploy', 'github_push']) expect(decides(more, tool)).toBe('deny');
    expect(decides(more, 'bash', 'git log --oneline')).toBe('allow');
    expect(decides(more, 'bash', 'git log > a.txt')).toBe('deny');
    expect(decides(more, 'bash', 'rm a.txt')).toBe('deny');
    expect(decides(more, 'webfetch')).toBe('allow');
    expect(decides({ ...more, network: 'off' }, 'webfetch')).toBe('deny');
    expect(decides({ access: 'read' }, 'webfetch')).toBe('deny');
    expect(decides({ access: 'read', network: 'on' }, 'webfetch')).toBe('allow');
  });

  it('denies what the step denies', () => {
    const more: Partial<PromptJob> = {
      access: 'write',
      tools: { allow: ['bash'], deny: ['bash(git push *)', 'webfetch'] },
    };
    expect(decides(more, 'bash', 'git push origin')).toBe('deny');
    expect(decides(more, 'bash', 'git status')).toBe('allow');
    expect(decides(more, 'webfetch')).toBe('deny');
  });
});

const ends: Record<string, FailureReason | 'ok'> = {
  400: 'config',
  401: 'auth',
  403: 'auth',
  404: 'model',
  429: 'rate-limit',
  500: 'overloaded',
  503: 'overloaded',
  529: 'overloaded',
  text: 'ok',
  resumed: 'ok',
  thinking: 'ok',
  edit: 'ok',
  shell: 'ok',
  'shell-failed': 'ok',
  'read-only': 'ok',
  retried: 'ok',
  // It would have asked, and stopped; only its standard error says so, which is not kept here.
  'write-outside': 'exit-code',
  'context-overflow': 'context-overflow',
  'credit-too-low': 'quota',
  drop: 'network',
  'overload-in-stream': 'overloaded',
  refusal: 'refused',
  'output-cut': 'output-cut',
  'usage-limit': 'quota',
};

const text = (name: string) => textOfRun('opencode', name);
const reasonOf = (verdict: Verdict) => (verdict.ok ? 'ok' : verdict.failure.reason);

describe('its output', () => {
  it('has an expectation for each kept run', () => {
    expect(Object.keys(ends).sort()).toEqual(Object.keys(runsOf('opencode')).sort());
  });

  it.each(Object.entries(ends))('of %s is read as %s', (name, expected) => {
    const { verdict } = playRun('opencode', name);
    expect(reasonOf(verdict), JSON.stringify(verdict)).toBe(expected);
    if (!verdict.ok && expected !== 'exit-code') {
      expect(verdict.failure).toMatchObject({ message: /./, help: /./ });
    }
  });

  it.each(Object.keys(ends))('is no success of %s when it broke off, or its process failed', (name) => {
    const lines = text(name).trimEnd().split('\n');
    for (const code of [0, 1]) {
      expect(play('opencode', lines.slice(0, -1).join('\n'), exits(code)).verdict.ok).toBe(false);
    }
    for (const end of [exits(1), exits(null, { signal: 'SIGKILL' })]) {
      expect(play('opencode', text(name), end).verdict.ok).toBe(false);
    }
  });

  it('names its session on its first line', () => {
    const { reader } = play('opencode', text('text').split('\n')[0] ?? '', exits(0));
    expect(reader.session()).toBe('ses_00000000-0000-4000-8000-000000000001');
  });

  it('adds up its steps, what came from the cache as input and what it thought as output', () => {
    expect(playRun('opencode', 'edit').verdict.usage).toEqual({
      'input-tokens': 2400,
      'output-tokens': 200,
      'cached-tokens': 400,
      usd: 0.00912,
    });
    const thought = text('text').replace('"reasoning":0', '"reasoning":7');
    expect(play('opencode', thought, exits(0)).verdict.usage?.['output-tokens']).toBe(107);
  });

  it('does not take a price that it lacks for nothing', () => {
    const free = text('text').replace(/"cost":[\d.]+/, '"cost":0');
    expect(play('opencode', free, exits(0)).verdict.usage?.usd).toBeNull();
  });

  it('says what was done, and closes each call', () => {
    const said = playRun('opencode', 'edit').lines.flatMap((line) => line.said);
    const opened = said.flatMap(({ opens }) => (opens === undefined ? [] : [opens]));
    expect(opened).toHaveLength(1);
    expect(said.flatMap(({ closes }) => (closes === undefined ? [] : [closes]))).toEqual(opened);
    expect(said).toContainEqual({ what: 'file-change', text: '/workspace/a.txt' });
    expect(said).toContainEqual({ what: 'text', text: 'Done.' });
    const thoughts = playRun('opencode', 'thinking').lines.flatMap((line) => line.said);
    expect(thoughts).toContainEqual({ what: 'thinking', text: 'Let me think about it.' });
  });

  it('is no answer where nothing was said at last', () => {
    const silent = text('edit')
      .split('\n')
      .filter((line) => !line.includes('"type":"text"'));
    expect(play('opencode', silent.join('\n'), exits(0)).verdict).toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it('is quoted, without its log and colours, where it did not start', () => {
    const stderr = `${LOG.loop}\n\u001b[91m\u001b[1mError: \u001b[0mSession not found\n`;
    expect(play('opencode', '', exits(1, { stderr })).verdict).toMatchObject({
      failure: { reason: 'config', message: 'did not start (exit code 1): Session not found' },
    });
    expect(play('opencode', '', exits(127)).verdict).toMatchObject({ failure: { reason: 'spawn' } });
  });

  it('tells when the provider serves again', () => {
    const later = text('429').replace('"connection"', '"retry-after":"60","connection"');
    expect(play('opencode', later, exits(1)).verdict).toMatchObject({
      failure: { reason: 'rate-limit', 'retry-at': '2026-01-01T00:01:00.000Z' },
    });
    const plan = { failure: { reason: 'quota', 'retry-at': new Date(1795198106_000).toISOString() } };
    expect(play('opencode', text('usage-limit'), exits(1)).verdict).toMatchObject(plan);
    const headers = text('usage-limit').replace(',\\"resets_at\\":1795198106', '');
    expect(headers).not.toContain('resets_at');
    expect(play('opencode', headers, exits(1)).verdict).toMatchObject(plan);
  });
});

const logged = (words: string) => `timestamp=2026-01-01T00:00:00.000Z level=INFO run=ab message=${words}`;
const LOG = {
  loop: logged('loop session.id=ses_1 step=0'),
  process: logged('process session.id=ses_1 messageID=msg_1'),
  stream: logged(
    'stream providerID=p modelID=m/x session.id=ses_1 small=false agent=codemachine mode=primary',
  ),
  bash: logged(
    'evaluated permission=bash pattern="npm test" action.permission=* action.action=allow action.pattern=*',
  ),
  denied: logged(
    'evaluated permission=bash pattern="rm x" action.permission=* action.action=deny action.pattern=*',
  ),
  error: logged(
    '"stream error" providerID=p session.id=ses_1 error.error="AI_APICallError: The server had an error"',
  ),
  nested: logged(
    '"stream error" providerID=p error.error.message="Our servers are overloaded." error.error.code=x',
  ),
  over: logged('"exiting loop" session.id=ses_1'),
};

/** Reads lines of the log, and gives what each said. */
function logs({ reader }: Pick<Played, 'reader'>, ...lines: readonly string[]) {
  return lines.map((line) => reader.errorLine?.(line));
}

describe('its log', () => {
  const begun = () => play('opencode', '', exits(0));

  it('is a sign of life where it works, and none where it asks its model', () => {
    const lines = logs(begun(), LOG.loop, LOG.process, LOG.stream, LOG.denied, logged('init'), 'hello');
    expect(lines.map((line) => line?.alive)).toEqual([true, true, false, true, false, false]);
  });

  it('opens a tool until its step has ended', () => {
    const played = begun();
    const [, opens, again] = logs(played, LOG.loop, LOG.bash, LOG.bash);
    expect(opens?.said).toMatchObject([{ what: 'tool-call', tool: 'bash', text: 'npm test', opens: /./ }]);
    expect(again?.said[0]).not.toHaveProperty('opens');
    const said = text('shell')
      .split('\n')
      .slice(0, 3)
      .flatMap((line) => played.reader.line(line).said);
    expect(said.filter(({ what }) => what === 'tool-call')).toEqual([]);
    expect(said).toContainEqual(expect.objectContaining({ closes: opens?.said[0]?.opens }));
  });

  it('names the model that was not asked for by name', () => {
    const played = begun();
    logs(played, LOG.stream);
    expect(played.reader.end(exits(0)).model).toBe('p/m/x');
  });

  it.each([
    [LOG.error, 'overloaded', 'The server had an error'],
    [LOG.nested, 'overloaded', 'Our servers are overloaded.'],
    [
      LOG.error.replace('The server had an error', 'Cannot connect to API: x'),
      'network',
      'Cannot connect to API: x',
    ],
    [LOG.error.replace('The server had an error', 'You exceeded your current quota.'), 'quota', /quota/],
    [LOG.error.replace('The server had an error', 'Rate limit reached'), 'rate-limit', /Rate/],
  ])('tells why it is silent', (line, reason, message) => {
    const played = begun();
    const [heard] = logs(played, line);
    expect(heard).toMatchObject({ alive: false, over: false, said: [{ what: 'retry' }] });
    expect(played.reader.trouble()).toMatchObject({ reason, message, help: /./ });
    // A try that fails begins a step like one that does not.
    const [start = '', ...rest] = text('text').split('\n');
    expect(played.reader.line(start).alive).toBe(false);
    expect(played.reader.trouble()).toBeDefined();
    for (const one of rest) played.reader.line(one);
    expect(played.reader.trouble()).toBeUndefined();
  });

  it('is not waited for where its session takes it to another directory', () => {
    const played = begun();
    const at = (directory: string) => logged(`"creating instance" directory=${directory}`);
    const lines = logs(played, at('/w'), at('/w'), at('"/el se"'));
    expect(lines.map((line) => line?.hopeless)).toEqual([undefined, undefined, true]);
    expect(played.reader.trouble()).toMatchObject({
      reason: 'config',
      message: expect.stringContaining('/el se'),
      help: /same directory/,
    });
  });

  it('is not waited for where its quota is used up', () => {
    const used = LOG.error.replace('The server had an error', 'You exceeded your current quota.');
    expect(logs(begun(), LOG.error, used).map((line) => line?.hopeless)).toEqual([undefined, true]);
  });

  it('says that the turn is over, although what was printed before may be read later', () => {
    const played = begun();
    const [over] = logs(played, LOG.over);
    expect(over).toMatchObject({ alive: true, over: true });
    expect(played.reader.line(text('text').split('\n')[1] ?? '').over).toBe(true);
    const [again] = logs(played, LOG.loop);
    expect(again?.over).toBe(false);
  });

  it('has the words for an error that only refers to it', () => {
    const data = { message: 'Unexpected server error. Check server logs for details.', ref: 'err_1' };
    const error = JSON.stringify({
      type: 'error',
      sessionID: 'ses_1',
      error: { name: 'UnknownError', data },
    });
    const played = play('opencode', error, exits(1));
    const cause = 'ProviderModelNotFoundError: Model not found: p/x. Did you mean: y?';
    logs(played, logged(`failed ref=err_1 error="${cause}" cause="${cause}\\n  at x"`));
    expect(played.reader.end(exits(1))).toMatchObject({
      failure: { reason: 'model', message: 'Model not found: p/x. Did you mean: y?', help: /./ },
    });
  });

  it('names what nobody approved', () => {
    const played = play('opencode', text('write-outside'), exits(0));
    logs(played, '! permission requested: external_directory (/outside/*); auto-rejecting');
    expect(played.reader.end(exits(0))).toMatchObject({
      failure: { reason: 'denied', message: expect.stringContaining('external_directory (/outside/*)') },
    });
  });
});

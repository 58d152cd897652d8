// What Aider is told, and what its text means.
import { describe, expect, it } from 'vitest';

import { aider } from '../../../src/engines/dialects/aider.ts';
import type { EngineEnd } from '../../../src/engines/dialects/dialect.ts';
import type { FailureReason } from '../../../src/model/failure.ts';
import type { PromptJob } from '../../../src/model/ports.ts';
import { exits, job, play, playRun, runsOf, textOfRun } from './streams.ts';

const place = { cwd: '/w/inner', root: '/w', scratch: '/s', superuser: false };
const command = (more: Partial<PromptJob> = {}, outside = {}) =>
  aider.command(job({ engine: 'aider', ...more }), { ...place, ...outside });
const line = (more: Partial<PromptJob> = {}) => command(more).args.join(' ');

describe('the command', () => {
  it('has the prompt in a file', () => {
    const { args, env, stdin, files } = command({ prompt: 'my prompt', system: 'my system' });
    expect(files).toMatchObject({ 'message.md': 'my prompt', 'system.md': 'my system' });
    expect(args.slice(-2)).toEqual(['--message-file', '/s/message.md']);
    expect(args.join(' ')).toContain('--read /s/system.md');
    expect(JSON.stringify([args, env, stdin])).not.toContain('my ');
  });

  it.each(['/run rm -rf .', '!rm -rf .', ''])('makes %j a message and no command', (prompt) => {
    expect(command({ prompt }).files['message.md']).toBe(`\n${prompt}`);
  });

  it('leaves other prompts as they are', () => {
    for (const prompt of [' /run', 'a/b', '\n!x', ' '])
      expect(command({ prompt }).files['message.md']).toBe(prompt);
  });

  it('writes a schema into the prompt', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } } as const;
    expect(command({ prompt: 'list', schema }).files['message.md']).toMatch(/^list\n[\s\S]*"type": "object"/);
    expect(command({ prompt: '/list', schema }).files['message.md']).toMatch(/^\n\/list\n/);
  });

  it('changes nothing with access to read', () => {
    expect(line({ access: 'read' })).toContain('--chat-mode ask --dry-run');
    for (const access of ['write', 'full'] as const) expect(line({ access })).toMatch(/--no-dry-run(?! ask)/);
  });

  it('commits nothing, asks nobody, sends nothing home, runs nothing that a repository or a model says', () => {
    for (const flag of [
      ...['--no-auto-commits', '--no-dirty-commits', '--no-gitignore', '--yes-always', '--no-check-update'],
      ...['--no-analytics', '--no-detect-urls', '--no-suggest-shell-commands', '--no-auto-lint'],
      ...['--no-auto-test', '--load /s/commands', '--config /s/aider.conf.yml', '--env-file /s/.env'],
    ]) {
      expect(line()).toContain(flag);
    }
    expect(command().files).toMatchObject({ commands: '', '.env': '' });
    expect(command().env).toMatchObject({ BROWSER: 'true', GIT_CONFIG_KEY_0: 'user.name' });
  });

  it('makes no repository where there is none', () => {
    expect(command({}, { outsideGit: true }).args).toContain('--no-git');
    expect(command().args).toContain('--git');
  });

  it('hands on model and effort', () => {
    expect(line({ model: 'sonnet', effort: 'high' })).toContain('--model sonnet --reasoning-effort high');
  });

  it('sees keys of the providers that it documents, and no cloud', () => {
    expect(aider.variables({})).toContain('DEEPSEEK_API_KEY');
    expect(aider.variables({}).join()).not.toMatch(/AWS|GOOGLE|CODEX|CLAUDE/);
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
  text: 'ok',
  edit: 'ok',
  'new-file': 'ok',
  ask: 'ok',
  schema: 'ok',
  'schema-fenced': 'ok',
  'schema-ignored': 'ok',
  unpriced: 'ok',
  cached: 'ok',
  reflected: 'ok',
  retried: 'ok',
  'file-asked': 'ok',
  reflections: 'turns',
  'reflected-then-down': 'overloaded',
  'ignored-by-git': 'denied',
  'unknown-provider': 'model',
  quota: 'quota',
  'credit-too-low': 'quota',
  timeout: 'network',
  drop: 'network',
  refusal: 'refused',
  empty: 'refused',
  'context-overflow': 'context-overflow',
  'output-cut': 'output-cut',
  'not-signed-in': 'auth',
  'no-openrouter-key': 'auth',
  'broken-repository': 'config',
};

describe('the end', () => {
  it('has an expectation for each kept run', () => {
    expect(Object.keys(ends).sort()).toEqual(Object.keys(runsOf('aider')).sort());
  });

  it.each(Object.entries(ends))('of %s is %s', (name, expected) => {
    const { verdict } = playRun('aider', name);
    expect(verdict.ok ? 'ok' : verdict.failure.reason, JSON.stringify(verdict)).toBe(expected);
    if (!verdict.ok) expect(verdict.failure).toMatchObject({ message: /./, help: /./ });
  });

  it.each(Object.keys(ends))('of %s is no success when its process failed', (name) => {
    for (const end of [exits(1), exits(null, { signal: 'SIGKILL' })])
      expect(play('aider', textOfRun('aider', name), end).verdict.ok).toBe(false);
  });

  it.each(Object.keys(ends))('of %s is no success when it broke off before its last counts', (name) => {
    const text = textOfRun('aider', name);
    const until = text.lastIndexOf('\nTokens: ');
    if (until === -1) return;
    for (const cut of [0, 12, 30]) {
      expect(play('aider', text.slice(0, until + cut), exits(0)).verdict.ok, String(cut)).toBe(false);
    }
  });

  it('is no success where nothing was said at all', () => {
    expect(play('aider', '', exits(0)).verdict).toMatchObject({
      ok: false,
      failure: { reason: 'exit-code' },
    });
  });

  it('quotes the provider', () => {
    expect(playRun('aider', '401').verdict).toMatchObject({
      failure: { message: expect.stringMatching(/invalid x-api-key.*Check your API key/) },
    });
  });

  it('quotes what the arguments were refused for', () => {
    const stderr = 'usage: aider [-h]\naider: error: unrecognized arguments: --nope\n';
    expect(play('aider', '', exits(2, { stderr })).verdict).toMatchObject({
      failure: { reason: 'config', 'exit-code': 2, message: expect.stringContaining('--nope') },
    });
  });

  it('tells a launcher without its program', () => {
    expect(play('aider', '', exits(127, { stderr: 'env: python3: No such file' })).verdict).toMatchObject({
      failure: { reason: 'spawn' },
    });
  });

  it('is waited for no longer where somebody would have to sign in', () => {
    const { lines } = playRun('aider', 'not-signed-in');
    expect(lines.filter(({ over }) => over)).toHaveLength(1);
  });

  it('names a line too long to be read instead of guessing', () => {
    const text = textOfRun('aider', 'text').replace(/^Tokens.*\n/m, '');
    expect(play('aider', text, exits(0, { leftOut: 20 * 1024 * 1024 })).verdict).toMatchObject({
      failure: { reason: 'internal', message: expect.stringContaining('20 MiB') },
    });
  });
});

it('names its version', () => {
  expect(playRun('aider', 'text').reader.version?.()).toBe('0.86.1');
  expect(play('aider', 'Aider vNext\n', exits(0)).reader.version?.()).toBeUndefined();
});

describe('the reply', () => {
  const textOf = (name: string, prompt = 'hello') => playRun('aider', name, job({ prompt })).verdict.text;

  it('is what stands between the settings and the counts', () => {
    expect(textOf('text')).toBe('Hello there.');
    expect(textOf('schema')).toBe('{"a": "x"}');
  });

  it('leaves out the files that the prompt names, not its own first line', () => {
    expect(textOf('edit', 'Write a.txt')).toMatch(/^I will write the file\./);
    expect(textOf('text', 'Say: Hello there.')).toBe('Hello there.');
  });

  it('leaves out the errors that a later try healed', () => {
    expect(textOf('retried')).toBe('Hello there.');
    const { lines, reader } = playRun('aider', 'retried');
    expect(lines.find(({ said }) => said.some(({ what }) => what === 'retry'))?.alive).toBe(false);
    expect(reader.trouble()).toBeUndefined();
  });

  it('may speak of errors and of counts', () => {
    const spoken = [
      'litellm.AuthenticationError: no',
      'The API provider has rate limited you.',
      'Tokens: 1 sent, 2 received.',
      'Retrying in 0.2 seconds...',
      'Only 3 reflections allowed, stopping.',
      'Skipping edits to a.txt',
    ].join('\n');
    const text = textOfRun('aider', 'text').replace('Hello there.', `${spoken}\nHello there.`);
    expect(play('aider', text, exits(0)).verdict.ok).toBe(true);
    const cut = text.slice(0, text.lastIndexOf('\nTokens'));
    expect(play('aider', cut, exits(0)).verdict.ok).toBe(false);
  });

  it('tells why it is silent while it tries again', () => {
    const text = textOfRun('aider', '429');
    const { reader } = play(
      'aider',
      text.slice(0, text.indexOf('Retrying')) + 'Retrying in 0.2 seconds...',
      exits(0),
    );
    expect(reader.trouble()).toMatchObject({
      reason: 'rate-limit',
      message: expect.stringContaining('slow down'),
    });
  });

  it('says which files were changed', () => {
    const said = playRun('aider', 'edit').lines.flatMap((one) => one.said);
    expect(said).toContainEqual({ what: 'file-change', text: 'a.txt' });
  });
});

describe('the counts', () => {
  const usageOf = (name: string, end: Partial<EngineEnd> = {}) =>
    play('aider', textOfRun('aider', name), exits(0, end)).verdict.usage;

  it('are taken as they are printed', () => {
    expect(usageOf('text')).toEqual({
      'input-tokens': 1200,
      'output-tokens': 100,
      'cached-tokens': 0,
      usd: 0.0051,
    });
  });

  it('may have their cost on a second line', () => {
    expect(usageOf('cached')).toEqual({
      'input-tokens': 12_000,
      'output-tokens': 1500,
      'cached-tokens': 300,
      usd: 0.03,
    });
  });

  it('have no cost where the price is not known, never 0', () => {
    expect(usageOf('unpriced')).toMatchObject({ 'input-tokens': 950, usd: null });
  });

  it('are added up over its own further requests', () => {
    expect(usageOf('reflected')).toMatchObject({ 'input-tokens': 3600, 'output-tokens': 300 });
    expect(usageOf('reflected')?.usd).toBeCloseTo(0.0151);
  });

  it('are there for what failed', () => {
    expect(usageOf('empty')).toMatchObject({ 'input-tokens': 1200 });
    expect(usageOf('401')).toBeUndefined();
  });
});

describe('the notes', () => {
  const event = (name: string, properties: object) =>
    JSON.stringify({ event: name, properties, user_id: 'x', time: 1 });
  const reply = (...lines: string[]) =>
    ['LLM RESPONSE 2026-01-01T00:00:00', ...lines.map((one) => `ASSISTANT ${one}`)].join('\n');
  const request =
    'TO LLM 2026-01-01T00:00:00\n-------\nUSER {"event": "message_send"}\nUSER LLM RESPONSE 2026-01-01T00:00:00';
  const end = (...notes: string[]) =>
    play('aider', textOfRun('aider', 'text'), exits(0, { notes: `${notes.join('\n')}\n` })).verdict;

  it('have the reply as it was, and what it used to the token', () => {
    const sent = { prompt_tokens: 1234, completion_tokens: 99, cost: 0.00512 };
    const { text, usage } = end(
      event('launched', {}),
      request,
      reply('  one', '', 'two'),
      event('message_send', sent),
    );
    expect(text).toBe('one\n\ntwo');
    expect(usage).toEqual({ 'input-tokens': 1234, 'output-tokens': 99, 'cached-tokens': 0, usd: 0.00512 });
  });

  it('count for nothing where they end with a request', () => {
    expect(end(request, reply('old'), request).text).toBe('Hello there.');
  });

  it('make no price of nothing', () => {
    const notes = event('message_send', { prompt_tokens: 951, completion_tokens: 45, cost: 0 });
    const { usage } = play('aider', textOfRun('aider', 'unpriced'), exits(0, { notes })).verdict;
    expect(usage).toMatchObject({ 'input-tokens': 951, usd: null });
  });

  it('turn no failure into a success', () => {
    const notes = reply('All done.');
    const { verdict } = play('aider', textOfRun('aider', '401'), exits(0, { notes }));
    expect(verdict.ok).toBe(false);
    expect(verdict.text).toBeUndefined();
  });
});

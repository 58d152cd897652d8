// What Gemini CLI is told, and what its streams mean.
import { describe, expect, it } from 'vitest';

import { gemini } from '../../../src/engines/dialects/gemini.ts';
import type { FailureReason } from '../../../src/model/failure.ts';
import type { PromptJob } from '../../../src/model/ports.ts';
import { exits, job, play, playRun, runsOf, textOfRun } from './streams.ts';

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
  retried: 'ok',
  schema: 'ok',
  'schema-broken': 'ok',
  'write-outside': 'ok',
  denied: 'ok',
  'context-overflow': 'context-overflow',
  'credit-too-low': 'quota',
  'usage-limit': 'quota',
  drop: 'network',
  // It says no more than that the answer had no end.
  'overload-in-stream': 'network',
  refusal: 'refused',
  // Nothing tells it from a whole answer.
  'output-cut': 'ok',
  'max-turns': 'turns',
  'resume-unknown': 'config',
};

const read = (text: string, end = exits(0)) => play('gemini', text, end);
const failureIn = (text: string, end = exits(0)) => {
  const { verdict } = read(text, end);
  return verdict.ok ? undefined : verdict.failure;
};

describe('a kept run', () => {
  it('has its expectation', () => {
    expect(Object.keys(ends).sort()).toEqual(Object.keys(runsOf('gemini')).sort());
  });

  it.each(Object.entries(ends))('%s is read as %s', (name, expected) => {
    const { verdict } = playRun('gemini', name);
    expect(verdict.ok ? 'ok' : verdict.failure.reason).toBe(expected);
    if (!verdict.ok) expect(verdict.failure).toMatchObject({ message: /./, help: /./ });
  });

  it.each(Object.keys(ends))('%s is no success when it broke off, or its process failed', (name) => {
    const text = textOfRun('gemini', name);
    const cut = text.trimEnd().split('\n').slice(0, -1).join('\n');
    // SIGTERM ends it with 0, and without its last line.
    for (const code of [0, 1]) expect(read(cut, exits(code)).verdict.ok).toBe(false);
    for (const end of [exits(1), exits(null, { signal: 'SIGKILL' })])
      expect(read(text, end).verdict.ok).toBe(false);
  });
});

describe('a turn', () => {
  it('says what was done, closing each tool call that it opened', () => {
    const { lines, verdict, reader } = playRun('gemini', 'edit');
    const said = lines.flatMap((line) => line.said);
    const opened = said.flatMap(({ opens }) => (opens === undefined ? [] : [opens]));
    expect(opened).toHaveLength(1);
    expect(said.flatMap(({ closes }) => (closes === undefined ? [] : [closes]))).toEqual(opened);
    expect(said).toContainEqual({ what: 'file-change', text: '/workspace/a.txt' });
    expect(said).toContainEqual({ what: 'text', text: 'Done.' });
    expect(lines.filter(({ over }) => over)).toHaveLength(1);
    expect(reader.session()).toBe('00000000-0000-4000-8000-000000000001');
    const usage = { 'input-tokens': 2400, 'output-tokens': 200, 'cached-tokens': 400, usd: null };
    expect(verdict).toMatchObject({ text: 'Done.', model: 'gemini-2.5-flash', usage });
  });

  it('changed no file where its tool failed', () => {
    const said = playRun('gemini', 'write-outside').lines.flatMap((line) => line.said);
    expect(said.map(({ what }) => what)).toEqual(['tool-call', 'tool-result', 'text']);
  });

  it('gives what was said last, put together', () => {
    const message = (content: string) =>
      JSON.stringify({ type: 'message', role: 'assistant', content, delta: true });
    const lines = textOfRun('gemini', 'edit').trimEnd().split('\n');
    const tool = lines.findIndex((line) => line.includes('"tool_use"'));
    const talked = [...lines.slice(0, tool), message('Let me '), message('write.'), ...lines.slice(tool, -1)];
    const { verdict, lines: heard } = read([...talked, message(' Really.'), lines.at(-1)].join('\n'));
    expect(verdict.text).toBe('Done. Really.');
    expect(heard.flatMap(({ said }) => said)).toContainEqual({ what: 'text', text: 'Let me write.' });
  });

  it('that ends in work, without a word, is a refusal', () => {
    const lines = textOfRun('gemini', 'shell').split('\n');
    const speechless = lines.filter((line) => !line.includes('"assistant"')).join('\n');
    expect(failureIn(speechless)).toMatchObject({ reason: 'refused' });
  });

  it('counts thoughts as output, and does not say 0 of what failed', () => {
    const stats = { total_tokens: 30, input_tokens: 10, output_tokens: 5, cached: 4 };
    const result = JSON.stringify({ type: 'result', status: 'success', stats });
    expect(read(result).verdict.usage).toEqual({
      'input-tokens': 10,
      'output-tokens': 20,
      'cached-tokens': 4,
      usd: null,
    });
    expect(playRun('gemini', '401').verdict.usage).toBeUndefined();
  });

  it('names the model that did most, where it chose itself', () => {
    const models = { small: { total_tokens: 5 }, big: { total_tokens: 50 } };
    const result = JSON.stringify({ type: 'result', status: 'success', stats: { models } });
    expect(read(`{"type":"init","session_id":"s","model":"auto"}\n${result}`).verdict.model).toBe('big');
    expect(read('{"type":"init","session_id":"s","model":"auto"}').verdict.model).toBeUndefined();
  });

  it('is no success where it was stopped by itself, although it says so', () => {
    const lines = textOfRun('gemini', 'text').trimEnd().split('\n');
    const warning = '{"type":"error","severity":"warning","message":"Loop detected, stopping execution"}';
    expect(failureIn([...lines.slice(0, -1), warning, lines.at(-1)].join('\n'))).toMatchObject({
      reason: 'turns',
    });
  });

  it('that goes on after its end has not ended', () => {
    const text = textOfRun('gemini', 'text');
    const more = `${text}{"type":"message","role":"assistant","content":"And"}\n`;
    expect(failureIn(more)).toMatchObject({ message: expect.stringContaining('without saying how') });
    expect(read(more + text).verdict.ok).toBe(true);
  });
});

describe('a failure', () => {
  it('has the words of the provider, without the JSON around them', () => {
    expect(playRun('gemini', '400').verdict).toMatchObject({
      failure: { message: 'The scripted model refuses this shape', 'exit-code': 144 },
    });
  });

  it.each<[string, FailureReason]>([
    ['[API Error: API key not valid. Please pass a valid API key.]', 'auth'],
    ['[API Error: exception TypeError: fetch failed sending request]', 'network'],
    [
      '[API Error: You have exhausted your capacity on this model. Your quota will reset after 2h3m.]',
      'quota',
    ],
    ['The model response was blocked due to recitation/copyright filters.', 'refused'],
    ['Model response was truncated because it exceeded the token limit.', 'output-cut'],
    ['something nobody has seen before', 'exit-code'],
  ])('"%s" is %s', (message, reason) => {
    const failed = JSON.stringify({ type: 'result', status: 'error', error: { message } });
    expect(failureIn(failed, exits(1))).toMatchObject({ reason });
  });

  it('says when it serves again', () => {
    const message = '[API Error: You have exhausted your capacity. Your quota will reset after 2h3m4s.]';
    const failed = JSON.stringify({ type: 'result', status: 'error', error: { message } });
    expect(failureIn(failed, exits(1))).toMatchObject({ 'retry-at': '2026-01-01T02:03:04.000Z' });
  });

  it.each<[number, string, FailureReason]>([
    [41, 'Invalid auth method selected.', 'auth'],
    [42, 'No input provided via stdin.', 'config'],
    [52, 'Invalid configuration', 'config'],
    [55, 'Gemini CLI is not running in a trusted directory.', 'config'],
    [1, 'Unknown argument: nope', 'config'],
    [127, "env: 'node': No such file or directory", 'spawn'],
  ])('before it started, with code %i, is quoted', (code, stderr, reason) => {
    const noise = 'Warning: Basic terminal detected\nRipgrep is not available. Falling back to GrepTool.\n';
    const failure = failureIn(
      '',
      exits(code, { stderr: `${noise}${stderr}\n    at somewhere (file:1:2)\n` }),
    );
    expect(failure).toMatchObject({
      reason,
      'exit-code': code,
      message: `did not start (exit code ${code}): ${stderr}`,
    });
  });

  it('says which signal ended it', () => {
    expect(failureIn('', exits(null, { signal: 'SIGKILL' }))).toMatchObject({
      reason: 'signal',
      signal: 'SIGKILL',
    });
  });
});

describe('what it tries again', () => {
  const attempt = (number: number, words: string) => `Attempt ${number} failed${words}`;

  it('is known while it is silent, and forgotten when it gets on', () => {
    const reader = gemini.reader(job());
    const line = reader.errorLine?.(attempt(1, ' with status 503. Retrying with backoff... _ApiError: {'));
    expect(line).toMatchObject({ alive: false, said: [{ what: 'retry' }] });
    expect(line).not.toHaveProperty('hopeless');
    expect(reader.trouble()).toMatchObject({ reason: 'overloaded' });
    reader.line('{"type":"message","role":"assistant","content":"on"}');
    expect(reader.trouble()).toBeUndefined();
  });

  it.each<[string, FailureReason]>([
    [' with status 429. Retrying with backoff... _ApiError: {}', 'rate-limit'],
    [': Resource has been exhausted (e.g. check quota).', 'rate-limit'],
    [' with status 500. Retrying with backoff... _ApiError: {}', 'overloaded'],
    ['. Retrying with backoff... TypeError: fetch failed', 'network'],
  ])('is given up after it failed twice: %s', (words, reason) => {
    const reader = gemini.reader(job());
    expect(reader.errorLine?.(attempt(2, words))).toMatchObject({ hopeless: true });
    reader.line('{"type":"result","status":"error","error":{"message":"Operation cancelled."}}');
    expect(reader.trouble()).toMatchObject({ reason });
  });

  it('is none of the other things it complains of', () => {
    const reader = gemini.reader(job());
    for (const line of ['Ripgrep is not available.', 'Error executing tool x: denied', ''])
      expect(reader.errorLine?.(line)).toMatchObject({ said: [], over: false });
    expect(reader.trouble()).toBeUndefined();
  });

  it('is not even begun where our rules are left out', () => {
    const reader = gemini.reader(job());
    const line =
      'Security Warning: Ignoring --admin-policy because system policies are already defined in /etc/x';
    expect(reader.errorLine?.(line)).toMatchObject({ hopeless: true });
    expect(reader.trouble()).toMatchObject({ reason: 'config', help: expect.stringContaining('policies') });
  });
});

describe('a command', () => {
  const place = { cwd: '/w/inner', root: '/w', scratch: '/s', superuser: false };
  const commandOf = (more: Partial<PromptJob> = {}) => gemini.command(job(more), place);
  const policyOf = (more: Partial<PromptJob>) => commandOf(more).files['policy.toml'] ?? '';

  it('gives the prompt no place where other processes can read it', () => {
    const { args, env, stdin } = commandOf({ prompt: 'my prompt' });
    expect(stdin).toBe('my prompt');
    expect(JSON.stringify([args, env])).not.toContain('my prompt');
  });

  it('asks nobody, and bypasses nothing below full access', () => {
    const modes = (['read', 'write', 'full'] as const).map((access) => {
      const { args } = commandOf({ access });
      return args[args.indexOf('--approval-mode') + 1];
    });
    expect(modes).toEqual(['default', 'auto_edit', 'yolo']);
  });

  it('goes on in a session, with a model, from below the root', () => {
    const { args } = commandOf({ session: { id: 'abc', fork: false }, model: 'm' });
    const line = args.join(' ');
    for (const part of ['--resume abc', '-m m', '--include-directories /w']) expect(line).toContain(part);
    expect(gemini.command(job(), { ...place, cwd: '/w' }).args).not.toContain('--include-directories');
  });

  it.each([
    ['look at @src/main.ts', 'look at \\@src/main.ts'],
    ['mail a@b.com, @ c, \\@d @,', 'mail a\\@b.com, @ c, \\@d @,'],
    ['@.env', '\\@.env'],
  ])('has it read no file that a word names: %s', (prompt, escaped) => {
    expect(commandOf({ prompt }).stdin).toBe(`${escaped}\n\n(Above, \\@ stands for a plain at sign.)\n`);
  });

  it.each(['/init', '/help me'])('has it take no order: %s', (prompt) => {
    expect(commandOf({ prompt }).stdin).toBe(`\n${prompt}`);
  });

  it('opens no writing tool under read, whatever is allowed', () => {
    const allow = [
      'write_file',
      'replace',
      'run_shell_command',
      'run_shell_command()',
      'run_shell_command(*)',
      '*',
    ];
    const policy = policyOf({
      access: 'read',
      tools: { allow: [...allow, 'web_fetch', 'run_shell_command(git log)'] },
    });
    const allowed = policy.split('[[rule]]').filter((rule) => rule.includes('"allow"'));
    expect(allowed.map((rule) => /toolName = (.*)/.exec(rule)?.[1])).toEqual([
      '["list_directory", "read_file", "read_many_files", "glob", "grep_search"]',
      '["web_fetch"]',
      '["run_shell_command"]',
    ]);
    expect(allowed.at(-1)).toContain('commandPrefix = "git log"');
    expect(policy).toContain('toolName = ["*"]\ndecision = "deny"');
  });

  it.each(['read', 'write', 'full'] as const)(
    'lets no model leave its planning, or write our files: %s',
    (access) => {
      const policy = policyOf({ access });
      expect(policy).toContain('toolName = ["enter_plan_mode", "exit_plan_mode"]\ndecision = "deny"');
      expect(policy).toContain('.codemachine');
    },
  );

  it('denies all of a tool where it cannot tell which part', () => {
    const policy = policyOf({ tools: { deny: ['run_shell_command(rm "x")', 'web_fetch(x)', 'glob'] } });
    expect(policy).toContain(
      'toolName = ["run_shell_command"]\ncommandPrefix = "rm \\"x\\""\ndecision = "deny"',
    );
    for (const tool of ['web_fetch', 'glob'])
      expect(policy).toContain(`toolName = ["${tool}"]\ndecision = "deny"`);
  });

  it("passes a cloud's keys only to the back-end that is switched on", () => {
    expect(gemini.variables({})).not.toContain('GOOGLE_APPLICATION_CREDENTIALS');
    expect(gemini.variables({ GOOGLE_GENAI_USE_VERTEXAI: 'true' })).toContain(
      'GOOGLE_APPLICATION_CREDENTIALS',
    );
  });
});

// What goose is told, and what its stream means.
import { describe, expect, it } from 'vitest';

import { goose, sessionName } from '../../../src/engines/dialects/goose.ts';
import type { FailureReason } from '../../../src/model/failure.ts';
import type { StepKey } from '../../../src/model/ids.ts';
import type { PromptJob } from '../../../src/model/ports.ts';
import { exits, job, play, playRun, runsOf, textOfRun } from './streams.ts';

const place = { cwd: '/w', root: '/w', scratch: '/s', superuser: false };
const command = (more: Partial<PromptJob> = {}) => goose.command(job({ engine: 'goose', ...more }), place);
const line = (more: Partial<PromptJob> = {}) => command(more).args.join(' ');

describe('the command', () => {
  it('has the prompt on standard input', () => {
    const { args, env, stdin } = command({ prompt: 'my prompt' });
    expect(stdin).toBe('my prompt');
    expect(JSON.stringify([args, env])).not.toContain('my prompt');
    expect(args.slice(0, 5)).toEqual(['run', '-i', '-', '--output-format', 'stream-json']);
  });

  it.each(['/clear', ' \n/goal win', 'Please compact this conversation'])('makes %j no command', (prompt) => {
    expect(command({ prompt }).stdin).toBe(`This is the request:\n\n${prompt}`);
  });

  it('leaves other prompts as they are', () => {
    for (const prompt of ['a /clear', '!ls', '', 'Please compact this conversation about cars'])
      expect(command({ prompt }).stdin).toBe(prompt);
  });

  it('has no tools below write, and asks nobody', () => {
    expect(command({ access: 'read' }).env).toMatchObject({ GOOSE_MODE: 'chat' });
    expect(line({ access: 'read' })).not.toContain('developer');
    for (const access of ['write', 'full'] as const) {
      expect(command({ access }).env).toMatchObject({ GOOSE_MODE: 'auto' });
      expect(line({ access })).toContain('--no-profile --with-builtin developer');
    }
  });

  it('has the tools of declared servers with access to read, and no others', () => {
    const mcp = { mine: { url: 'http://x/mcp' } };
    expect(command({ access: 'read', mcp }).env).toMatchObject({ GOOSE_MODE: 'auto' });
    expect(line({ access: 'read', mcp })).toMatch(
      /--no-profile --with-streamable-http-extension http:\/\/x\/mcp$/,
    );
  });

  it('starts a server by a script that is called like it, where nobody sees its variables', () => {
    const mcp = { mine: { command: '/bin/my server', args: ["it's", '"$HOME"'], env: { KEY: "a'b $c" } } };
    const { args, files } = command({ mcp });
    expect(args.slice(-2)).toEqual(['--with-extension', '"/s/mine"']);
    expect(files.mine).toBe(
      `#!/bin/sh\nexport KEY='a'\\''b $c'\nexec '/bin/my server' 'it'\\''s' '"$HOME"'\n`,
    );
  });

  it('hands on model, turns and system prompt', () => {
    expect(line({ model: 'm', maxTurns: 3, system: 'be kind' })).toContain(
      '--model m --max-turns 3 --system be kind',
    );
  });

  it('opens a session of its own, and goes on in one by name', () => {
    const name = sessionName(job());
    expect(line()).toContain(`--name ${name}`);
    expect(line()).not.toContain('--resume');
    expect(line({ session: { id: name, fork: false } })).toContain(`--resume --name ${name}`);
  });

  it('is silent at home', () => {
    expect(command().env).toMatchObject({ GOOSE_TELEMETRY_ENABLED: 'false', GOOSE_TELEMETRY_OFF: '1' });
  });
});

describe('the name of a session', () => {
  const name = (step: string) => sessionName({ ...job(), step: step as StepKey });
  it('differs where steps do, and can be an argument', () => {
    const steps = ['a[1]', 'a-1-', 'a[1].b', `x[${'y'.repeat(300)}]`, `x[${'y'.repeat(301)}]`, 'ä', 'a:5b'];
    expect(new Set(steps.map(name)).size).toBe(steps.length);
    for (const step of steps) expect(name(step)).toMatch(/^\w[\w.:-]{0,199}$/);
  });
});

describe('the environment', () => {
  it('has the keys of the provider alone where one is named', () => {
    expect(goose.variables({ GOOSE_PROVIDER: 'openai' })).toContain('OPENAI_API_KEY');
    expect(goose.variables({ GOOSE_PROVIDER: 'openai' })).not.toContain('ANTHROPIC_API_KEY');
    expect(goose.variables({ GOOSE_PROVIDER: 'constructor' })).toContain('ANTHROPIC_API_KEY');
  });

  it('has the keys of a cloud only where that is the provider', () => {
    expect(goose.variables({}).join()).not.toMatch(/AWS|GCP|AZURE/);
    expect(goose.variables({ GOOSE_PROVIDER: 'aws_bedrock' })).toContain('AWS_*');
  });
});

const ends: Record<string, FailureReason | 'ok'> = {
  400: 'config',
  401: 'auth',
  '401-older': 'auth',
  403: 'auth',
  404: 'model',
  429: 'rate-limit',
  500: 'overloaded',
  503: 'overloaded',
  529: 'overloaded',
  quota: 'quota',
  'credit-too-low': 'quota',
  drop: 'network',
  'context-overflow': 'context-overflow',
  refusal: 'refused',
  empty: 'refused',
  silent: 'refused',
  'max-turns': 'turns',
  'error-event': 'denied',
  text: 'ok',
  thinking: 'ok',
  edit: 'ok',
  'edit-older': 'ok',
  shell: 'ok',
  'shell-failed': 'ok',
  schema: 'ok',
  'schema-ignored': 'ok',
  unpriced: 'ok',
};

describe('the end', () => {
  it('has an expectation for each kept run', () => {
    expect(Object.keys(ends).sort()).toEqual(Object.keys(runsOf('goose')).sort());
  });

  it.each(Object.entries(ends))('of %s is %s', (name, expected) => {
    const { verdict } = playRun('goose', name);
    expect(verdict.ok ? 'ok' : verdict.failure.reason, JSON.stringify(verdict)).toBe(expected);
    if (!verdict.ok) expect(verdict.failure).toMatchObject({ message: /./, help: /./ });
  });

  it.each(Object.keys(ends))('of %s is no success when it broke off, or its process failed', (name) => {
    const text = textOfRun('goose', name);
    const cut = text.trimEnd().split('\n').slice(0, -1).join('\n');
    for (const [what, end] of [
      [cut, exits(0)],
      [cut, exits(1)],
      [text, exits(1)],
      [text, exits(null, { signal: 'SIGKILL' })],
    ] as const) {
      expect(play('goose', what, end).verdict.ok).toBe(false);
    }
  });

  it('quotes the provider', () => {
    expect(playRun('goose', '429').verdict).toMatchObject({
      failure: { message: 'Rate limit exceeded: slow down' },
    });
  });

  it.each([
    ["Error: No session found with name 'gone'", 'config'],
    ["error: unexpected argument '--nope' found", 'config'],
    ["No provider configured. Run 'goose configure' first.", 'auth'],
  ])('quotes what kept it from starting: %s', (stderr, reason) => {
    expect(play('goose', '', exits(1, { stderr })).verdict).toMatchObject({
      failure: { reason, message: expect.stringContaining(stderr) },
    });
  });

  it('tells a launcher without its program', () => {
    expect(play('goose', '', exits(127, { stderr: 'no such file' })).verdict).toMatchObject({
      failure: { reason: 'spawn' },
    });
  });

  it('takes an answer that speaks of errors for an answer', () => {
    const words = 'Ran into this error: x. Please resend your message.';
    const text = textOfRun('goose', 'text').replace('there.', words);
    expect(play('goose', text, exits(0)).verdict.ok).toBe(true);
  });
});

describe('the stream', () => {
  it('names the session by which it can be gone on in', () => {
    expect(playRun('goose', 'text').reader.session()).toBe(sessionName(job()));
    expect(play('goose', '', exits(0)).reader.session()).toBeUndefined();
    const session = { id: 'other', fork: false };
    expect(playRun('goose', 'text', job({ session })).reader.session()).toBe('other');
  });

  it('puts the pieces of its last message together', () => {
    expect(playRun('goose', 'text').verdict.text).toBe('Hello there.');
    expect(playRun('goose', 'edit').verdict.text).toBe('Done.');
  });

  it('says a text once it is whole, and its own complaints not at all', () => {
    const texts = (name: string) =>
      playRun('goose', name).lines.flatMap(({ said }) =>
        said.flatMap(({ what, text }) => (what === 'text' ? [text] : [])),
      );
    expect(texts('text')).toEqual(['Hello there.']);
    expect(texts('edit')).toEqual(['I will write it.', 'Done.']);
    expect(texts('429')).toEqual([]);
  });

  it.each(['edit', 'edit-older'])('says what was done, closing each tool call that it opened: %s', (name) => {
    const said = playRun('goose', name).lines.flatMap((one) => one.said);
    expect(said.flatMap(({ opens }) => opens ?? [])).toEqual(['c1']);
    expect(said.flatMap(({ closes }) => closes ?? [])).toEqual(['c1']);
    expect(said).toContainEqual({ what: 'file-change', text: '/workspace/a.txt' });
  });

  it('thinks aloud', () => {
    const said = playRun('goose', 'thinking').lines.flatMap((one) => one.said);
    expect(said).toContainEqual({ what: 'thinking', text: 'Let me think about it.' });
  });

  it('counts the whole session, and what it does not count is not known', () => {
    expect(playRun('goose', 'edit').verdict).toMatchObject({
      cumulative: true,
      usage: { 'input-tokens': 2400, 'output-tokens': 200, 'cached-tokens': 400, usd: 0.0102 },
    });
    expect(playRun('goose', 'unpriced').verdict.usage?.usd).toBeNull();
    expect(playRun('goose', 'edit-older').verdict.usage).toBeUndefined();
  });

  it('is over when it says so', () => {
    expect(playRun('goose', 'text').lines.map((one) => one.over)).toEqual([false, false, true]);
  });
});

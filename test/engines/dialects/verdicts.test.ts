// What the ends of real runs mean.
import { describe, expect, it } from 'vitest';
import type { Said } from '../../../src/engines/dialects/dialect.ts';
import type { Failure, FailureReason } from '../../../src/model/failure.ts';
import { exits, job, play, playRun, runsOf, textOfRun } from './streams.ts';

type Ends = Record<string, FailureReason | 'ok'>;

const common: Ends = {
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
  'write-outside': 'ok',
  'context-overflow': 'context-overflow',
  'credit-too-low': 'quota',
  drop: 'network',
  'overload-in-stream': 'overloaded',
  refusal: 'refused',
  'output-cut': 'output-cut',
  'usage-limit': 'quota',
};

const ends: Record<string, Ends> = {
  'claude-code': {
    ...common,
    denied: 'ok',
    'schema-retried': 'ok',
    'schema-exhausted': 'output',
    // Whether an answer fits is checked against the schema, for every engine alike.
    'schema-ignored': 'ok',
    'max-turns': 'turns',
    'resume-unknown': 'config',
  },
  codex: {
    ...common,
    'schema-broken': 'ok',
    'shell-failed': 'ok',
    'read-only': 'ok',
    'edit-plain': 'ok',
    'shell-plain': 'ok',
  },
};

describe.each(Object.keys(ends))('%s', (engine) => {
  it('has an expectation for each kept run', () => {
    expect(Object.keys(ends[engine] ?? {}).sort()).toEqual(Object.keys(runsOf(engine)).sort());
  });

  it.each(Object.entries(ends[engine] ?? {}))('reads %s as %s', (name, expected) => {
    const { verdict } = playRun(engine, name);
    expect(verdict.ok ? 'ok' : verdict.failure.reason).toBe(expected);
    if (!verdict.ok) expect(verdict.failure).toMatchObject({ message: /./, help: /./ });
  });

  it.each(Object.keys(runsOf(engine)))(
    'takes no success from %s when it broke off before its last line',
    (name) => {
      const lines = textOfRun(engine, name).trimEnd().split('\n');
      for (const code of [0, 1]) {
        const { verdict } = play(engine, lines.slice(0, -1).join('\n'), exits(code));
        expect(verdict.ok).toBe(false);
      }
    },
  );

  it.each(Object.keys(runsOf(engine)))('takes no success from %s when its process failed', (name) => {
    for (const end of [exits(1), exits(null, { signal: 'SIGKILL' })]) {
      expect(play(engine, textOfRun(engine, name), end).verdict.ok).toBe(false);
    }
  });

  it('names its session on the first line that knows it', () => {
    const { reader } = play(engine, textOfRun(engine, 'text').split('\n')[0] ?? '', exits(0));
    expect(reader.session()).toBe('00000000-0000-4000-8000-000000000001');
  });

  it('says what was done, closing each tool call that it opened', () => {
    const said = playRun(engine, 'edit').lines.flatMap((line) => line.said);
    const opened = said.flatMap(({ opens }) => (opens === undefined ? [] : [opens]));
    const closed = said.flatMap(({ closes }) => (closes === undefined ? [] : [closes]));
    expect(opened).toHaveLength(1);
    expect(closed).toEqual(opened);
    expect(said).toContainEqual({ what: 'file-change', text: '/workspace/a.txt' });
    expect(said).toContainEqual({ what: 'text', text: 'Done.' });
  });

  it('thinks aloud', () => {
    const said = playRun(engine, 'thinking').lines.flatMap((line) => line.said);
    expect(said).toContainEqual({ what: 'thinking', text: 'Let me think about it.' });
  });

  it('takes a retry for no sign of life', () => {
    const { lines } = playRun(engine, 'retried');
    const retry = lines.find((line) => line.said.some(({ what }) => what === 'retry'));
    expect(retry?.alive).toBe(false);
    expect(lines.filter(({ over }) => over)).toHaveLength(1);
  });

  it('knows what it is waiting for while it tries again', () => {
    const lines = textOfRun(engine, 'retried').split('\n');
    const until = lines.findIndex((line) => /api_retry|Reconnecting/.test(line));
    const { reader } = play(engine, lines.slice(0, until + 1).join('\n'), exits(0));
    expect(reader.trouble()?.reason).toBe('overloaded');
    expect(playRun(engine, 'retried').reader.trouble()).toBeUndefined();
  });

  it('says when the plan serves again', () => {
    const { verdict } = playRun(engine, 'usage-limit');
    // Codex prints a local clock time; these were printed in UTC.
    const local = new Date(2027, 0, 15, 8, 1).toISOString();
    const expected = engine === 'codex' ? local : '2027-01-15T08:00:00.000Z';
    expect(verdict).toMatchObject({ failure: { 'retry-at': expected } });
  });

  it('says which signal ended it', () => {
    const { verdict } = play(engine, '', exits(null, { signal: 'SIGKILL' }));
    expect(verdict).toMatchObject({ failure: { reason: 'signal', signal: 'SIGKILL' } });
  });

  it('tells a launcher without its program from a mistake in its flags', () => {
    const { verdict } = play(engine, '', exits(127, { stderr: "env: 'node': No such file or directory" }));
    expect(verdict).toMatchObject({ failure: { reason: 'spawn' } });
  });

  it('quotes what it complained of before it started', () => {
    const { verdict } = play(engine, '', exits(2, { stderr: "error: unexpected argument '--nope' found\n" }));
    expect(verdict).toMatchObject({
      failure: { reason: 'config', 'exit-code': 2, message: expect.stringContaining("'--nope'") },
    });
  });
});

describe('claude-code', () => {
  const text = (name: string) => textOfRun('claude-code', name);

  /** A run with one more event before its last two lines. */
  const withEvent = (name: string, event: object) => {
    const lines = text(name).trimEnd().split('\n');
    return [...lines.slice(0, -2), JSON.stringify(event), ...lines.slice(-2)].join('\n');
  };

  it('takes a limit of requests per minute on a subscription for no used up quota', () => {
    const info = { status: 'rejected', isUsingOverage: false };
    const { verdict } = play(
      'claude-code',
      withEvent('429', { type: 'rate_limit_event', rate_limit_info: info }),
      exits(1),
    );
    expect(verdict).toMatchObject({ failure: { reason: 'rate-limit' } });
  });

  it.each([
    ['429', 'rate-limit'],
    ['529', 'overloaded'],
  ])(
    'hands on how long the server had it wait where its own try after that failed too: %s',
    (name, reason) => {
      const retry = {
        type: 'system',
        subtype: 'api_retry',
        retry_delay_ms: 2088,
        error_status: Number(name),
      };
      const now = Date.UTC(2026, 10, 20, 18);
      const { verdict } = play('claude-code', withEvent(name, retry), exits(1, { now }));
      expect(verdict).toMatchObject({
        failure: { reason, 'retry-at': new Date(now + 2088).toISOString() },
      });
      const odd = play(
        'claude-code',
        withEvent(name, { ...retry, retry_delay_ms: 1e300 }),
        exits(1, { now }),
      );
      expect(odd.verdict).toMatchObject({ failure: { reason } });
      expect(JSON.stringify(odd.verdict)).not.toContain('retry-at');
    },
  );

  it('hands that on of no try that went well, nor of what no waiting mends', () => {
    const retry = { type: 'system', subtype: 'api_retry', retry_delay_ms: 2088, error_status: 529 };
    const { verdict } = play('claude-code', withEvent('401', retry), exits(1));
    expect(JSON.stringify(verdict)).not.toContain('retry-at');
  });

  it('counts what came from the cache as input', () => {
    expect(playRun('claude-code', 'edit').verdict.usage).toEqual({
      'input-tokens': 2400,
      'output-tokens': 200,
      'cached-tokens': 400,
      usd: 0.01208,
    });
  });

  it('charges a resumed session for this turn only', () => {
    expect(playRun('claude-code', 'resumed').verdict.usage).toMatchObject({
      'input-tokens': 1200,
      usd: 0.00604,
    });
  });

  it('charges tries for a structured answer that its own sum leaves out', () => {
    expect(playRun('claude-code', 'schema-exhausted').verdict.usage).toMatchObject({ 'input-tokens': 6000 });
  });

  it('adds up the results of one process', () => {
    const { verdict } = play('claude-code', text('edit') + text('text'), exits(0));
    expect(verdict.usage?.['input-tokens']).toBe(3600);
    expect(verdict.usage?.usd).toBeCloseTo(0.01812);
  });

  it('counts what was begun when there is no result, at a price it does not know', () => {
    const lines = text('edit').split('\n').slice(0, 2).join('\n');
    expect(play('claude-code', lines, exits(143)).verdict.usage).toMatchObject({
      'input-tokens': 1200,
      usd: null,
    });
  });

  it('gives the structured answer', () => {
    expect(playRun('claude-code', 'schema').verdict.structured).toEqual({ a: 'x' });
    expect(playRun('claude-code', 'schema-ignored').verdict.structured).toBeUndefined();
  });

  it('says what was denied, and fails only where nothing was answered', () => {
    const said = playRun('claude-code', 'denied').lines.flatMap((line): readonly Said[] => line.said);
    expect(said).toContainEqual({
      what: 'tool-result',
      tool: 'Bash',
      text: 'denied: no approval surface in this session; permission request denied automatically',
    });
    const speechless = text('denied').replace(/"result":"(?:[^"\\]|\\.)*"/g, '"result":""');
    expect(play('claude-code', speechless, exits(0)).verdict).toMatchObject({
      failure: { reason: 'denied', message: expect.stringContaining('Bash') },
    });
  });

  it('takes no success from a turn in which no model was asked', () => {
    const silent = text('text')
      .split('\n')
      .filter((line) => !line.startsWith('{"type":"assistant"'));
    const { verdict } = play('claude-code', silent.join('\n'), exits(0), job({ prompt: ' /cost' }));
    expect(verdict).toMatchObject({
      failure: { reason: 'config', message: expect.stringContaining('never asked') },
    });
    const other = play('claude-code', silent.join('\n'), exits(0)).verdict;
    expect(other).toMatchObject({ failure: { message: 'ended well without a word of the model' } });
  });

  it('says what a program printed that is no engine', () => {
    const { verdict } = play('claude-code', 'hello\nthere', exits(3));
    expect(verdict).toMatchObject({
      failure: { reason: 'config', message: 'did not start (exit code 3) and said: hello there' },
    });
  });

  it('names the line that was too long instead of guessing at what is missing', () => {
    const lines = text('text').split('\n');
    const leftOut = { leftOut: 20 * 1024 * 1024 };
    const without = (type: string): string =>
      lines.filter((line) => !line.includes(`"type":"${type}"`)).join('\n');
    for (const type of ['assistant', 'result']) {
      const { verdict } = play('claude-code', without(type), exits(0, leftOut), job({ prompt: '/x' }));
      expect(verdict).toMatchObject({
        failure: { reason: 'internal', message: expect.stringContaining('a line of 20 MiB') },
      });
    }
    expect(play('claude-code', without('result'), exits(1, leftOut)).verdict).toMatchObject({
      failure: { reason: 'exit-code', message: expect.stringContaining('a line of 20 MiB') },
    });
    expect(play('claude-code', text('text'), exits(0, leftOut)).verdict.ok).toBe(true);
  });

  it('takes the model of the main conversation, not the one that made up an error', () => {
    expect(playRun('claude-code', '529').verdict.model).toBe('claude-opus-5-5');
  });

  it('knows its own exit code for SIGTERM, and an interrupted turn', () => {
    expect(play('claude-code', '', exits(143)).verdict).toMatchObject({
      failure: { reason: 'signal', signal: 'SIGTERM' },
    });
    const result = { type: 'result', subtype: 'error_during_execution', is_error: true, num_turns: 1 };
    const aborted = JSON.stringify({ ...result, terminal_reason: 'aborted_tools' });
    expect(play('claude-code', aborted, exits(0)).verdict).toMatchObject({ failure: { reason: 'signal' } });
  });
});

describe('codex', () => {
  const text = (name: string) => textOfRun('codex', name);

  it('counts the whole session and knows no prices', () => {
    expect(playRun('codex', 'resumed').verdict).toMatchObject({
      cumulative: true,
      usage: { 'input-tokens': 2400, 'cached-tokens': 400, 'output-tokens': 200, usd: null },
    });
  });

  it('gives the last message as text', () => {
    expect(playRun('codex', 'schema').verdict.text).toBe('{"a":"x"}');
  });

  it('takes a turn that ends in work, without a word, for a refusal', () => {
    const lines = text('shell').split('\n');
    const message = lines.findIndex((line) => line.includes('agent_message'));
    const early = '{"type":"item.completed","item":{"type":"agent_message","text":"Let me look."}}';
    const turned = [...lines.slice(0, 2), early, ...lines.slice(2, message), ...lines.slice(message + 1)];
    expect(play('codex', turned.join('\n'), exits(0)).verdict).toMatchObject({
      failure: { reason: 'refused' },
    });
  });

  it('hears how long a rate limit is to be waited for', () => {
    const message = 'Rate limit reached for m on tokens per min. Please try again in 20s.';
    const line = JSON.stringify({ type: 'turn.failed', error: { message } });
    const { failure } = play('codex', line, exits(1)).verdict as { failure?: Failure };
    expect(failure).toMatchObject({ reason: 'rate-limit', 'retry-at': expect.any(String) });
  });

  it('lets no request come sooner than the server had asked Claude Code to wait', () => {
    const retry = (delay: unknown) =>
      JSON.stringify({ type: 'system', subtype: 'api_retry', error_status: 429, retry_delay_ms: delay });
    const endedAfter = (...lines: readonly string[]) =>
      play('claude-code', [...lines, textOfRun('claude-code', '429')].join('\n'), exits(1)).verdict;
    expect(endedAfter(retry(500), retry(60_000))).toMatchObject({
      failure: { reason: 'rate-limit', 'retry-at': new Date(exits(1).now + 60_000).toISOString() },
    });
    for (const lines of [[], [retry('soon')], [retry(1e300)]]) {
      const { failure } = endedAfter(...lines) as { failure?: Failure };
      expect(failure?.reason).toBe('rate-limit');
      expect(failure).not.toHaveProperty('retry-at');
    }
  });

  it.each(['goose', 'aider'])('hears of %s how long a rate limit is to be waited for', (name) => {
    const run = textOfRun(name, '429').replaceAll('slow down', 'Please try again in 20s');
    expect(run).toContain('try again in 20s');
    expect(play(name, run, exits(name === 'goose' ? 1 : 0)).verdict).toMatchObject({
      failure: { reason: 'rate-limit', 'retry-at': new Date(exits(0).now + 20_000).toISOString() },
    });
  });

  it('takes a warning for no failure', () => {
    expect(playRun('codex', 'edit-plain').verdict.ok).toBe(true);
  });

  it('shows the words of a provider that answered in JSON', () => {
    expect(playRun('codex', '400').verdict).toMatchObject({
      failure: { message: 'The scripted model refuses this shape' },
    });
  });

  it('names the model that was asked for, as its lines name none', () => {
    expect(playRun('codex', 'text', job({ model: 'mine' })).verdict.model).toBe('mine');
  });

  it.each<[string, FailureReason]>([
    ['Missing environment variable: `X`.', 'auth'],
    ['Your access token could not be refreshed. Please log out and sign in again.', 'auth'],
    ['Incomplete response returned, reason: content_filter', 'refused'],
    ['unexpected status 404 Not Found: no such path, url: http://x/y', 'config'],
    ['stream disconnected before completion: idle timeout waiting for SSE', 'network'],
    ['something nobody has seen before', 'exit-code'],
  ])('reads "%s" as %s', (message, reason) => {
    const failed = JSON.stringify({ type: 'turn.failed', error: { message } });
    expect(play('codex', failed, exits(1)).verdict).toMatchObject({ failure: { reason } });
  });
});

describe('a turn that begins after another one ended', () => {
  const after: Record<string, (end: string, lines: readonly string[]) => readonly string[]> = {
    'claude-code': (end, lines) => [end, lines.find((line) => line.includes('"type":"assistant"')) ?? ''],
    codex: (end, lines) => [
      end,
      '{"type":"turn.started"}',
      ...lines.filter((line) => line.includes('agent_message')),
    ],
  };

  it.each(Object.keys(after))('and is cut off is no success of %s', (engine) => {
    const lines = textOfRun(engine, 'text').trimEnd().split('\n');
    const text = [...lines.slice(0, -1), ...(after[engine]?.(lines.at(-1) ?? '', lines) ?? [])].join('\n');
    const { verdict } = play(engine, text, exits(0));
    expect(verdict).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('without saying how') },
    });
    expect(play(engine, `${text}\n${lines.at(-1)}`, exits(0)).verdict.ok).toBe(true);
  });

  it('is not begun by an agent in the background that is left behind', () => {
    const lines = textOfRun('claude-code', 'text').trimEnd().split('\n');
    const side =
      '{"type":"assistant","parent_tool_use_id":"t","message":{"id":"side","model":"m","content":[]}}';
    expect(play('claude-code', [...lines, side].join('\n'), exits(0)).verdict.ok).toBe(true);
  });
});

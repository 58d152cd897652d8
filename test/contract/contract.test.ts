// What every engine promises, shown on the real CLIs against the scripted model.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeMasker } from '../../src/engines/mask.ts';
import type { Usage } from '../../src/model/event.ts';
import type { FailureReason } from '../../src/model/failure.ts';
import type { Outcome } from '../../src/model/ports.ts';
import { engineBinary, type PinnedEngine } from '../support/engines.ts';
import { mcpServer } from '../support/mcp-server.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { usagePerReply } from '../support/model-server/reply.ts';
import { type Ask, type EngineRig, engineRig, engines } from './engine-rig.ts';

let server: ModelServer;
let rig: EngineRig;

beforeAll(async () => {
  server = await startModelServer();
  rig = engineRig(server);
});
afterAll(async () => {
  await server.close();
  rig.remove();
});

/** What so many whole replies of the scripted model cost. */
function replies(count: number): Omit<Usage, 'usd'> {
  const { input, cached, output } = usagePerReply;
  return {
    'input-tokens': count * (input + cached),
    'cached-tokens': count * cached,
    'output-tokens': count * output,
  };
}

function reasonOf(outcome: Outcome): FailureReason | 'none' {
  return outcome.ok ? 'none' : outcome.failure.reason;
}

const schema = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
};

// Strict structured outputs refuse it: the key is optional and others are let in.
const looseSchema = { type: 'object', properties: { a: { type: 'string' } } };

const failures: (readonly [what: string, scenario: string, reason: FailureReason])[] = [
  ['a wrong key', '401', 'auth'],
  ['a key without access', '403', 'auth'],
  ['a model that is not there', '404', 'model'],
  ['a request that is refused', '400', 'config'],
  ['a rate limit', '429', 'rate-limit'],
  ['a rate limit that says when', '429 {"retry-after":1}', 'rate-limit'],
  ['a broken provider', '500', 'overloaded'],
  ['a provider that is not up', '503', 'overloaded'],
  ['an overloaded provider', '529', 'overloaded'],
  ['overload in the middle of an answer', 'overload-in-stream', 'overloaded'],
  ['a dropped connection', 'drop', 'network'],
  ['no credit', 'credit-too-low', 'quota'],
  ['a context that is too long', 'context-overflow', 'context-overflow'],
  ['a refusal', 'refusal', 'refused'],
  ['an answer cut at its longest', 'output-cut', 'output-cut'],
];

for (const engine of engines) {
  const { path } = engineBinary(engine);
  const why = path === undefined ? ' (skipped: run `node bin/dev/install-engines.mjs`)' : '';
  describe.skipIf(path === undefined).concurrent(`${engine}${why}`, () => {
    const attempt = (ask: Ask) => rig.attempt(engine, ask);
    worksWith(engine, attempt);
    answersInSchemas(engine, attempt);
    failsWith(engine, attempt);
    if (engine === 'claude-code') keepsLimits(attempt);
    isStopped(engine, attempt);
    reachesNoFurther(engine, attempt);
    keepsToItself(engine, attempt);
  });
}

type Start = (ask: Ask) => ReturnType<EngineRig['attempt']>;

function worksWith(engine: PinnedEngine, attempt: Start): void {
  it('edits a file, says so, counts to the token', async () => {
    const run = attempt({ prompt: 'SCENARIO:edit {"path":"a.txt","content":"hi\\n","say":"All done."}' });
    const outcome = await run.done;
    expect(outcome).toMatchObject({ ok: true, values: { text: 'All done.', engine, 'exit-code': 0 } });
    expect(readFileSync(join(run.workspace, 'a.txt'), 'utf8')).toBe('hi\n');
    expect(outcome.values.usage).toMatchObject(replies(2));
    expect(outcome.values.usage?.usd).toEqual(engine === 'codex' ? null : expect.closeTo(0.01208, 6));
    expect(outcome.values.model).toBeTruthy();
    expect(outcome.values.session).toBe(run.sessions[0]);
    expect(run.sessions).toHaveLength(1);
    expect(run.said).toContainEqual(expect.objectContaining({ what: 'text', text: 'All done.' }));
    expect(run.said).toContainEqual(
      expect.objectContaining({ what: 'file-change', text: join(run.workspace, 'a.txt') }),
    );
    expect(run.files['prompt.md']).toContain('SCENARIO:edit');
    expect(run.files['events.jsonl']).toContain('All done.');
    expect(JSON.parse(run.files['answer.json'] ?? '')).toEqual(outcome);
  });

  it('runs commands with full access', async () => {
    const run = attempt({
      prompt: 'SCENARIO:shell {"command":"echo made > b.txt && echo told","say":"$output"}',
      job: { access: 'full' },
    });
    expect(await run.done).toMatchObject({ ok: true, values: { text: 'told' } });
    expect(existsSync(join(run.workspace, 'b.txt'))).toBe(true);
    expect(run.said).toContainEqual(expect.objectContaining({ what: 'tool-call' }));
    expect(run.said).toContainEqual(expect.objectContaining({ what: 'tool-result' }));
  });

  it('writes nothing with access to read', async () => {
    const run = attempt({ prompt: 'SCENARIO:edit {"path":"a.txt"}', job: { access: 'read' } });
    await run.done;
    expect(existsSync(join(run.workspace, 'a.txt'))).toBe(false);
  });

  it('writes nothing outside the workspace', async () => {
    const run = attempt({ prompt: 'SCENARIO:write-outside' });
    expect((await run.done).ok).toBe(true);
    expect(existsSync(join(run.workspace, '../outside.txt'))).toBe(false);
  });

  it('goes on in a session, branches off it, and charges each time only what is new', async () => {
    const first = attempt({ prompt: 'SCENARIO:text' });
    const { values } = await first.done;
    const id = values.session ?? '';
    const second = first.again({
      prompt: 'SCENARIO:text {"say":"second"}',
      job: { session: { id, fork: false } },
    });
    expect(await second.done).toMatchObject({
      ok: true,
      values: { text: 'second', session: id, usage: replies(1) },
    });
    const third = first.again({
      prompt: 'SCENARIO:text {"say":"third"}',
      job: { session: { id, fork: true } },
    });
    const forked = await third.done;
    expect(forked).toMatchObject({ ok: true, values: { text: 'third', usage: replies(1) } });
    expect(forked.values.session).not.toBe(id);
  });

  it('hands on what the step says of model, system prompt and effort', async () => {
    const system = 'Speak like a "lighthouse" keeper.\nAlways.';
    const prompt = `SCENARIO:text {"say":"by the light of ${engine}"}`;
    const model = engine === 'codex' ? 'gpt-6.1-sol' : 'claude-sonnet-5-5';
    const run = attempt({ prompt, job: { system, effort: 'high', model } });
    expect(await run.done).toMatchObject({ ok: true, values: { model } });
    const [request] = await server.waitFor(1, (one) => one.prompt === prompt);
    expect(request?.model).toBe(model);
    expect(JSON.stringify(request?.body)).toContain(JSON.stringify(system).slice(1, -1));
    expect(JSON.stringify(request?.body)).toContain('"effort":"high"');
  });
}

function answersInSchemas(engine: PinnedEngine, attempt: Start): void {
  it.each(['read', 'write'] as const)('answers in a schema with access to %s', async (access) => {
    const run = attempt({ prompt: 'SCENARIO:schema {"answer":{"a":"x"}}', job: { schema, access } });
    expect(await run.done).toMatchObject({ ok: true, values: { output: { a: 'x' }, usage: replies(1) } });
  });

  it('answers in a schema that its own mode refuses', async () => {
    const run = attempt({ prompt: 'SCENARIO:schema {"answer":{"a":"y"}}', job: { schema: looseSchema } });
    expect(await run.done).toMatchObject({ ok: true, values: { output: { a: 'y' } } });
  });

  it('is asked once more, in its session, when the answer breaks the schema', async () => {
    const run = attempt({
      prompt: 'SCENARIO:schema-broken {"broken":{"b":1},"answer":{"a":"mended"}}',
      job: { schema },
    });
    const outcome = await run.done;
    expect(outcome).toMatchObject({ ok: true, values: { output: { a: 'mended' } } });
    expect(run.sessions).toHaveLength(1);
    // Claude Code itself has the model try five times before it gives up.
    expect(outcome.values.usage).toMatchObject(replies(engine === 'codex' ? 2 : 6));
  });

  it.each([
    ['breaks the schema again', 'SCENARIO:schema-broken {"broken":{"c":1}}'],
    ['answers in prose', 'SCENARIO:schema-broken {"ignore":true}'],
  ])('fails when it %s', async (_, prompt) => {
    const run = attempt({ prompt, job: { schema } });
    expect(reasonOf(await run.done)).toBe('output');
    expect(run.files['prompt.md']).toContain('Your answer could not be used');
  });
}

function failsWith(engine: PinnedEngine, attempt: Start): void {
  it.each(failures)('says what it is: %s', async (_, scenario, reason) => {
    const outcome = await attempt({ prompt: `SCENARIO:${scenario}` }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe(reason);
    expect(outcome).toMatchObject({ ok: false, failure: { message: /./, help: /./ } });
  });

  it('says when a used up plan serves again', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:usage-limit {"resets-at":1800000000}', auth: 'oauth' })
      .done;
    // Codex names a clock time without seconds: it is over at the end of that minute at the latest.
    const serves = engine === 'codex' ? '2027-01-15T08:01:00.000Z' : '2027-01-15T08:00:00.000Z';
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'quota', 'retry-at': serves } });
  });

  it('says what a turn cost that failed', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:output-cut {"say":"cut short"}' }).done;
    expect(reasonOf(outcome)).toBe('output-cut');
    expect(outcome.values.usage).toMatchObject(replies(engine === 'codex' ? 1 : 4));
  });

  it.each(['/clear', '/cost', '', '  \n'])(
    'takes no prompt for done that no model saw: %j',
    async (prompt) => {
      const outcome = await attempt({ prompt }).done;
      // What is a command of one engine is a prompt like others for another.
      if (outcome.ok) expect(outcome.values.usage).toMatchObject(replies(1));
      else expect(reasonOf(outcome)).toBe('config');
    },
  );

  it('says that nobody is signed in', async () => {
    const outcome = await attempt({ prompt: 'hello', signedOut: true }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe('auth');
  });

  it('says that nobody answers', async () => {
    const run = attempt({ prompt: 'hello', unreachable: true });
    // Codex goes on trying for ever, which is no sign of life.
    if (engine === 'codex') {
      await run.heard('retry');
      expect(run.idle()).toBe(true);
    }
    const outcome = await run.done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe('network');
  });

  it('says that a session is gone', async () => {
    const session = { id: '00000000-0000-4000-8000-000000000000', fork: false };
    const outcome = await attempt({ prompt: 'hello', job: { session } }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe('config');
  });

  it('works after the provider had trouble once', async () => {
    const prompt = `SCENARIO:fail-then-ok {"times":1,"with":"529","engine":"${engine}"}`;
    const first = await attempt({ prompt }).done;
    const outcome = first.ok ? first : await attempt({ prompt }).done;
    expect(outcome).toMatchObject({ ok: true, values: { text: 'Done.' } });
  });
}

function keepsLimits(attempt: Start): void {
  it('ends after as many turns as it may take', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:loop', job: { maxTurns: 2 } }).done;
    expect(reasonOf(outcome)).toBe('turns');
    expect(outcome.values.usage).toMatchObject(replies(2));
  });
}

function isStopped(engine: PinnedEngine, attempt: Start): void {
  it.each(['hang', 'stall'])(
    'does not outlast its idle timeout when the model says nothing: %s',
    async (how) => {
      const prompt = `SCENARIO:${how} {"for":"${engine}"}`;
      const run = attempt({ prompt });
      await server.waitFor(1, (request) => request.prompt === prompt);
      expect(run.idle()).toBe(true);
      expect(reasonOf(await run.done)).toBe('idle-timeout');
      expect(await run.survivors()).toEqual([]);
    },
  );

  it('is silent as long as it likes while a tool runs', async () => {
    const command = ': > ready; while [ ! -e go ]; do sleep 0.05; done; echo woke';
    const run = attempt({
      prompt: `SCENARIO:shell ${JSON.stringify({ command, say: '$output' })}`,
      job: { access: 'full' },
    });
    await run.heard('tool-call');
    await run.made('ready');
    expect(run.idle()).toBe(false);
    writeFileSync(join(run.workspace, 'go'), '');
    expect(await run.done).toMatchObject({ ok: true, values: { text: 'woke' } });
  });

  it('ends when its time is up, however often it calls tools', async () => {
    const prompt = `SCENARIO:loop {"command":"echo once more, ${engine}"}`;
    const run = attempt({ prompt, job: { access: 'full' } });
    await server.waitFor(4, (request) => request.prompt === prompt);
    run.stop('timeout');
    expect(reasonOf(await run.done)).toBe('timeout');
    expect(await run.survivors()).toEqual([]);
  });

  it('leaves nobody behind when it is canceled in the middle of a tool', async () => {
    const command = ': > ready; sleep 600 & setsid sleep 600 & wait';
    const run = attempt({
      prompt: `SCENARIO:sleep-tool ${JSON.stringify({ command })}`,
      job: { access: 'full' },
    });
    await run.heard('tool-call');
    await run.made('ready');
    expect(run.sessions).toHaveLength(1);
    run.stop('cancel');
    expect(reasonOf(await run.done)).toBe('interrupted');
    expect(await run.survivors()).toEqual([]);
  });
}

function reachesNoFurther(engine: PinnedEngine, attempt: Start): void {
  it('changes all of the workspace from a directory of it, but for .codemachine', async () => {
    const first = attempt({ prompt: 'SCENARIO:text' });
    await first.done;
    mkdirSync(join(first.workspace, 'inner'));
    const write = (path: string) =>
      first.again({ prompt: `SCENARIO:edit ${JSON.stringify({ path })}`, job: { cwd: 'inner' } }).done;
    expect(await write('../top.txt')).toMatchObject({ ok: true, values: { text: 'Done.' } });
    await write('../.codemachine/config.yml');
    expect(readdirSync(first.workspace).sort()).toEqual(['inner', 'top.txt']);
  });

  it.each(['read', 'write'] as const)(
    'starts the MCP servers of the step, with access to %s',
    async (access) => {
      const args = mcpServer('echo "$GREETING" > "$HOME/started"');
      const env = { GREETING: 'a "quoted" one' };
      const run = attempt({
        prompt: 'SCENARIO:text {"say":"served"}',
        job: { access, mcp: { mine: { command: '/bin/sh', args, env } } },
      });
      expect((await run.done).ok).toBe(true);
      expect(readFileSync(join(run.workspace, '../home/started'), 'utf8')).toBe('a "quoted" one\n');
    },
  );

  it('fails where an MCP server of the step does not start', async () => {
    const mcp = { mine: { command: '/bin/sh', args: ['-c', 'exit 3'] } };
    const outcome = await attempt({ prompt: 'SCENARIO:text', job: { mcp } }).done;
    const message = expect.stringMatching(/^the MCP server `mine` \(`\/bin\/sh`\) did not start/);
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'config', message } });
  });

  if (engine === 'claude-code') {
    it('runs the commands that its tools allow, and no other', async () => {
      const tools = { allow: ['Bash(echo:*)', 'Write'] };
      const shell = (command: string) =>
        attempt({
          prompt: `SCENARIO:shell ${JSON.stringify({ command, say: '$output' })}`,
          job: { access: 'read', tools },
        });
      expect(await shell('echo allowed').done).toMatchObject({ ok: true, values: { text: 'allowed' } });
      const other = shell('touch made.txt');
      await other.done;
      expect(readdirSync(other.workspace)).toEqual([]);
      expect(other.said).toContainEqual(
        expect.objectContaining({ what: 'tool-result', text: expect.stringMatching(/denied/) }),
      );
    });
  } else {
    it('reaches the network only when it is on', async () => {
      const knocks = () => server.others.filter((other) => other === 'GET /probe').length;
      await attempt({ prompt: 'SCENARIO:network', job: { network: 'off' } }).done;
      await attempt({ prompt: 'SCENARIO:network {"say":"default"}' }).done;
      expect(knocks()).toBe(0);
      await attempt({ prompt: 'SCENARIO:network {"say":"on"}', job: { network: 'on' } }).done;
      expect(knocks()).toBe(1);
    });

    it('has a temporary directory of its own, and /tmp is none of it', async () => {
      const command =
        'touch "$TMPDIR/ok" && echo writable; touch /tmp/codemachine-contract-outside 2> /dev/null || echo refused';
      const run = attempt({ prompt: `SCENARIO:shell ${JSON.stringify({ command, say: '$output' })}` });
      const { values } = await run.done;
      expect(values.text).toMatch(/^writable/);
      expect(values.text).toMatch(/refused$/);
      expect(readdirSync(join(run.workspace, '../tmp'))).toEqual([]);
    });

    it('keeps its key from the commands of its model', async () => {
      const run = attempt({
        prompt: 'SCENARIO:shell {"command":"env > seen.txt"}',
        environ: { CODEX_API_KEY: 'canary' },
      });
      await run.done;
      expect(readFileSync(join(run.workspace, 'seen.txt'), 'utf8')).not.toContain('canary');
    });
  }
}

function keepsToItself(engine: PinnedEngine, attempt: Start): void {
  it('sees no key that is not its own', async () => {
    const foreign = engine === 'codex' ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY';
    const run = attempt({
      prompt: 'SCENARIO:shell {"command":"env > seen.txt"}',
      environ: { [foreign]: 'canary-1', AWS_SECRET_ACCESS_KEY: 'canary-2', GH_TOKEN: 'canary-3' },
      job: { access: 'full', env: { MINE: 'passes' } },
    });
    expect((await run.done).ok).toBe(true);
    const seen = readFileSync(join(run.workspace, 'seen.txt'), 'utf8');
    expect(seen).not.toContain('canary');
    expect(seen).toContain('MINE=passes');
    expect(seen).toContain('CODEMACHINE_STEP=ask');
  });

  it('lets no secret into what is kept or said', async () => {
    const secret = 'hush-hush-4711';
    const run = attempt({
      prompt: `SCENARIO:shell {"command":"echo $HUSH","say":"It is $output."}`,
      masker: makeMasker([secret]),
      job: { access: 'full', env: { HUSH: secret } },
    });
    const outcome = await run.done;
    expect(outcome).toMatchObject({ ok: true, values: { text: 'It is ***.' } });
    expect(JSON.stringify([outcome, run.said, run.files])).not.toContain(secret);
  });
}

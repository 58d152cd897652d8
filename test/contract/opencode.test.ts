// What OpenCode promises, shown on its real CLI against the scripted model.
//
// It takes seconds to start and up to two GiB, so CI holds it to a few cases and never to more than two at once;
// `npm run soak -- engines` goes through all of them.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { makeMasker } from '../../src/engines/mask.ts';
import type { Usage } from '../../src/model/event.ts';
import type { FailureReason } from '../../src/model/failure.ts';
import type { Outcome } from '../../src/model/ports.ts';
import { engineBinary } from '../support/engines.ts';
import { mcpServer } from '../support/mcp-server.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { usagePerReply } from '../support/model-server/reply.ts';
import { type Ask, type EngineRig, engineRig } from './engine-rig.ts';

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

const attempt = (ask: Ask) => rig.attempt('opencode', ask);

/** What so many whole replies of the scripted model cost, at the prices that the environment names. */
function replies(count: number): Usage {
  const { input, cached, output } = usagePerReply;
  return {
    'input-tokens': count * (input + cached),
    'cached-tokens': count * cached,
    'output-tokens': count * output,
    usd: expect.closeTo(count * 0.00456, 8) as number,
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

const binary = engineBinary('opencode');
const missing = binary.path === undefined ? ` (skipped: ${binary.reason})` : '';
const whole = process.env.CODEMACHINE_TEST_ALL === '1';
const left = missing === '' && !whole ? ' (skipped: left to `npm run soak -- engines`)' : missing;

describe.skipIf(binary.path === undefined)(`opencode${missing}`, () => {
  it('edits a file, says so, counts to the token; says what is wrong with a key', async () => {
    const edits = attempt({ prompt: 'SCENARIO:edit {"path":"a.txt","content":"hi\\n","say":"All done."}' });
    const refused = attempt({ prompt: 'SCENARIO:401' });
    const outcome = await edits.done;
    expect(outcome, edits.files['stderr.log']).toMatchObject({
      ok: true,
      values: { text: 'All done.', engine: 'opencode', model: 'local/scripted', usage: replies(2) },
    });
    expect(readFileSync(join(edits.workspace, 'a.txt'), 'utf8')).toBe('hi\n');
    expect(edits.sessions).toEqual([outcome.values.session]);
    const file = join(edits.workspace, 'a.txt');
    expect(edits.said).toContainEqual(expect.objectContaining({ what: 'file-change', text: file }));
    expect(await refused.done).toMatchObject({
      ok: false,
      failure: { reason: 'auth', message: expect.stringContaining('Incorrect API key'), help: /./ },
    });
    expect(server.others).toEqual([]);
  });

  it('is asked once more, in its session, when the answer breaks the schema; leaves nobody behind', async () => {
    const prompt = 'SCENARIO:schema-broken {"broken":{"b":1},"answer":{"a":"mended"}}';
    const asked = attempt({ prompt, job: { schema } });
    const command = ': > ready; sleep 600 & setsid sleep 600 & wait';
    const canceled = attempt({
      prompt: `SCENARIO:sleep-tool ${JSON.stringify({ command })}`,
      job: { access: 'full' },
    });
    await Promise.all([canceled.heard('tool-call'), canceled.made('ready')]);
    expect(canceled.sessions).toHaveLength(1);
    canceled.stop('cancel');
    expect(reasonOf(await canceled.done)).toBe('interrupted');
    expect(await canceled.survivors()).toEqual([]);
    expect(await asked.done).toMatchObject({
      ok: true,
      values: { output: { a: 'mended' }, usage: replies(2) },
    });
    expect(asked.sessions).toHaveLength(1);
  });
});

describe.skipIf(!whole || binary.path === undefined).concurrent(`all of opencode${left}`, () => {
  worksOn();
  failsForNow();
  failsForGood();
  isStopped();
  reachesNoFurther();
  keepsToItself();
});

function worksOn(): void {
  it('goes on in a session and branches off it, both at once over one database', async () => {
    const first = attempt({ prompt: 'SCENARIO:text {"say":"first"}' });
    const id = (await first.done).values.session ?? '';
    const next = (fork: boolean) =>
      first.again({ prompt: `SCENARIO:text {"say":"fork: ${fork}"}`, job: { session: { id, fork } } }).done;
    const [second, forked] = await Promise.all([next(false), next(true)]);
    expect(second).toMatchObject({
      ok: true,
      values: { text: 'fork: false', session: id, usage: replies(1) },
    });
    expect(forked).toMatchObject({ ok: true, values: { text: 'fork: true', usage: replies(1) } });
    expect(forked.values.session).not.toBe(id);
    const asked = server.requests.filter(({ prompt }) => /"fork: /.test(prompt));
    expect(asked.map(({ prompts }) => prompts.length)).toEqual([2, 2]);
  });

  it('runs commands with full access', async () => {
    const command = 'echo made > b.txt && echo told';
    const prompt = `SCENARIO:shell ${JSON.stringify({ command, say: '$output' })}`;
    const run = attempt({ prompt, job: { access: 'full' } });
    expect(await run.done).toMatchObject({ ok: true, values: { text: 'told' } });
    expect(existsSync(join(run.workspace, 'b.txt'))).toBe(true);
    const said = run.said.map((one) => (one.type === 'said' ? one.what : ''));
    expect(said.filter((what) => what === 'tool-call')).not.toEqual([]);
    expect(said).toContain('tool-result');
  });

  it('hands on what the step says of model, system prompt and effort', async () => {
    const system = 'Speak like a "lighthouse" keeper.\nAlways.';
    const prompt = 'SCENARIO:text {"say":"by the light"}';
    const run = attempt({ prompt, job: { system, effort: 'high', model: 'local/scripted' } });
    expect(await run.done).toMatchObject({ ok: true, values: { model: 'local/scripted' } });
    const [request] = server.requests.filter((one) => one.prompt === prompt);
    expect(JSON.stringify(request?.body)).toContain(JSON.stringify(system).slice(1, -1));
    expect(request?.body).toMatchObject({ model: 'scripted', reasoning_effort: 'high' });
  });

  it('answers in the schema, or fails', async () => {
    const answers = attempt({ prompt: 'SCENARIO:schema {"answer":{"a":"x"}}', job: { schema } });
    expect(await answers.done).toMatchObject({ ok: true, values: { output: { a: 'x' }, usage: replies(1) } });
    const prose = attempt({ prompt: 'SCENARIO:schema-broken {"ignore":true}', job: { schema } });
    expect(reasonOf(await prose.done)).toBe('output');
  });

  it.each(['/clear', '!ls', 'read @/etc/hostname', '\n/init'])(
    'hands %j to the model as it is',
    async (prompt) => {
      const outcome = await attempt({ prompt, job: { access: 'read' } }).done;
      expect(outcome, JSON.stringify(outcome)).toMatchObject({ ok: true, values: { usage: replies(1) } });
      const asked = server.requests.filter((one) => one.prompt.trim() === prompt.trim());
      expect(asked).toHaveLength(1);
      expect(JSON.stringify(asked[0]?.body)).not.toContain('Called the');
    },
  );

  it('works after the provider had trouble once', async () => {
    const run = attempt({ prompt: 'SCENARIO:fail-then-ok {"times":1,"with":"500","engine":"opencode"}' });
    expect(await run.done).toMatchObject({ ok: true, values: { text: 'Done.' } });
    expect(run.said).toContainEqual(expect.objectContaining({ what: 'retry' }));
  });
}

function failsForGood(): void {
  const failures: (readonly [what: string, scenario: string, reason: FailureReason])[] = [
    ['a key without access', '403', 'auth'],
    ['a model that is not there', '404', 'model'],
    ['a request that is refused', '400', 'config'],
    ['a context that is too long', 'context-overflow', 'context-overflow'],
    ['a refusal', 'refusal', 'refused'],
    ['an answer cut at its longest', 'output-cut', 'output-cut'],
    // It would try these again, too.
    ['no credit', 'credit-too-low', 'quota'],
    ['a used up plan', 'usage-limit', 'quota'],
  ];
  it.each(failures)('says what it is: %s', async (_, scenario, reason) => {
    const outcome = await attempt({ prompt: `SCENARIO:${scenario}` }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe(reason);
    expect(outcome).toMatchObject({ ok: false, failure: { message: /./, help: /./ } });
  });

  it('gives up by itself after its own tries', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:503 {"until":"the end"}' }).done;
    expect(reasonOf(outcome)).toBe('overloaded');
  });

  it('says when a rate limit is over', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:429 {"retry-after":1}' }).done;
    expect(outcome).toMatchObject({ failure: { reason: 'rate-limit', 'retry-at': /^\d{4}-/ } });
  });

  it.each([
    ['a session that is gone', { session: { id: 'ses_gone', fork: false } }, 'hello', 'config'],
    ['an empty prompt', {}, ' \n', 'config'],
    ['a model that nobody knows', { model: 'local/unheard-of' }, 'hello', 'model'],
    ['a provider that nobody signed in to', { model: 'anthropic/claude-sonnet-4-5' }, 'hello', 'model'],
  ] as const)('says what it is: %s', async (_, job, prompt, reason) => {
    const outcome = await attempt({ prompt, job }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe(reason);
    expect(outcome).toMatchObject({ ok: false, failure: { message: /./, help: /./ } });
  });
}

/** It would try again for more than a minute; whoever does not wait so long learns why it was silent. */
function failsForNow(): void {
  const failures: (readonly [what: string, scenario: string, reason: FailureReason])[] = [
    ['a rate limit', '429', 'rate-limit'],
    ['a broken provider', '500', 'overloaded'],
    ['a provider that is not up', '503', 'overloaded'],
    ['an overloaded provider', '529', 'overloaded'],
    ['overload in the middle of an answer', 'overload-in-stream', 'overloaded'],
    ['a dropped connection', 'drop', 'network'],
  ];
  it.each(failures)('tells from its log why it is silent: %s', async (_, scenario, reason) => {
    await isSilentFor(reason, { prompt: `SCENARIO:${scenario}` });
  });

  it('tells from its log that nobody answers', async () => {
    await isSilentFor('network', { prompt: 'hello', unreachable: true });
  });
}

async function isSilentFor(reason: FailureReason, ask: Ask): Promise<void> {
  const run = attempt(ask);
  await run.heard('retry');
  expect(run.idle()).toBe(true);
  const outcome = await run.done;
  expect(reasonOf(outcome), JSON.stringify([outcome, run.files['stderr.log']])).toBe(reason);
  expect(outcome).toMatchObject({ ok: false, failure: { message: /./, help: /./ } });
  expect(await run.survivors()).toEqual([]);
}

function isStopped(): void {
  it.each(['hang', 'stall'])(
    'does not outlast its idle timeout when the model says nothing: %s',
    async (how) => {
      const prompt = `SCENARIO:${how} {"for":"opencode"}`;
      const run = attempt({ prompt });
      await server.waitFor(1, (request) => request.prompt === prompt);
      expect(run.idle()).toBe(true);
      expect(reasonOf(await run.done)).toBe('idle-timeout');
      expect(await run.survivors()).toEqual([]);
    },
  );

  it('is silent as long as it likes while a tool runs', async () => {
    const command = ': > ready; while [ ! -e go ]; do sleep 0.05; done; echo woke';
    const prompt = `SCENARIO:shell ${JSON.stringify({ command, say: '$output' })}`;
    const run = attempt({ prompt, job: { access: 'full' } });
    await Promise.all([run.heard('tool-call'), run.made('ready')]);
    expect(run.idle()).toBe(false);
    writeFileSync(join(run.workspace, 'go'), '');
    expect(await run.done).toMatchObject({ ok: true, values: { text: 'woke' } });
  });

  it('ends when its time is up, however often it calls tools', async () => {
    const prompt = 'SCENARIO:loop {"command":"echo once more, opencode"}';
    const run = attempt({ prompt, job: { access: 'full' } });
    await server.waitFor(6, (request) => request.prompt === prompt);
    run.stop('timeout');
    expect(reasonOf(await run.done)).toBe('timeout');
    expect(await run.survivors()).toEqual([]);
  });
}

function reachesNoFurther(): void {
  it('writes nothing with access to read', async () => {
    for (const scenario of ['edit {"path":"a.txt"}', 'shell {"command":"touch a.txt"}']) {
      const run = attempt({ prompt: `SCENARIO:${scenario}`, job: { access: 'read' } });
      await run.done;
      expect(readdirSync(run.workspace)).toEqual([]);
    }
  });

  it('writes nothing outside the workspace', async () => {
    const run = attempt({ prompt: 'SCENARIO:write-outside' });
    expect((await run.done).ok).toBe(true);
    const shell = run.again({ prompt: 'SCENARIO:shell {"command":"touch ../outside.txt"}' });
    expect((await shell.done).ok).toBe(true);
    expect(existsSync(join(run.workspace, '../outside.txt'))).toBe(false);
  });

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

  it('goes on in no session that would take it to another directory', async () => {
    const first = attempt({ prompt: 'SCENARIO:text' });
    const id = (await first.done).values.session ?? '';
    mkdirSync(join(first.workspace, 'inner'));
    for (const fork of [false, true]) {
      const next = first.again({
        prompt: 'SCENARIO:edit {"path":"a.txt"}',
        job: { cwd: 'inner', session: { id, fork } },
      });
      expect(await next.done).toMatchObject({
        failure: { reason: 'config', message: expect.stringContaining(first.workspace) },
      });
    }
    expect(readdirSync(first.workspace)).toEqual(['inner']);
    expect(readdirSync(join(first.workspace, 'inner'))).toEqual([]);
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

  it('runs the commands that its tools allow, and no other', async () => {
    const shell = (command: string, tools: NonNullable<Ask['job']>['tools']) =>
      attempt({
        prompt: `SCENARIO:shell ${JSON.stringify({ command, say: '$output' })}`,
        job: { access: 'read', ...(tools === undefined ? {} : { tools }) },
      });
    const allow = ['bash(echo *)', 'write'];
    expect(await shell('echo allowed', { allow }).done).toMatchObject({
      ok: true,
      values: { text: 'allowed' },
    });
    for (const command of ['touch made.txt', 'echo made > made.txt', 'echo $(touch made.txt)']) {
      const run = shell(command, { allow });
      expect((await run.done).ok).toBe(true);
      expect(readdirSync(run.workspace)).toEqual([]);
    }
  });

  it('answers what a rule of the user would ask about, and keeps to what it denies', async () => {
    const run = attempt({ prompt: 'SCENARIO:text' });
    await run.done;
    const bash = { '*': 'ask', 'touch denied*': 'deny' };
    writeFileSync(join(run.workspace, 'opencode.json'), JSON.stringify({ permission: { bash } }));
    for (const command of ['touch asked.txt', 'touch denied.txt']) {
      const next = run.again({ prompt: `SCENARIO:shell ${JSON.stringify({ command })}` });
      expect(await next.done).toMatchObject({ ok: true });
    }
    expect(readdirSync(run.workspace).sort()).toEqual(['asked.txt', 'opencode.json']);
  });
}

function keepsToItself(): void {
  it('sees no key that is not its own', async () => {
    const run = attempt({
      prompt: 'SCENARIO:shell {"command":"env > seen.txt"}',
      environ: {
        OPENAI_API_KEY: 'canary-1',
        AWS_SECRET_ACCESS_KEY: 'canary-2',
        ANTHROPIC_API_KEY: 'canary-3',
      },
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
      prompt: 'SCENARIO:shell {"command":"echo $HUSH","say":"It is $output."}',
      masker: makeMasker([secret]),
      job: { access: 'full', env: { HUSH: secret } },
    });
    const outcome = await run.done;
    expect(outcome).toMatchObject({ ok: true, values: { text: 'It is ***.' } });
    expect(JSON.stringify([outcome, run.said, run.files])).not.toContain(secret);
  });
}

// What Gemini CLI promises on its real binary against the scripted model: a part of it always, all of it in `npm run soak -- engines`.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { FailureReason } from '../../src/model/failure.ts';
import type { Outcome } from '../../src/model/ports.ts';
import { engineBinary } from '../support/engines.ts';
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

const attempt = (ask: Ask) => rig.attempt('gemini', ask);

/** What so many whole replies of the scripted model cost. */
function replies(count: number) {
  const { input, cached, output } = usagePerReply;
  return {
    'input-tokens': count * (input + cached),
    'cached-tokens': count * cached,
    'output-tokens': count * output,
    usd: null,
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

const shell = (command: string, say = '$output') => `SCENARIO:shell ${JSON.stringify({ command, say })}`;

const { path, ...missing } = engineBinary('gemini');
const why = path === undefined && 'reason' in missing ? ` (skipped: ${missing.reason})` : '';

describe.skipIf(path === undefined).concurrent(`gemini${why}`, () => {
  it('edits a file, says so, counts to the token', async () => {
    const run = attempt({ prompt: 'SCENARIO:edit {"path":"a.txt","content":"hi\\n","say":"All done."}' });
    const outcome = await run.done;
    expect(outcome).toMatchObject({
      ok: true,
      values: {
        text: 'All done.',
        engine: 'gemini',
        model: 'gemini-2.5-flash',
        usage: replies(2),
        'exit-code': 0,
      },
    });
    expect(readFileSync(join(run.workspace, 'a.txt'), 'utf8')).toBe('hi\n');
    expect(run.sessions).toEqual([outcome.values.session]);
    expect(run.said).toContainEqual(expect.objectContaining({ what: 'text', text: 'All done.' }));
    const changed = { what: 'file-change', text: join(run.workspace, 'a.txt') };
    expect(run.said).toContainEqual(expect.objectContaining(changed));
    expect(JSON.parse(run.files['answer.json'] ?? '')).toEqual(outcome);
  });

  it('is asked once more, in its session, when the answer breaks the schema', async () => {
    const prompt = 'SCENARIO:schema-broken {"broken":{"b":1},"answer":{"a":"mended"}}';
    const run = attempt({ prompt, job: { schema } });
    const usage = replies(2);
    expect(await run.done).toMatchObject({ ok: true, values: { output: { a: 'mended' }, usage } });
    expect(run.sessions).toHaveLength(1);
  });

  it('says that its key is wrong', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:401' }).done;
    expect(outcome).toMatchObject({
      ok: false,
      failure: { reason: 'auth', message: /credentials/, help: /./ },
    });
  });

  it('takes no block by the provider for a success', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:refusal' }).done;
    expect(outcome).toMatchObject({
      ok: false,
      failure: { reason: 'refused' },
      values: { usage: replies(4) },
    });
  });

  it('leaves nobody behind when it is canceled in the middle of a tool', async () => {
    const command = ': > ready; sleep 600 & setsid sleep 600 & wait';
    const prompt = `SCENARIO:sleep-tool ${JSON.stringify({ command })}`;
    const run = attempt({ prompt, job: { access: 'full' } });
    await run.made('ready');
    expect(run.idle()).toBe(false);
    run.stop('cancel');
    expect(reasonOf(await run.done)).toBe('interrupted');
    expect(await run.survivors()).toEqual([]);
  });
});

const all = process.env.CODEMACHINE_TEST_ALL === '1';

const failures: (readonly [what: string, scenario: string, reason: FailureReason])[] = [
  ['a key without access', '403', 'auth'],
  ['a model that is not there', '404', 'model'],
  ['a request that is refused', '400', 'config'],
  ['a rate limit', '429', 'rate-limit'],
  ['a rate limit that says when', '429 {"retry-after":1}', 'rate-limit'],
  ['a broken provider', '500', 'overloaded'],
  ['a provider that is not up', '503', 'overloaded'],
  ['an overloaded provider', '529', 'overloaded'],
  // It says no more than that the answer had no end.
  ['overload in the middle of an answer', 'overload-in-stream', 'network'],
  ['a dropped connection', 'drop', 'network'],
  ['no credit', 'credit-too-low', 'quota'],
  ['a plan that is used up', 'usage-limit', 'quota'],
  ['a context that is too long', 'context-overflow', 'context-overflow'],
];

describe.skipIf(path === undefined || !all)('all of gemini', () => {
  it.each(failures)('says what it is: %s', async (_, scenario, reason) => {
    const outcome = await attempt({ prompt: `SCENARIO:${scenario}` }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe(reason);
    expect(outcome).toMatchObject({ ok: false, failure: { message: /./, help: /./ } });
  });

  it('cannot tell an answer that was cut at its longest', async () => {
    const outcome = await attempt({ prompt: 'SCENARIO:output-cut' }).done;
    expect(outcome).toMatchObject({ ok: true, values: { text: 'I was about to say' } });
  });

  it('works after the provider had trouble once', async () => {
    const outcome = await attempt({
      prompt: 'SCENARIO:fail-then-ok {"times":1,"with":"529","engine":"gemini"}',
    }).done;
    expect(outcome).toMatchObject({ ok: true, values: { text: 'Done.' } });
  });

  it('says that nobody is signed in', async () => {
    const outcome = await attempt({ prompt: 'hello', signedOut: true }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe('auth');
  });

  it('says that nobody answers', async () => {
    const outcome = await attempt({ prompt: 'hello', unreachable: true }).done;
    expect(reasonOf(outcome), JSON.stringify(outcome)).toBe('network');
  });

  it('goes on in a session, charges only what is new, and says when one is gone', async () => {
    const first = attempt({ prompt: 'SCENARIO:text' });
    const id = (await first.done).values.session ?? '';
    const again = (session: string) =>
      first.again({
        prompt: 'SCENARIO:text {"say":"second"}',
        job: { session: { id: session, fork: false } },
      }).done;
    const values = { text: 'second', session: id, usage: replies(1) };
    expect(await again(id)).toMatchObject({ ok: true, values });
    expect(reasonOf(await again('00000000-0000-4000-8000-000000000000'))).toBe('config');
  });

  it('hands on the model', async () => {
    const prompt = 'SCENARIO:text {"say":"a model of its own"}';
    const outcome = await attempt({ prompt, job: { model: 'gemini-2.5-pro' } }).done;
    expect(outcome).toMatchObject({ ok: true, values: { model: 'gemini-2.5-pro' } });
    const [request] = await server.waitFor(1, (one) => one.prompt === prompt);
    expect(request?.model).toBe('gemini-2.5-pro');
  });

  it.each([
    ['breaks the schema again', 'SCENARIO:schema-broken {"broken":{"c":1}}'],
    ['answers in prose', 'SCENARIO:schema-broken {"ignore":true}'],
  ])('fails when it %s', async (_, prompt) => {
    expect(reasonOf(await attempt({ prompt, job: { schema } }).done)).toBe('output');
  });

  it.each(['/clear', '/help', '', '  \n'])(
    'takes no prompt for done that no model saw: %j',
    async (prompt) => {
      const outcome = await attempt({ prompt }).done;
      if (outcome.ok) expect(outcome.values.usage).toEqual(replies(1));
      else expect(reasonOf(outcome)).toBe('config');
    },
  );
});

describe.skipIf(path === undefined || !all)('what gemini may do', () => {
  const made = (workspace: string) => readdirSync(workspace).sort();

  it('writes nothing with access to read, and runs what its tools allow, and no other command', async () => {
    const tools = { allow: ['run_shell_command(echo)', 'write_file', 'run_shell_command'] };
    const edit = attempt({ prompt: 'SCENARIO:edit {"path":"a.md"}', job: { access: 'read', tools } });
    expect((await edit.done).ok).toBe(true);
    expect(made(edit.workspace)).toEqual([]);
    const allowed = attempt({ prompt: shell('echo allowed'), job: { access: 'read', tools } });
    expect(await allowed.done).toMatchObject({ ok: true, values: { text: 'allowed' } });
    for (const command of ['touch b', 'echo x > b', 'echo $(touch b)', 'echo x; touch b']) {
      const other = attempt({ prompt: shell(command), job: { access: 'read', tools } });
      await other.done;
      expect(made(other.workspace), command).toEqual([]);
      const denied = { what: 'tool-result', text: expect.stringMatching(/denied|policy|confirmation/i) };
      expect(other.said).toContainEqual(expect.objectContaining(denied));
    }
  });

  it('has no shell with access to write, unless its tools open it', async () => {
    const closed = attempt({ prompt: shell('touch b') });
    await closed.done;
    expect(made(closed.workspace)).toEqual([]);
    const open = attempt({ prompt: shell('touch b'), job: { tools: { allow: ['run_shell_command'] } } });
    await open.done;
    expect(made(open.workspace)).toEqual(['b']);
  });

  it('does not do what is denied, with full access either', async () => {
    const deny = ['run_shell_command(touch)', 'write_file'];
    const run = attempt({ prompt: shell('touch b'), job: { access: 'full', tools: { deny } } });
    await run.done;
    expect(made(run.workspace)).toEqual([]);
    await run.again({ prompt: 'SCENARIO:edit {"path":"a.txt"}', job: { access: 'full', tools: { deny } } })
      .done;
    expect(made(run.workspace)).toEqual([]);
  });

  it.each(['write', 'full'] as const)(
    'changes all of the workspace but for .codemachine, with access to %s',
    async (access) => {
      const first = attempt({ prompt: 'SCENARIO:text' });
      mkdirSync(join(first.workspace, 'inner'), { recursive: true });
      await first.done;
      const write = (file: string) =>
        first.again({
          prompt: `SCENARIO:edit ${JSON.stringify({ path: file })}`,
          job: { cwd: 'inner', access },
        }).done;
      expect(await write('../top.txt')).toMatchObject({ ok: true });
      await write('../.codemachine/config.yml');
      expect(made(first.workspace)).toEqual(['inner', 'top.txt']);
    },
  );

  it('writes nothing outside the workspace', async () => {
    const run = attempt({ prompt: 'SCENARIO:write-outside' });
    await run.done;
    expect(existsSync(join(run.workspace, '../outside.txt'))).toBe(false);
  });

  it('starts nothing that settings in the workspace name', async () => {
    const first = attempt({ prompt: 'SCENARIO:text' });
    await first.done;
    const touch = (name: string) => ({ command: '/bin/sh', args: ['-c', `touch ../${name}`] });
    const settings = {
      mcpServers: { mine: touch('server') },
      tools: { discoveryCommand: 'touch ../discovered', allowed: ['run_shell_command'] },
      hooks: { SessionStart: [{ hooks: [{ type: 'command', command: 'touch ../hooked' }] }] },
    };
    mkdirSync(join(first.workspace, '.gemini'));
    writeFileSync(join(first.workspace, '.gemini/settings.json'), JSON.stringify(settings));
    await first.again({ prompt: shell('touch ../ran'), job: { access: 'read' } }).done;
    const hook = join(first.workspace, '.gemini/hook.sh');
    writeFileSync(hook, 'touch ../loaded');
    writeFileSync(join(first.workspace, '.gemini/.env'), `BASH_ENV=${hook}\n`);
    const ran = await first.again({ prompt: shell('echo ran'), job: { access: 'full' } }).done;
    expect(ran).toMatchObject({ ok: true, values: { text: 'ran' } });
    expect(made(join(first.workspace, '..'))).toEqual(['home', 'tmp', 'workspace']);
  });

  it('sees no key that is not its own', async () => {
    const environ = {
      ANTHROPIC_API_KEY: 'canary-1',
      AWS_SECRET_ACCESS_KEY: 'canary-2',
      GOOGLE_API_KEY: 'canary-3',
    };
    const run = attempt({
      prompt: shell('env > seen.txt'),
      environ,
      job: { access: 'full', env: { MINE: 'passes' } },
    });
    expect((await run.done).ok).toBe(true);
    const seen = readFileSync(join(run.workspace, 'seen.txt'), 'utf8');
    expect(seen).not.toContain('canary');
    expect(seen).toContain('MINE=passes');
  });
});

describe.skipIf(path === undefined || !all)('gemini is stopped', () => {
  it.each(['hang', 'stall'])('by its idle timeout when the model says nothing: %s', async (how) => {
    const prompt = `SCENARIO:${how} {"for":"gemini"}`;
    const run = attempt({ prompt });
    await server.waitFor(1, (request) => request.prompt === prompt);
    expect(run.idle()).toBe(true);
    expect(reasonOf(await run.done)).toBe('idle-timeout');
    expect(await run.survivors()).toEqual([]);
  });

  it('when its time is up, however often it calls tools', async () => {
    const prompt = 'SCENARIO:loop {"command":"echo once more, gemini"}';
    const run = attempt({ prompt, job: { access: 'full' } });
    await server.waitFor(3, (request) => request.prompt === prompt);
    run.stop('timeout');
    expect(reasonOf(await run.done)).toBe('timeout');
    expect(await run.survivors()).toEqual([]);
  });
});

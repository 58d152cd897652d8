// Attempts with programs that behave as engines should not.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type AgentDeps, agentEngine } from '../../../src/engines/agent.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import { findEngine } from '../../../src/engines/find-engine.ts';
import { attemptPattern, makeMark } from '../../../src/engines/mark.ts';
import { makeMasker } from '../../../src/engines/mask.ts';
import { findMarked } from '../../../src/engines/process.ts';
import type { Chatter } from '../../../src/model/event.ts';
import type { Outcome, PromptJob } from '../../../src/model/ports.ts';
import { job } from '../dialects/streams.ts';
import { type HandClock, handClock } from './hand-clock.ts';

let root: string;
let marks = 0;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-agent-')));
  for (const name of ['workspace', 'tmp']) mkdirSync(join(root, name));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const hello = [
  '{"type":"thread.started","thread_id":"t-1"}',
  '{"type":"item.completed","item":{"type":"agent_message","text":"hello"}}',
];
const over = '{"type":"turn.completed","usage":{"input_tokens":5,"cached_input_tokens":1,"output_tokens":2}}';

/** Shell that prints lines, all at once: a stop raised by the first must not depend on when the second comes. */
const says = (...lines: string[]) => `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}`;
const well = says(...hello, over);

interface Ran {
  outcome: Outcome;
  said: Chatter[];
  sessions: string[];
  files: Record<string, string>;
  survivors: readonly number[];
}

/** Runs a program written in shell as if it were Codex. */
async function ran(
  script: string,
  ask: Partial<PromptJob> = {},
  deps: Partial<AgentDeps> = {},
  stopped?: 'timeout' | 'cancel',
  meanwhile?: (clock: HandClock) => Promise<void>,
): Promise<Ran> {
  const program = join(root, 'engine.sh');
  writeFileSync(program, script);
  const mark = makeMark(undefined, { run: `agent-${process.pid}`, epoch: 1, directory: String(++marks) });
  const files: Record<string, string> = {};
  const said: Chatter[] = [];
  const sessions: string[] = [];
  const soft = new AbortController();
  if (stopped === 'cancel') soft.abort(stopped);
  const clock = handClock();
  const engine = agentEngine(codex, {
    root: join(root, 'workspace'),
    environ: { PATH: process.env.PATH, HOME: root },
    secrets: [],
    tmp: join(root, 'tmp'),
    config: { command: ['/bin/sh', program] },
    clock,
    validate: () => [],
    pauses: {
      ladder: { interruptMs: 100, terminateMs: 100 },
      sweep: { graceMs: 50, pollMs: 10 },
      drainMs: 1_000,
    },
    transcript: () => ({
      write: (file, bytes) => {
        files[file] = (files[file] ?? '') + Buffer.from(bytes as Uint8Array).toString('latin1');
      },
      close: () => {},
    }),
    mark: () => mark,
    ...deps,
  });
  const done = engine.attempt(
    job({ idleTimeoutMs: 60_000, ...ask }),
    {
      chatter: (chatter) => said.push(chatter),
      session: (id) => {
        sessions.push(id);
        if (stopped === 'timeout') soft.abort(stopped);
      },
    },
    { soft: soft.signal, hard: new AbortController().signal },
  );
  await meanwhile?.(clock);
  const outcome = await done;
  return { outcome, said, sessions, files, survivors: await findMarked(attemptPattern(mark)) };
}

const made = (name: string) => join(root, 'workspace', name);

/** Shell that says it has come this far. */
const meet = ': > met;';

function met(): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(join(root, 'workspace'), () => look());
    const look = (): void => {
      if (!existsSync(made('met'))) return;
      watcher.close();
      resolve();
    };
    look();
  });
}

describe('an engine', () => {
  it('gets its prompt whole over standard input, which is then closed', async () => {
    const prompt = `${'a long prompt, '.repeat(150_000)}end`;
    const { outcome } = await ran(`cat > prompt.txt\n${well}`, { prompt });
    expect(outcome).toMatchObject({ ok: true, values: { text: 'hello', session: 't-1', engine: 'codex' } });
    expect(readFileSync(made('prompt.txt'), 'utf8')).toBe(prompt);
  });

  it('may end without reading it', async () => {
    const { outcome } = await ran(`exec <&-\n${well}`, { prompt: 'x'.repeat(1_000_000) });
    expect(outcome.ok).toBe(true);
  });

  it('is not believed when it says that all went well and exits otherwise', async () => {
    const { outcome } = await ran(`${well}\necho sorry >&2; exit 3`);
    expect(outcome).toMatchObject({
      ok: false,
      failure: { reason: 'exit-code', 'exit-code': 3, message: expect.stringContaining('sorry') },
    });
  });

  it('is not believed when it exits well and says nothing', async () => {
    expect((await ran('exit 0')).outcome).toMatchObject({ ok: false, failure: { reason: 'exit-code' } });
  });

  it('may print what it likes in between: binary, huge lines, halves', async () => {
    const noise = `printf '\\377\\376\\000{"type":\\n'; head -c 12000000 /dev/zero | tr '\\0' x; echo`;
    const { outcome, files } = await ran(`${noise}\n${well}\nprintf '{"type":"turn'`);
    expect(outcome).toMatchObject({ ok: true, values: { text: 'hello' } });
    expect(files['events.jsonl']?.length).toBeGreaterThan(12_000_000);
    // The transcript has the bytes as they came.
    expect(files['events.jsonl']?.slice(0, 3)).toBe('\xff\xfe\0');
  });

  it('whose answer is a line too long to be read is not said to have refused', async () => {
    const huge = `printf '{"type":"item.completed","item":{"type":"agent_message","text":"'; head -c 12000000 /dev/zero | tr '\\0' x; echo '"}}'`;
    const { outcome } = await ran(`${says(hello[0] ?? '')}\n${huge}\n${says(over)}`);
    expect(outcome).toMatchObject({
      failure: { reason: 'internal', message: expect.stringContaining('a line of 11 MiB') },
    });
  });

  it('that hangs after a line too long to be read is ended, whatever tool call it may have closed', async () => {
    const tool = '{"type":"item.started","item":{"id":"i-1","type":"command_execution","command":"x"}}';
    const huge = `head -c 12000000 /dev/zero | tr '\\0' x; echo`;
    const script = `${says(tool)}\n${huge}; ${meet} sleep 600`;
    const { outcome } = await ran(script, {}, {}, undefined, async (clock) => {
      await met();
      await clock.armed(60_000);
      clock.pass();
    });
    expect(outcome).toMatchObject({ failure: { reason: 'idle-timeout' } });
  });

  it('that prints half a line and hangs is ended', async () => {
    const script = `printf '{"type":"thr'; ${meet} sleep 600`;
    const { outcome, survivors } = await ran(script, {}, {}, undefined, async (clock) => {
      await met();
      clock.pass();
    });
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'idle-timeout' } });
    expect(survivors).toEqual([]);
  });

  it('that goes on printing garbage gives no sign of life', async () => {
    const arms: number[] = [];
    const script = `for i in 1 2 3 4 5 6 7 8 9; do echo still here; done; ${meet} sleep 600`;
    const { outcome } = await ran(script, {}, {}, undefined, async (clock) => {
      const { after } = clock;
      clock.after = (ms, then) => {
        arms.push(ms);
        return after(ms, then);
      };
      await met();
      clock.pass();
    });
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'idle-timeout' } });
    expect(arms).toEqual([]);
  });

  it('that has said how its turn ended and stays is ended, and believed', async () => {
    const { outcome, survivors } = await ran(`${well}\nsleep 600`, {}, {}, undefined, async (clock) => {
      await clock.armed(30_000);
      clock.pass();
    });
    expect(outcome).toMatchObject({ ok: true, values: { text: 'hello' } });
    expect(survivors).toEqual([]);
  });

  it('that ignores every signal but the last is ended', async () => {
    const stubborn = `trap '' INT TERM\n${says(...hello)}\nwhile :; do sleep 0.05; done`;
    const { outcome, survivors } = await ran(stubborn, {}, {}, 'timeout');
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'timeout' }, values: { text: 'hello' } });
    expect(survivors).toEqual([]);
  });

  it('that leaves a daemon on its pipes is over when it exits', async () => {
    const { outcome, survivors } = await ran(`${well}\nsetsid sleep 600 & exit 0`);
    expect(outcome.ok).toBe(true);
    expect(survivors).toEqual([]);
  });

  it('that was canceled before it started does not start', async () => {
    const { outcome } = await ran(`echo > started.txt\n${well}`, {}, {}, 'cancel');
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'interrupted' } });
    expect(existsSync(made('started.txt'))).toBe(false);
  });

  it('leaves nothing in the temporary directory', async () => {
    await ran(`echo > "$TMPDIR/left"\n${well}`);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  const named = '`engines.codex.command` in .codemachine/config.yml';
  it.each([
    ['is not there', 'missing', undefined, `which ${named} names`, 'correct it there'],
    ['may not be executed', 'engine.sh', undefined, 'may not be executed', 'chmod +x'],
    ['is a directory', 'workspace', undefined, 'is a directory', named],
    [
      'has a first line that leads nowhere',
      'fake',
      '#!/no/such/sh\n',
      'begins with `#!/no/such/sh`',
      'first line',
    ],
    ['has a line end of Windows', 'fake', '#!/bin/sh\r\n', 'begins with `#!/bin/sh\\r`', 'LF'],
    [
      'starts nothing in the end',
      'fake',
      '#!/bin/sh\nexit 127\n',
      'exit code 127',
      `--version\` works in a terminal; ${named}`,
    ],
    [
      'is something else',
      'fake',
      '#!/bin/sh\necho hello; exit 3\n',
      '(exit code 3): hello',
      'check the step',
    ],
  ])('that %s is said to be that, with what to do', async (_, name, text, message, help) => {
    const program = join(root, name);
    if (text !== undefined) writeFileSync(program, text, { mode: 0o755 });
    const config = { command: [program], commandFrom: '.codemachine/config.yml' };
    const { outcome } = await ran('', {}, { config });
    expect(outcome).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining(message), help: expect.stringContaining(help) },
    });
    const said = outcome.ok ? '' : outcome.failure.message;
    expect(said).toContain(text?.includes('exit') === true ? 'exit code' : program);
  });

  it('that needs a directory which leads out of the workspace is not started', async () => {
    const { outcome } = await ran(well, { cwd: '../tmp' });
    expect(outcome).toMatchObject({ ok: false, failure: { reason: 'config' } });
  });

  it('is named once, though it was asked twice', async () => {
    let asked = 0;
    const validate = () => (++asked === 1 ? ['it is not right'] : []);
    const answer = says(hello[0] ?? '', (hello[1] ?? '').replace('"hello"', '"{}"'), over);
    const { outcome, sessions, files } = await ran(answer, { schema: { type: 'object' } }, { validate });
    expect(outcome).toMatchObject({ ok: true, values: { output: {} } });
    expect(sessions).toEqual(['t-1']);
    expect(files['prompt.md']).toContain('it is not right');
  });
});

describe('a secret', () => {
  it('is masked before anything is kept or read, wherever the output is cut', async () => {
    const secret = 'very-secret-value';
    const script = [
      `printf '{"type":"item.completed","item":{"type":"agent_message","text":"it is very-se'`,
      `printf 'cret-value"}}\\n'`,
      says(over),
      'echo very-secret-value >&2',
    ].join('\n');
    const ranWith = await ran(script, { prompt: `use ${secret}` }, { masker: makeMasker([secret]) });
    expect(ranWith.outcome).toMatchObject({ ok: true, values: { text: 'it is ***' } });
    expect(JSON.stringify(ranWith)).not.toContain(secret);
    expect(ranWith.files['stderr.log']).toBe('***\n');
  });

  it('that an event spells in a way of its own is masked once it is read', async () => {
    const spelled = `{"type":"item.completed","item":{"type":"agent_message","text":"\\u0076ery-secret-value"}}`;
    const script = `cat > /dev/null; cat << 'END'\n${spelled}\n${over}\nEND`;
    const { outcome, files } = await ran(script, {}, { masker: makeMasker(['very-secret-value']) });
    expect(outcome).toMatchObject({ ok: true, values: { text: '***' } });
    expect(files['answer.json']).not.toContain('very-secret-value');
  });
});

describe('a program that an earlier step left in the workspace', () => {
  it('is not taken for the engine, although PATH has a relative place', async () => {
    const planted = join(root, 'workspace', 'codex');
    writeFileSync(planted, `#!/bin/sh\n${well}\n`);
    chmodSync(planted, 0o755);
    const { outcome } = await ran('', {}, { config: {}, environ: { PATH: '.:/nowhere', HOME: root } });
    expect(outcome).toMatchObject({
      ok: false,
      failure: { reason: 'spawn', message: 'codex: there is no `codex` in PATH' },
    });
  });
});

describe('a look for an engine', () => {
  const look = (script: string, timeoutMs = 10_000, command?: string[], clock = handClock()) => {
    const program = join(root, 'codex');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    return findEngine(codex, {
      config: command === undefined ? {} : { command },
      environ: { PATH: `${root}:${process.env.PATH}`, SECRET_TOKEN: 'canary' },
      root,
      mark: makeMark(undefined, { run: `look-${process.pid}`, epoch: 1, directory: String(++marks) }),
      timeoutMs,
      clock,
    });
  };

  it('finds it in PATH, with its version', async () => {
    expect(await look('echo "codex-cli 1.2.3"')).toEqual({
      found: true,
      path: join(root, 'codex'),
      version: '1.2.3',
    });
  });

  it('shows it no more than an attempt would', async () => {
    expect(await look('echo "1.0.0-$SECRET_TOKEN"')).toMatchObject({ version: '1.0.0-' });
  });

  it('says how to install it, or where it was configured', async () => {
    const deps = { environ: { PATH: '/nowhere' }, root, mark: '', timeoutMs: 1, clock: handClock() };
    expect(await findEngine(codex, { ...deps, config: {} })).toMatchObject({
      found: false,
      message: 'there is no `codex` in PATH',
      help: expect.stringContaining('npm install -g @openai/codex'),
    });
    const config = { command: ['no-such-engine'], commandFrom: 'config.yml' };
    expect(await findEngine(codex, { ...deps, config })).toMatchObject({
      found: false,
      message: 'there is no `no-such-engine` in PATH, which `engines.codex.command` in config.yml names',
      help: expect.stringContaining('take the key out'),
    });
  });

  it('does not wait for one that hangs', async () => {
    const clock = handClock();
    const looked = look('sleep 600', 300, undefined, clock);
    await clock.armed(300);
    clock.pass();
    expect(await looked).toMatchObject({
      found: false,
      message: expect.stringContaining('300 ms'),
    });
  });

  it('quotes one that fails', async () => {
    expect(await look('echo "wrong libc" >&2; exit 1')).toMatchObject({
      found: false,
      message: expect.stringContaining('wrong libc'),
    });
  });
});

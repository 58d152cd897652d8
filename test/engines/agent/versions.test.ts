// Finds out which version of an engine is at work, and is never in its way.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentEngine } from '../../../src/engines/agent.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import { makeMark } from '../../../src/engines/mark.ts';
import { identityOf, versionMemory } from '../../../src/engines/version-memory.ts';
import type { EngineVersion } from '../../../src/model/engine-version.ts';
import type { Clock, Outcome } from '../../../src/model/ports.ts';
import { job } from '../dialects/streams.ts';
import { handClock } from './hand-clock.ts';

let root: string;
let bin: string;
let cache: string;
let heard: EngineVersion[];
let soft: AbortController;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-versions-')));
  for (const name of ['workspace', 'tmp', 'bin']) mkdirSync(join(root, name));
  bin = join(root, 'bin', 'codex');
  cache = join(root, '.cache', 'codemachine', 'engine-versions.json');
  heard = [];
  soft = new AbortController();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A runner that is new, as another run has it. */
function runner(secrets: readonly string[] = [], clock: Clock = handClock()): () => Promise<Outcome> {
  const environ = { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, HOME: root, OPENAI_API_KEY: 'canary' };
  const versions = versionMemory(environ);
  const engine = agentEngine(codex, {
    ...{ root: join(root, 'workspace'), environ, secrets, tmp: join(root, 'tmp'), config: {} },
    ...(versions === undefined ? {} : { versions }),
    clock,
    validate: () => [],
    transcript: () => ({ write: () => undefined, close: () => undefined }),
    mark: () => makeMark(undefined, { run: `versions-${process.pid}`, epoch: 1, directory: 'one' }),
  });
  const hear = {
    chatter: () => undefined,
    session: () => undefined,
    version: (version: EngineVersion) => void heard.push(version),
  };
  return () => engine.attempt(job({}), hear, { soft: soft.signal, hard: new AbortController().signal });
}

const WELL = `echo '{"type":"thread.started","thread_id":"t-1"}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"hello"}}'
{ meanwhile; } > /dev/null
echo '{"type":"turn.completed","usage":{"input_tokens":5,"cached_input_tokens":1,"output_tokens":2}}'
`;

/** A program that does `asked` when it is asked for its version; `meanwhile` is what an attempt waits for before it ends. */
function program(asked: string, meanwhile = 'true', otherwise = WELL): void {
  mkdirSync(dirname(bin), { recursive: true });
  writeFileSync(
    bin,
    `#!/bin/sh
if [ "$1" = --version ]; then echo asked >> '${root}/asked'; env >> '${root}/env'; ${asked}; exit; fi
meanwhile() { ${meanwhile}; }
cat > /dev/null
${otherwise}`,
  );
  chmodSync(bin, 0o755);
}

/** The attempt ends when the version is known for good. */
const KEPT = `until [ -e "$HOME/.cache/codemachine/engine-versions.json" ]; do sleep 0.01; done`;
const asked = (): number =>
  existsSync(join(root, 'asked')) ? readFileSync(join(root, 'asked'), 'utf8').trim().split('\n').length : 0;
const NEW = { version: '9.0.0', untested: 'is newer than what was measured (0.169.0)' };

describe('the version of an engine whose output does not name it', () => {
  it('is asked for once, and again when the program is another one', async () => {
    program('echo codex-cli 9.0.0', KEPT);
    const attempt = runner(['OPENAI_API_KEY']);
    expect(await attempt()).toMatchObject({ ok: true });
    await attempt();
    expect(heard).toEqual([NEW]);
    await runner()();
    expect(heard).toEqual([NEW, NEW]);
    expect(asked()).toBe(1);
    const kept = readFileSync(cache, 'utf8');
    expect(kept).toContain('9.0.0');
    expect(kept).not.toMatch(/canary|codex|\//);
    expect(readFileSync(join(root, 'env'), 'utf8')).not.toContain('canary');
    expect(readdirSync(dirname(cache))).toEqual(['engine-versions.json']);

    rmSync(cache);
    program('echo codex-cli 0.169.7', KEPT);
    utimesSync(bin, 1, 1);
    await runner()();
    expect(heard.at(-1)).toEqual({ version: '0.169.7' });
    expect(asked()).toBe(2);
  });

  it.each(['@openai/codex', '@someone/else'])(
    'is what the package %s says, if it is its own',
    async (name) => {
      const real = join(root, 'lib', 'codex', 'bin', 'codex.js');
      bin = real;
      program('exit 1');
      writeFileSync(join(root, 'lib', 'codex', 'bin', 'package.json'), '{"type":"module"}');
      writeFileSync(join(root, 'lib', 'codex', 'package.json'), JSON.stringify({ name, version: '9.0.0' }));
      symlinkSync(real, join(root, 'bin', 'codex'));
      expect(await runner()()).toMatchObject({ ok: true });
      const own = name === '@openai/codex';
      expect(heard).toEqual(own ? [NEW] : []);
      if (own) expect(asked()).toBe(0);
    },
  );

  it('is not waited for where the attempt goes well', async () => {
    program(`: > '${root}/waiting'; exec sleep 600`, `until [ -e "$HOME/waiting" ]; do sleep 0.01; done`);
    expect(await runner()()).toMatchObject({ ok: true });
    expect(heard).toEqual([]);
  });

  it('is not waited for where the attempt is stopped', async () => {
    const stalls = `echo '{"type":"thread.started","thread_id":"t-1"}'\nexec sleep 600\n`;
    program(`: > '${root}/waiting'; exec sleep 600`, 'true', stalls);
    const attempt = runner()();
    const until = new Promise<void>((resolve) => {
      const look = (): void => (existsSync(join(root, 'waiting')) ? resolve() : void setImmediate(look));
      look();
    });
    await until;
    soft.abort('cancel');
    expect(await attempt).toMatchObject({ ok: false, failure: { reason: 'interrupted' } });
    expect(heard).toEqual([]);
  });

  it.each(['unexpected argument', ''])('is told with a failure that it may explain: %j', async (words) => {
    program('echo codex-cli 0.1.0', 'true', `printf '${words}' >&2; exit 2\n`);
    const outcome = await runner()();
    expect(outcome).toMatchObject({ ok: false });
    expect(JSON.stringify(outcome)).toContain(words);
    expect(heard).toEqual([{ version: '0.1.0', untested: 'is older than what was measured (0.169.0)' }]);
  });

  it('keeps a failure waiting for no longer than a moment', async () => {
    program('exec sleep 600', 'true', 'echo "error: unexpected argument --json" >&2; exit 2\n');
    const clock = handClock();
    const passing: Clock = {
      now: clock.now,
      after: (ms, then) => {
        if (ms === 2_000) setImmediate(then);
        return clock.after(ms, then);
      },
    };
    expect(JSON.stringify(await runner([], passing)())).toContain('unexpected argument');
    expect(heard).toEqual([]);
  });

  it('is nothing where it is not said, and then it is not asked for twice', async () => {
    program('echo no version; exit 3', 'true', 'exit 2\n');
    const attempt = runner();
    await attempt();
    await attempt();
    expect(heard).toEqual([]);
    expect(asked()).toBe(1);
    expect(existsSync(cache)).toBe(false);
  });
});

describe('the memory', () => {
  const NOW = Date.UTC(2026, 0, 2);
  const memory = (): NonNullable<ReturnType<typeof versionMemory>> => {
    const made = versionMemory({ XDG_CACHE_HOME: join(root, '.cache') });
    if (made === undefined) throw new Error('there is no place');
    return made;
  };
  const identity = (): string => {
    program('true');
    return identityOf(bin, ['--key', 'canary']) ?? '';
  };

  it('passes over what is none of it, and takes its place', () => {
    const one = identity();
    const at = new Date(NOW).toISOString();
    mkdirSync(dirname(cache), { recursive: true });
    const junk = [
      ...['', '{', 'null', '[]', '{"versions":null}', '{"versions":[1]}', '{"versions":{"x":null}}'],
      ...[
        { version: 7, at },
        { version: 'rm -rf', at },
        { version: '1.2.3' },
        { version: '1.2.3', at: 'soon' },
      ].map((known) => JSON.stringify({ versions: { [one]: known } })),
      ' '.repeat(300_000),
    ];
    for (const text of junk) {
      writeFileSync(cache, text);
      expect(memory().recall(one, NOW), text.slice(0, 80)).toBeUndefined();
      memory().keep(one, '1.2.3', NOW);
      expect(memory().recall(one, NOW)).toBe('1.2.3');
    }
    expect(readFileSync(cache, 'utf8')).not.toContain('canary');
  });

  it('trusts nothing for longer than a day, for what is behind a launcher may change', () => {
    const one = identity();
    memory().keep(one, '1.2.3', NOW);
    expect(memory().recall(one, NOW + 86_399_999)).toBe('1.2.3');
    expect(memory().recall(one, NOW + 86_400_000)).toBeUndefined();
    expect(memory().recall(one, NOW - 1)).toBeUndefined();
  });

  it('keeps the newest hundred, and is not kept where it cannot be', () => {
    const many = Array.from({ length: 102 }, (_, index) => index.toString(16).padStart(64, '0'));
    for (const [index, one] of many.entries()) memory().keep(one, '1.2.3', NOW + index);
    expect(many.filter((one) => memory().recall(one, NOW + 200) !== undefined)).toEqual(many.slice(2));
    expect(versionMemory({ XDG_CACHE_HOME: 'relative', HOME: '' })).toBeUndefined();
    rmSync(dirname(cache), { recursive: true });
    writeFileSync(dirname(cache), 'a file');
    memory().keep(identity(), '1.2.3', NOW);
    expect(memory().recall(identity(), NOW)).toBeUndefined();
    expect(readFileSync(dirname(cache), 'utf8')).toBe('a file');
  });
});

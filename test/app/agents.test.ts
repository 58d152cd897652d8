// Runs workflows of real agents through the built program, against the scripted model.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Event, Usage } from '../../src/model/event.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { usagePerReply } from '../support/model-server/reply.ts';
import type { Project } from '../support/repository.ts';
import { agentProject, type EnginesOptions, missingEngines, transcripts } from './engines.ts';

let server: ModelServer;
const projects: Project[] = [];

beforeAll(async () => {
  built();
  server = await startModelServer();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await server.close();
  for (const project of projects) project.remove();
});

const MODEL = 'gpt-6.1-sol';

function project(workflow: string, options?: EnginesOptions): Project {
  const made = agentProject(server, { 'flow.yml': workflow }, options);
  projects.push(made);
  return made;
}

/** What so many whole replies of the scripted model cost. */
function replies(count: number): Omit<Usage, 'usd'> {
  const { input, cached, output } = usagePerReply;
  return {
    'input-tokens': count * (input + cached),
    'cached-tokens': count * cached,
    'output-tokens': count * output,
  };
}

const TWO_AGENTS = `
name: two-agents
steps:
  - id: edit
    engine: claude-code
    access: write
    prompt: |
      Write it down. CANARY-IN-PROMPT
      SCENARIO:edit {"path":"notes.txt","content":"new notes\\n","say":"Written."}
  - id: read
    engine: codex
    model: ${MODEL}
    access: read
    prompt: |
      Tell what the file says.
      SCENARIO:shell {"command":"cat notes.txt","answer":{"notes":"$output"}}
    output:
      type: object
      required: [notes]
      additionalProperties: false
      properties: { notes: { type: string } }
  - id: use
    run: |
      printf 'the notes say: %s\\n' "$NOTES" | tee said.txt
      echo "length=\${#NOTES}" >> "$CODEMACHINE_OUTPUT"
    env: { NOTES: "\${{ steps.read.output.notes }}" }
    outputs: { length: number }
outputs:
  notes: steps.read.output.notes
  length: steps.use.outputs.length
`;

// A wrapper notes how the engine was called, so that it can be seen that no prompt stands on a command line.
const NOTING = ['bash', '-c', 'printf "%s\\n" "$@" >> "$LC_ARGV_LOG"; exec "$0" "$@"'];

describe.skipIf(missingEngines.length > 0)(`agents ${missingEngines.join('; ')}`, () => {
  it('runs one agent that edits, one that reads and answers, and a shell step that uses the answer', async () => {
    const p = project(TWO_AGENTS);
    const { code, stdout, stderr } = await cli(p, ['run', 'flow.yml', '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const events = strictEvents(stdout);
    expect(p.read('notes.txt')).toBe('new notes\n');
    expect(p.read('said.txt')).toBe('the notes say: new notes\n');
    const [done] = of(events, 'run-finished');
    expect(done).toMatchObject({ status: 'succeeded', outputs: { notes: 'new notes', length: 9 } });
    expect(done?.usage).toEqual({ ...replies(4), usd: null });
    const [edit, read, use] = of(events, 'step-succeeded');
    expect(edit?.usage).toMatchObject(replies(2));
    expect(edit).toMatchObject({ step: 'edit', engine: 'claude-code', text: 'Written.' });
    expect(read?.usage).toEqual({ ...replies(2), usd: null });
    expect(read).toMatchObject({
      step: 'read',
      engine: 'codex',
      model: MODEL,
      output: { notes: 'new notes' },
    });
    expect(use).toMatchObject({ step: 'use', 'exit-code': 0, outputs: { length: 9 } });
    const sessions = of(events, 'session-opened').map(({ step, engine, session }) => [step, engine, session]);
    expect(sessions).toEqual([
      ['edit', 'claude-code', edit?.session],
      ['read', 'codex', read?.session],
    ]);
    const files = transcripts(p, String(done?.run));
    expect(Object.keys(files).sort()).toEqual(
      expect.arrayContaining([
        'edit.1/answer.json',
        'edit.1/events.jsonl',
        'edit.1/prompt.md',
        'read.1/answer.json',
        'read.1/events.jsonl',
        'read.1/prompt.md',
        'use.1/stdout.log',
      ]),
    );
    expect(files['edit.1/prompt.md']).toContain('CANARY-IN-PROMPT');
    const diff = await cli(p, ['diff', '@last']);
    expect(diff.stdout).toMatch(/^diff --git a\/notes.txt b\/notes.txt\n/);
    expect(diff.stdout.split('\n').filter((line) => /^[+-](?![+-])/.test(line))).toEqual([
      '-old notes',
      '+new notes',
      '+the notes say: new notes',
    ]);
    expect(JSON.parse((await cli(p, ['diff', '@last', 'edit', '--json'])).stdout)).toMatchObject({
      files: [{ path: 'notes.txt', status: 'modified', added: 1, removed: 1 }],
    });
    expect(p.git('status', '--short')).toBe(' M notes.txt\n?? said.txt\n');
  });

  it('never puts a prompt on a command line', async () => {
    const p = project(TWO_AGENTS);
    const log = path.join(p.base, 'argv.log');
    const config = p.read('.codemachine/config.yml');
    p.write(
      '.codemachine/config.yml',
      config.replaceAll(/command:\n\s+- (.*)\n/g, (_, command: string) => {
        const words = [...NOTING, command].map((word) => JSON.stringify(word));
        return `command: [${words.join(', ')}]\n`;
      }),
    );
    const { code, stderr } = await cli(p, ['run', 'flow.yml'], { env: { LC_ARGV_LOG: log } });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const said = readFileSync(log, 'utf8');
    expect(said).toContain('stream-json');
    expect(said).toContain('exec');
    expect(said).not.toMatch(/SCENARIO|CANARY|Write it down/);
  });

  it('falls back to the next engine where one is missing, and says so', async () => {
    const p = project(
      one('engine: [codex, claude-code]', 'SCENARIO:edit {"path":"b.txt","content":"b\\n"}'),
      {
        commands: { codex: ['/nowhere/codex'] },
      },
    );
    const { code, events } = await run(p);
    expect(code).toBe(0);
    expect(of(events, 'engine-changed')).toMatchObject([
      { step: 'work', from: 'codex', to: 'claude-code', because: expect.stringContaining('/nowhere/codex') },
    ]);
    expect(of(events, 'step-succeeded')).toMatchObject([{ engine: 'claude-code' }]);
    expect(p.read('b.txt')).toBe('b\n');
  });

  it('falls back to the next engine where one is not signed in', async () => {
    const p = project(
      one(
        'engine: [codex, claude-code]',
        'SCENARIO:fail-then-ok {"times":2,"with":"401","then":"text","say":"ok"}',
      ),
    );
    const { code, events } = await run(p);
    expect(of(events, 'engine-changed')).toMatchObject([{ from: 'codex', to: 'claude-code' }]);
    expect(of(events, 'step-failed')).toMatchObject([{ final: false, failure: { reason: 'auth' } }]);
    expect(code).toBe(0);
  });

  // Codex itself asks again, for the request and for the stream, as its configuration says.
  it.each([
    ['claude-code', 1],
    ['codex', 4],
  ])('tries %s again after an overload', async (engine, times) => {
    const p = project(
      one(
        `engine: ${engine}\n    retry: { attempts: 2, delay: 10ms }`,
        `SCENARIO:fail-then-ok {"times":${times},"with":"529","then":"text","say":"ok"}`,
      ),
    );
    const { code, events } = await run(p);
    expect(of(events, 'step-failed')).toMatchObject([
      { attempt: 1, final: false, failure: { reason: 'overloaded' } },
    ]);
    expect(of(events, 'retry-scheduled')).toMatchObject([{ step: 'work', attempt: 2 }]);
    expect(of(events, 'step-succeeded')).toMatchObject([{ attempt: 2, text: 'ok' }]);
    expect(of(events, 'run-finished')[0]?.usage).toMatchObject(replies(1));
    expect(code).toBe(0);
  });

  it.each(['claude-code', 'codex'])('ends %s at a wrong key with the way to sign in', async (engine) => {
    const { code, events } = await run(project(one(`engine: ${engine}`, 'SCENARIO:401')));
    expect(code).toBe(1);
    const [failed, ...more] = of(events, 'step-failed');
    expect(more).toEqual([]);
    expect(failed).toMatchObject({
      final: true,
      failure: { reason: 'auth', help: expect.stringMatching(/\w/) },
    });
  });

  it.each(['claude-code', 'codex'])('ends a silent %s at its idle timeout', async (engine) => {
    const p = project(
      one(`engine: ${engine}\n    idle-timeout: 2s\n    retry: { attempts: 1 }`, 'SCENARIO:hang'),
    );
    const { code, events } = await run(p);
    expect(code).toBe(1);
    expect(of(events, 'step-failed')).toMatchObject([{ final: true, failure: { reason: 'idle-timeout' } }]);
  });

  it.each(['claude-code', 'codex'])('lets %s repair an answer once', async (engine) => {
    const p = project(
      `${one(`engine: ${engine}`, 'SCENARIO:schema-broken {"broken":{"b":1},"answer":{"a":"mended"}}')}
    output: { type: object, required: [a], properties: { a: { type: string } } }
`,
    );
    const { code, events } = await run(p);
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded')).toMatchObject([{ attempt: 1, output: { a: 'mended' } }]);
  });

  it('undoes what a failed attempt left before the next one starts', async () => {
    const p = project(
      `
name: flow
steps:
  - id: work
    engine: claude-code
    access: full
    retry: { attempts: 2, delay: 10ms, on: [any] }
    prompt: 'SCENARIO:shell {"command":"ls > seen-$CODEMACHINE_ATTEMPT.txt; echo changed > notes.txt","say":"$output"}'
    output: { type: object, required: [a], properties: { a: { type: string } } }
`,
    );
    const { code, events } = await run(p);
    expect(code).toBe(1);
    expect(of(events, 'tree-restored')).toMatchObject([{ step: 'work', attempt: 1 }]);
    expect(p.read('seen-2.txt')).not.toContain('seen-1.txt');
    expect(existsSync(path.join(p.root, 'seen-1.txt'))).toBe(false);
    expect(p.read('notes.txt')).toBe('changed\n');
  });

  it('shows an agent nothing of the environment but what is allowed', async () => {
    const p = project(
      one('engine: claude-code', 'SCENARIO:shell {"command":"env | sort","say":"$output"}', 'full').replace(
        'steps:',
        'env: { FROM_FILE: visible }\nsteps:',
      ),
    );
    const { code, events } = await run(p, {
      CANARY_VARIABLE: 'canary-value',
      AWS_SECRET_ACCESS_KEY: 'canary-aws',
    });
    expect(code).toBe(0);
    const [{ text = '' } = {}] = of(events, 'step-succeeded');
    expect(text).toContain('FROM_FILE=visible');
    expect(text).toContain('CODEMACHINE_STEP=work');
    expect(text).not.toMatch(/canary/i);
  });
});

function one(keys: string, prompt: string, access = 'write'): string {
  return `
name: flow
steps:
  - id: work
    ${keys}
    access: ${access}
    prompt: '${prompt}'`;
}

async function run(
  p: Project,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stderr: string; events: readonly Event[] }> {
  const { code, stdout, stderr } = await cli(p, ['run', 'flow.yml', '--json'], { env });
  if (stdout === '') throw new Error(stderr);
  return { code, stderr, events: strictEvents(stdout) };
}

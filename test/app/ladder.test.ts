// What is tried when an engine cannot serve, through the built program.
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

const SESSION = '00000000-0000-4000-8000-000000000001';
const print = (...lines: readonly object[]) =>
  lines.map((line) => `echo '${JSON.stringify(line)}'`).join('\n');
const INIT = { type: 'system', subtype: 'init', session_id: SESSION, model: 'm' };
const WELL = print(
  INIT,
  {
    type: 'assistant',
    message: { id: 'r', model: 'm', content: [], usage: { input_tokens: 1, output_tokens: 1 } },
    session_id: SESSION,
  },
  {
    ...{
      type: 'result',
      subtype: 'success',
      is_error: false,
      num_turns: 1,
      result: 'done',
      session_id: SESSION,
    },
    ...{ usage: { input_tokens: 1, output_tokens: 1 }, terminal_reason: 'completed' },
  },
);
const usedUp = (resetsAt: number) =>
  print(
    INIT,
    { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt }, session_id: SESSION },
    {
      ...{ type: 'result', subtype: 'success', is_error: true, api_error_status: 429, num_turns: 1 },
      ...{ result: 'the limit is reached', terminal_reason: 'api_error', session_id: SESSION },
    },
  );

/** Puts a stand-in for Claude Code where the configuration names it. */
function engine(project: Project, script: string, name = 'claude'): string {
  const file = path.join(project.home, name);
  project.write(path.relative(project.root, file), `#!/bin/sh\ncat > /dev/null\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

function projectOf(workflow: string): Project {
  const project = projectWith({ w: workflow });
  const command = [path.join(project.home, 'claude')];
  project.write('.codemachine/config.yml', stringify({ engines: { 'claude-code': { command } } }));
  return project;
}

describe('an engine that replaces itself while it is started', () => {
  it('is started again, at no cost, and both are on record', async () => {
    const project = projectOf(
      'steps: [{ id: a, prompt: do it, access: read, engine: claude-code, retry: { attempts: 1 } }]',
    );
    const fresh = engine(project, WELL, 'fresh');
    engine(project, `mv '${fresh}' '${path.join(project.home, 'claude')}'\nexit 127`);
    const { code, stdout, stderr } = await say(project, 'run w --json');
    const events = strictEvents(stdout);
    expect(code, stderr).toBe(0);
    expect(of(events, 'step-failed')).toMatchObject([
      { attempt: 1, final: false, failure: { reason: 'spawn', updating: true } },
    ]);
    expect(of(events, 'retry-scheduled')).toHaveLength(1);
    expect(of(events, 'step-succeeded')).toMatchObject([{ attempt: 2 }]);
  });
});

describe('a quota that is used up, with --park', () => {
  it('parks the run until then; a resume before that parks again, and asks nobody', async () => {
    const project = projectOf(
      'steps: [{ id: a, prompt: do it, access: read, engine: claude-code, quota-wait: 720h }, { id: b, run: echo b > b.txt, needs: [] }]',
    );
    const reset = Math.floor(Date.now() / 1000) + 86_400;
    const until = new Date(reset * 1000).toISOString();
    engine(project, usedUp(reset));
    const first = await say(project, 'run w --json --park');
    expect(first.code, first.stderr).toBe(3);
    expect(project.read('b.txt')).toBe('b\n');
    expect(strictEvents(first.stdout).at(-1)).toMatchObject({ type: 'run-parked', reason: 'quota', until });
    const status = await say(project, 'status @last');
    expect(status.stdout).toContain(
      `is parked (quota until ${until.slice(0, 10)} ${until.slice(11, 19)} UTC)`,
    );
    expect((await say(project, 'runs')).stdout).toContain('parked');
    const json: unknown = JSON.parse((await say(project, 'status @last --json')).stdout);
    expect(json).toMatchObject({
      parked: { until },
      engines: [{ engine: 'claude-code', reason: 'quota', until }],
    });
    engine(project, WELL);
    const again = await say(project, 'resume @last --json --park');
    expect(again.code).toBe(3);
    expect(of(strictEvents(again.stdout), 'step-started')).toEqual([]);
  });
});

// Runs workflows of engines that the configuration declares, through the built program.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

const CONFIG = `
engines:
  my-agent:
    command: [sh, /tools/agent.sh]
    output: jsonl
    map: { text: result, session: id, input-tokens: usage.in, output-tokens: usage.out, usd: cost, error: error.message }
    access: { read: [--read-only], write: [--edit] }
    session: { continue: [--resume, "{session}"] }
    model: [--model, "{model}"]
    env: { FLAVOR: vanilla }
  flaky:
    command: [sh, -c, 'cat "$1" >/dev/null; echo "You are not signed in." >&2', flaky, "{prompt-file}"]
    prompt: file
    access: { write: [] }
    failure: [{ match: "^You are not signed in", reason: auth }]
  plain: { command: [sh, -c, 'printf "I read: "; cat'], access: { read: [] } }
`;

/** Notes its arguments, its environment; edits where it may; answers with a line that costs something. */
const AGENT = `
echo "$*" >> "$HOME/args"; env > "$HOME/env"; prompt=$(cat)
case "$1" in --edit) echo edited >> a.txt;; esac
case "$prompt" in *KILL*) [ -e "$HOME/killed" ] || {
  : > "$HOME/killed"; echo '{"id":"s-1","usage":{"in":70,"out":7}}'
  until cat .codemachine/state/runs/*/*/events.jsonl | grep -q 70; do sleep 0.01; done; kill -9 $PPID; exit; } ;; esac
printf '{"id":"s-1"}\\nnoise\\n{"result":"You said: %s","usage":{"in":100,"out":10},"cost":0.25}\\n' "$(echo "$prompt" | head -1)"
`;

function declaring(workflow: string): Project {
  const project = projectWith({ flow: workflow });
  const tool = path.join(project.home, 'agent.sh');
  writeFileSync(tool, AGENT);
  project.write('.codemachine/config.yml', CONFIG.replace('/tools/agent.sh', tool));
  project.git('add', '-A');
  project.git('commit', '-qm', 'config');
  return project;
}

const home = (project: Project, name: string): string => readFileSync(path.join(project.home, name), 'utf8');

describe('engines that the configuration declares', () => {
  it('do the work of steps, fall back, go on in sessions, and are paid for', async () => {
    const project = declaring(`
secrets: [AGENT_KEY]
inputs: { who: { type: choice, options: [plain, my-agent], default: plain } }
steps:
  - id: look
    engine: my-agent
    access: read
    model: big
    prompt: Look.
    env: { KEY: "\${{ secrets.AGENT_KEY }}" }
  - id: fix
    engine: [flaky, my-agent]
    access: write
    prompt: Fix it.
  - id: more
    engine: my-agent
    access: read
    session: { continue: look }
    prompt: More.
  - id: tell
    engine: "\${{ inputs.who }}"
    access: read
    prompt: "Tell \${{ steps.more.text }}"
`);
    const env = { AGENT_KEY: 'canary-of-mine', OTHER_KEY: 'canary-of-others' };
    const { code, stdout, stderr } = await cli(project, ['run', 'flow', '--json'], { env });
    expect(code, stderr).toBe(0);
    const events = strictEvents(stdout);
    expect(ends(events)).toMatchObject({
      look: 'succeeded',
      fix: 'succeeded',
      more: 'succeeded',
      tell: 'succeeded',
    });
    expect(of(events, 'engine-changed')[0]).toMatchObject({ from: 'flaky', to: 'my-agent' });
    expect(of(events, 'step-failed')[0]).toMatchObject({
      failure: { reason: 'auth', message: 'You are not signed in.' },
    });
    const done = Object.fromEntries(of(events, 'step-succeeded').map((event) => [event.step, event]));
    expect(done['look']).toMatchObject({
      ...{ engine: 'my-agent', model: 'big', text: 'You said: Look.' },
      usage: { 'input-tokens': 100, 'output-tokens': 10, 'cached-tokens': 0, usd: 0.25 },
    });
    expect(done['tell']).toMatchObject({ engine: 'plain', text: 'I read: Tell You said: More.' });
    expect(home(project, 'args')).toBe('--read-only --model big\n--edit\n--read-only --resume s-1\n');
    expect(home(project, 'env')).toContain('FLAVOR=vanilla');
    expect(home(project, 'env')).not.toContain('canary');
    expect(project.read('a.txt')).toBe('a\nedited\n');

    rmSync(path.join(project.home, 'args'));
    const again = await cli(project, ['run', 'flow', '--input', 'who=my-agent', '--json'], { env });
    expect(again.code, again.stderr).toBe(0);
    expect(home(project, 'args').split('\n')).toHaveLength(5);
  });

  it('go on after a crash as they were declared when the run started', async () => {
    const project = declaring(
      'steps:\n  - id: ask\n    engine: my-agent\n    access: read\n    prompt: KILL\n',
    );
    const killed = await say(project, 'run flow --json');
    expect(killed.signal).toBe('SIGKILL');
    project.write('.codemachine/config.yml', 'engines: {}\n');
    const { code, stdout, stderr } = await say(project, 'resume @last --json');
    expect(code, stderr).toBe(0);
    const events = strictEvents(stdout);
    expect(of(events, 'step-succeeded')[0]).toMatchObject({ engine: 'my-agent', text: 'You said: KILL' });
    // What the attempt had used that the crash ended is known from its transcript.
    expect(of(events, 'run-finished')[0]).toMatchObject({ usage: { 'input-tokens': 170 } });
    const fresh = await say(project, 'run flow');
    expect(fresh).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no engine `my-agent`'),
    });
  });

  it('are held to what is declared of them, and to the policy, before anything runs', async () => {
    const project = declaring('steps:\n  - id: ask\n    engine: plain\n    access: full\n    prompt: Hi.\n');
    const refused = await say(project, 'validate');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stdout).toContain('error[access-not-declared]');
    project.write(
      '.codemachine/workflows/flow.yml',
      'name: flow\nsteps:\n  - id: ask\n    engine: plian\n    access: read\n    prompt: Hi.\n',
    );
    expect((await say(project, 'validate --fix')).code).toBe(0);
    expect(project.read('.codemachine/workflows/flow.yml')).toContain('engine: plain');
    expect((await say(project, 'plan flow')).stdout).toContain('plain');
    project.write('.codemachine/config.yml', `${CONFIG}policy: { engines: [my-agent] }\n`);
    expect((await say(project, 'run flow')).stderr).toContain('the policy does not allow `engine: plain`');
  });

  it('are looked for and never started by those who only look', async () => {
    const project = declaring('steps: [{ run: "true" }]\n');
    writeFileSync(path.join(project.home, 'agent.sh'), ': > "$HOME/started"');
    project.write(
      '.codemachine/config.yml',
      'engines:\n  my-agent: { command: [./agent.sh], access: { read: [] } }\n  absent: { access: { read: [] } }\n',
    );
    project.write('agent.sh', '#!/bin/sh\n: > "$HOME/started"\n', 0o755);
    const findings = JSON.parse((await say(project, 'doctor --json')).stdout) as {
      what: string;
      state: string;
      found: string;
    }[];
    expect(findings.find(({ what }) => what === 'my-agent')).toMatchObject({
      state: 'ok',
      found: `declared in the configuration, at ${path.join(project.root, 'agent.sh')}`,
    });
    expect(findings.find(({ what }) => what === 'absent')).toMatchObject({
      ...{ state: 'missing', found: 'there is no `absent` in PATH' },
    });
    const engines = JSON.parse((await say(project, 'engines my-agent --json')).stdout) as unknown[];
    expect(engines).toMatchObject([
      { engine: 'my-agent', state: 'installed', capabilities: { schema: 'by-prompt' } },
    ]);
    expect((await say(project, 'engines my-agent')).stdout).toMatch(/installed +yes at .*agent\.sh/);
    expect(existsSync(path.join(project.home, 'started'))).toBe(false);
  });

  it('have their keys stored by name alone, and find them again when the run goes on', async () => {
    const key = 'k-0123456789';
    const project = declaring(
      'steps:\n  - id: ask\n    gate: { message: Go on? }\n  - id: work\n    needs: [ask]\n    engine: my-agent\n    access: read\n    prompt: Work.\n',
    );
    const settings = readFileSync(path.join(project.root, '.codemachine/config.yml'), 'utf8');
    const write = (value: string) =>
      project.write(
        '.codemachine/config.yml',
        settings.replace('{ FLAVOR: vanilla }', `{ FLAVOR: vanilla, AGENT_KEY: ${value} }`),
      );
    write(key);
    const parked = await say(project, 'run flow');
    expect(parked.code, parked.stderr).toBe(3);
    const state = path.join(project.root, '.codemachine/state');
    const stored = readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1').includes(key));
    expect(stored.map(({ name }) => name)).toEqual([]);
    write('k-of-today-1');
    const { code, stderr } = await say(project, 'approve @last --resume');
    expect(code, stderr).toBe(0);
    expect(home(project, 'env')).toMatch(/^AGENT_KEY=k-of-today-1$/m);
    expect(home(project, 'env')).toMatch(/^FLAVOR=vanilla$/m);
  });
});

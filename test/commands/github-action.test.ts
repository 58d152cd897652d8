// `action.yml`, made step by step as a job of GitHub Actions makes it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { ACTION, type Machine, runAction } from '../support/github-action.ts';
import type { Project } from '../support/repository.ts';
import { CANARY, PAYLOADS } from '../support/runner-payloads.ts';
import { projectWith } from './project.ts';

beforeAll(built);

const PRIVATE = { event: { repository: { private: true } } };

function machineOf(project: Project, more: Partial<Machine> = {}): Machine {
  const temp = mkdtempSync(path.join(project.base, 'runner-'));
  const artifacts = path.join(project.base, 'artifacts');
  mkdirSync(artifacts, { recursive: true });
  return { workspace: project.root, temp, artifacts, env: { ...project.environ }, github: PRIVATE, ...more };
}

const GREET = `
inputs: { who: { type: string, required: true } }
outputs: { greeting: "\${{ steps.say.stdout }}" }
steps:
  - id: say
    run: printf '%s' "hello $WHO"
    env: { WHO: "\${{ inputs.who }}" }
`;

describe('the action', () => {
  it('runs a workflow, and its outputs arrive in the next step', async () => {
    const project = projectWith({ greet: GREET });
    const who = `a\nb $(touch ${project.base}/pwned) \`x\` "`;
    const end = await runAction(machineOf(project), {
      ...{ workflow: 'greet', inputs: JSON.stringify({ who }), args: '--max-parallel 2' },
    });
    expect(end.failed).toBe(false);
    expect(end.outputs).toMatchObject({ status: 'succeeded', 'cost-usd': '0' });
    expect(JSON.parse(end.outputs['outputs'] ?? '')).toEqual({ greeting: `hello ${who}` });
    expect(end.outputs['run-id']).toMatch(/^\d{8}-\d{6}-/);
    expect(existsSync(path.join(project.base, 'pwned'))).toBe(false);
    expect(end.summaries.join('')).toContain('✅ <code>greet</code>: succeeded');
  });

  it('fails where the run does, and lets nobody else speak to the runner', async () => {
    const project = projectWith(
      { bad: 'secrets: [TOKEN]\nsteps:\n  - { id: one, run: "cat payloads; cat payloads >&2; exit 3" }\n' },
      { payloads: `${PAYLOADS.join('\n')}\n` },
    );
    const machine = machineOf(project);
    const end = await runAction(
      { ...machine, env: { ...machine.env, TOKEN: 's3cret-value' } },
      { workflow: 'bad' },
    );
    expect(end.failed).toBe(true);
    expect(end.outputs['status']).toBe('failed');
    // There is something to look at.
    expect(end.made.at(-1)).toBe('Keep the state');
    expect(new Set(end.runner.commands.map(({ name }) => name))).toEqual(
      new Set(['add-mask', 'group', 'endgroup', 'error']),
    );
    expect(end.runner.masks).toContain('s3cret-value');
    expect(end.jobEnv).toEqual({});
    expect(end.runner.annotations).toHaveLength(1);
    expect(JSON.stringify(end.runner.annotations[0]?.properties)).not.toContain(CANARY);
  });

  it('ends well where the run parks, and says so', async () => {
    const project = projectWith({ ask: 'steps:\n  - { id: ship, gate: { message: "ship it?" } }\n' });
    const end = await runAction(machineOf(project), { workflow: 'ask', state: 'none' });
    expect([end.failed, end.outputs['status']]).toEqual([false, 'parked']);
    expect(end.made).not.toContain('Keep the state');
    expect(end.runner.annotations).toMatchObject([{ kind: 'notice', properties: { title: 'ship asks' } }]);
  });

  it('says of a run that is refused that it was', async () => {
    const end = await runAction(machineOf(projectWith({ greet: GREET })), { workflow: 'greet' });
    expect([end.failed, end.outputs['status']]).toEqual([true, 'refused']);
    expect(end.text).toContain('who');
    const detached = await runAction(machineOf(projectWith({ greet: GREET })), {
      ...{ workflow: 'greet', inputs: '{"who": "x"}', args: '--detach' },
    });
    expect([detached.failed, detached.outputs['status']]).toEqual([true, 'refused']);
  });

  it('takes nothing for parked that has not said so, nor a shell that was killed for refused', async () => {
    const project = projectWith({ greet: GREET });
    const ended = async (last: string) => {
      const machine = machineOf(project, { installed: false });
      mkdirSync(path.join(machine.temp, 'bin'));
      const program = path.join(machine.temp, 'bin/codemachine');
      writeFileSync(program, `#!/bin/sh\n${last}\n`, { mode: 0o755 });
      const { failed, outputs } = await runAction(machine, { workflow: 'greet' });
      return [failed, outputs['status']];
    };
    expect(await ended('exit 3')).toEqual([true, 'refused']);
    expect(await ended('kill -KILL $PPID')).toEqual([true, 'interrupted']);
  });

  it('ends the run as Ctrl-C would where the job is canceled, and keeps its state', async () => {
    const project = projectWith({ long: 'steps:\n  - { id: one, run: "echo begun; exec sleep 600" }\n' });
    let shell = 0;
    const end = await runAction(
      machineOf(project, {
        started: (_, pid) => {
          shell = pid;
        },
        said: (text) => {
          if (text.includes('| begun')) process.kill(shell, 'SIGINT');
        },
      }),
      { workflow: 'long' },
    );
    expect([end.failed, end.outputs['status'], end.made.at(-1)]).toEqual([
      true,
      'interrupted',
      'Keep the state',
    ]);
  });

  it('installs the version that is asked for, and its own where there is none', async () => {
    const project = projectWith({});
    const npm = '#!/bin/sh\nprintf \'%s\\n\' "$*" > npm-args\nexit 1\n';
    const asked = async (given: Record<string, string>) => {
      const machine = machineOf(project, { installed: false });
      mkdirSync(path.join(machine.temp, 'bin'));
      writeFileSync(path.join(machine.temp, 'bin/npm'), npm, { mode: 0o755 });
      expect((await runAction(machine, { workflow: 'w', ...given })).failed).toBe(true);
      return readFileSync(path.join(project.root, 'npm-args'), 'utf8').trim().split(' ').at(-1);
    };
    const { version } = JSON.parse(
      readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'),
    ) as {
      version: string;
    };
    expect(await asked({ version: '9.9.9-rc.1' })).toBe('codemachine@9.9.9-rc.1');
    expect(await asked({})).toBe(`codemachine@${version}`);
  });
});

const PUBLIC = { event: { repository: { private: false } } };

describe('before anything runs', () => {
  it('the action refuses what is not whole, and state that everybody could read', async () => {
    const machine = machineOf(projectWith({ w: 'steps: [{ run: "true" }]\n' }));
    const cases: readonly (readonly [Record<string, string>, (typeof PUBLIC | object)?, string?])[] = [
      [{ workflow: 'w', resume: '20261120-141503-bcdf' }],
      [{}],
      [{ resume: '../../x' }],
      [{ workflow: 'w', version: 'file:../x' }],
      [{ workflow: 'w', version: '--global' }],
      [{ workflow: 'w', approve: 'ship' }],
      [{ workflow: 'w', state: 'all' }],
      [{ workflow: 'w' }, PUBLIC],
      // An event that does not say whose repository it is.
      [{ workflow: 'w' }, {}],
      [{ workflow: 'w' }, PRIVATE, ''],
    ];
    for (const [given, github = PRIVATE, key] of cases) {
      const env = { ...machine.env, ...(key === undefined ? {} : { CODEMACHINE_BUNDLE_KEY: key }) };
      const end = await runAction({ ...machine, env, github: github as typeof PUBLIC }, given);
      expect([end.failed, end.made]).toEqual([true, ['Check what is asked for']]);
      expect(end.outputs['status']).toBe('refused');
      expect(end.runner.annotations).toHaveLength(1);
    }
    expect(readdirSync(path.join(machine.workspace, '.codemachine'))).not.toContain('state');
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['with a key, which no step is told', {}, { CODEMACHINE_BUNDLE_KEY: 'k' }],
    ['where that is allowed', { state: 'allow-public' }, {}],
  ])('a public repository is served %s', async (_, given, env) => {
    const machine = machineOf(projectWith({ w: 'steps: [{ run: env }]\n' }), { github: PUBLIC });
    const end = await runAction({ ...machine, env: { ...machine.env, ...env } }, { workflow: 'w', ...given });
    expect(end.outputs['status']).toBe('succeeded');
    expect(end.text).toContain('| CODEMACHINE_RUN=');
    expect(end.text).not.toMatch(/(BUNDLE_KEY|CODEMACHINE_ACTION|INPUTS|ARGS)=/);
  });
});

const GATED = `
outputs: { built: "\${{ steps.build.stdout }}", shipped: "\${{ steps.ship.stdout }}" }
steps:
  - { id: build, run: "echo built | tee built.txt" }
  - { id: release, needs: [build], gate: { message: "ship it?", show: ["\${{ steps.build.stdout }}"] } }
  - { id: ship, needs: [release], run: "echo shipped $(cat built.txt)" }
`;

describe('a run that parks', () => {
  it('goes on in another job, in a shallow checkout elsewhere', async () => {
    const project = projectWith({ gated: GATED });
    const first = machineOf(project);
    const parked = await runAction(first, { workflow: 'gated' });
    expect([parked.failed, parked.outputs['status']]).toEqual([false, 'parked']);
    const run = parked.outputs['run-id'] ?? '';
    const workspace = path.join(project.base, 'elsewhere');
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${project.root}`, workspace], {
      env: project.environ,
    });
    const second = machineOf(project, { workspace });
    const ended = await runAction(second, { resume: run, approve: 'release' });
    expect(ended.text).not.toContain('##[error]');
    expect([ended.failed, ended.outputs['status'], ended.outputs['run-id']]).toEqual([
      false,
      'succeeded',
      run,
    ]);
    expect(JSON.parse(ended.outputs['outputs'] ?? '')).toEqual({ built: 'built', shipped: 'shipped built' });
    expect(ended.text).toMatch(/release: approve by .*: octocat, https:/);
    expect(ended.summaries.join('')).toContain('✅ <code>gated</code>: succeeded');
  });

  it('does not go on without its state', async () => {
    const end = await runAction(machineOf(projectWith({})), { resume: '20261120-141503-bcdf' });
    expect([end.failed, end.made.at(-1), end.outputs['status']]).toEqual([
      true,
      'Fetch the state',
      'refused',
    ]);
  });

  it('is refused with another key, changed, in the clear, or with another gate; and goes on as often as it is asked to', async () => {
    const project = projectWith({ gated: GATED });
    const secret = { CODEMACHINE_BUNDLE_KEY: 'a key of some length' };
    const job = async (given: Record<string, string>, key: Record<string, string> = secret) => {
      const workspace = mkdtempSync(path.join(project.base, 'checkout-'));
      execFileSync('git', ['clone', '-q', '--depth=1', `file://${project.root}`, workspace], {
        env: project.environ,
      });
      const machine = machineOf(project, { workspace });
      return runAction({ ...machine, env: { ...machine.env, ...key } }, given);
    };
    const parked = await job({ workflow: 'gated' });
    const resume = parked.outputs['run-id'] ?? '';
    const bundle = path.join(
      project.base,
      'artifacts/9001',
      `codemachine-${resume}`,
      `${resume}.codemachine`,
    );
    const whole = readFileSync(bundle);
    const taken = async (given: Record<string, string>, key?: Record<string, string>) => {
      const { failed, outputs, made, text } = await job({ resume, approve: 'release', ...given }, key);
      return { failed, status: outputs['status'], last: made.at(-1), text };
    };
    const refused = { failed: true, status: 'refused', last: 'Take the state in' };
    expect(await taken({}, { CODEMACHINE_BUNDLE_KEY: 'another of that length' })).toMatchObject({
      ...refused,
      text: expect.stringContaining('is not the key that it was written with') as string,
    });
    expect(await taken({ approve: 'ship' })).toMatchObject(refused);
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1);
    writeFileSync(bundle, changed);
    expect(await taken({})).toMatchObject(refused);
    // What somebody else uploaded under this name.
    writeFileSync(bundle, 'in the clear'.repeat(100));
    expect(await taken({})).toMatchObject({
      ...refused,
      text: expect.stringContaining('it is not encrypted') as string,
    });
    writeFileSync(bundle, whole);
    for (const _ of [1, 2]) expect(await taken({})).toMatchObject({ failed: false, status: 'succeeded' });
  });

  it('of another run of GitHub Actions is fetched where the token may', async () => {
    const project = projectWith({ gated: GATED });
    const parked = await runAction(machineOf(project), { workflow: 'gated' });
    const given = { resume: parked.outputs['run-id'] ?? '', approve: 'release', 'artifact-run': '9001' };
    const workspace = path.join(project.base, 'elsewhere');
    execFileSync('git', ['clone', '-q', `file://${project.root}`, workspace], { env: project.environ });
    const machine = machineOf(project, { workspace, github: { ...PRIVATE, run_id: '9002' } });
    const mayNot = await runAction(machine, given);
    expect([mayNot.made.at(-1), mayNot.outputs['status']]).toEqual([
      'Fetch the state of another run',
      'refused',
    ]);
    const may = await runAction({ ...machine, permissions: { actions: 'read' } }, given);
    expect(may.outputs['status']).toBe('succeeded');
  });
});

describe('action.yml', () => {
  it('has no text of others in its scripts', () => {
    for (const { run = '' } of ACTION.runs.steps) expect(run).not.toContain('${{');
  });
});

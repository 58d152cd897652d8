// Shows that a step is the same whoever makes its attempts: the runner, or a host beside it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { projectWith } from '../commands/project.ts';
import { holding } from '../kill/processes.ts';
import { built } from '../support/built.ts';
import { cli, PROGRAM, startCli } from '../support/cli.ts';
import { strictEvents } from '../support/event-check.ts';
import { onlyRun, type Project } from '../support/repository.ts';
import { openRig } from '../support/rig.ts';
import { eventsOfStep, fillers, HOSTED, hostedProject, logOf, parentOf, peakMB } from './attempt-host-rig.ts';

beforeAll(built);

const TOKEN = 's3cret/value+0123456789';

/** Each step shows one thing that a host could get wrong. */
const STEPS: Readonly<Record<string, string>> = {
  outputs: `outputs: { n: number, o: json }
    run: |
      printf 'n=3\\no<<END\\n{"__proto__":[1,"é"]}\\nEND\\nundeclared=1\\n' >> "$CODEMACHINE_OUTPUT"`,
  uses: `needs: [hosted, outputs]
    env: { N: "\${{ steps.outputs.outputs.n }}" }
    run: echo "$((N + 1))"`,
  'wrong-output': `outputs: { n: number }
    run: echo n=three >> "$CODEMACHINE_OUTPUT"`,
  'not-a-file': 'run: mkdir "$CODEMACHINE_OUTPUT"',
  secret: `env: { TOKEN: "\${{ secrets.TOKEN }}" }
    outputs: { t: string }
    run: |
      echo "the $TOKEN"
      printf %s "$TOKEN" | base64 >&2
      echo "t=$TOKEN" >> "$CODEMACHINE_OUTPUT"`,
  environment: "run: env | grep -v -e '^_=' -e '^SHLVL=' | sort",
  'exit-code': 'run: echo bad >&2; exit 3',
  signal: 'run: kill -9 $$',
  timeout: `timeout: 300ms
    run: sleep 600`,
  retry: `retry: { attempts: 3, delay: 1ms }
    run: echo "$CODEMACHINE_ATTEMPT"; [ "$CODEMACHINE_ATTEMPT" = 2 ]`,
  nowhere: `working-directory: missing
    run: 'true'`,
  outside: `working-directory: leads-out
    run: 'true'`,
  inside: `working-directory: deep
    run: pwd`,
  'no-shell': `shell: no-such-shell {0}
    run: 'true'`,
  words: "run: printf 'h\\303\\244lf a l\\303\\255ne'; printf '\\377\\n' >&2",
  long: `shell: sh
    run: |
      # ${'x'.repeat(120 * 1024)}
      echo "$0" | sed 's/codemachine-.*/FILE/'`,
  quiet: "run: 'true'",
};

const ERRORS = 'continue-on-error: true';

interface Shown {
  readonly code: number | null;
  readonly steps: Readonly<Record<string, unknown>>;
  readonly hosted: boolean;
}

/** Everything of a step that does not differ between two runs of the same. */
async function shown(project: Project): Promise<Shown> {
  const { code, stdout, stderr } = await cli(project, ['run', 'work', '--json'], { env: { TOKEN } });
  if (stdout === '') throw new Error(stderr);
  const events = strictEvents(stdout);
  const run = events[0]?.run ?? '';
  const same = (text: string): string => text.replaceAll(run, 'RUN').replaceAll(project.base, 'BASE');
  const steps: Record<string, unknown> = {};
  for (const step of Object.keys(STEPS)) {
    const logs = await Promise.all([logOf(project, step, 'stdout'), logOf(project, step, 'stderr')]);
    steps[step] = {
      milestones: eventsOfStep(events, step).flatMap((event) => ('seq' in event ? [timeless(event)] : [])),
      heard: (['stdout', 'stderr'] as const).map((stream) => said(eventsOfStep(events, step), stream)),
      logs: logs.map((bytes) => bytes.toString('latin1')),
    };
  }
  const hosted = eventsOfStep(events, 'hosted').some(({ type }) => type === 'step-succeeded');
  return { code, steps: JSON.parse(same(JSON.stringify(steps))), hosted };
}

const DIFFERENT: ReadonlySet<string> = new Set(['at', 'seq', 'duration-ms', 'retry-at']);

function timeless(event: Event): object {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]) => [key, DIFFERENT.has(key) ? typeof value : value]),
  );
}

function said(events: readonly Event[], stream: string): string {
  return events
    .flatMap((event) => (event.type === 'output' && event.stream === stream ? [event.text] : []))
    .join('');
}

function workflow(first: string, last: string): string {
  const steps = Object.entries(STEPS).map(([id, body]) => {
    const needs = body.startsWith('needs') ? '' : 'needs: [hosted]\n    ';
    return `  - id: ${id}\n    ${ERRORS}\n    ${needs}${body}\n`;
  });
  return `name: work\nmax-parallel: 4\nsecrets: [TOKEN]\nsteps:\n${first}${steps.join('')}${last}`;
}

describe.skipIf(process.platform !== 'linux')('a step that a host makes', () => {
  it('has the milestones, outputs, logs and exit codes that it has in the runner', async () => {
    const files = { 'deep/a.txt': 'a\n' };
    const plain = "  - { id: hosted, needs: [], run: 'true' }\n";
    const projects = [workflow(HOSTED, fillers()), workflow(plain, '')].map((work) =>
      projectWith({ work }, files),
    );
    for (const { root } of projects) symlinkSync('/', path.join(root, 'leads-out'));
    const [beside, inside] = (await Promise.all(projects.map(shown))) as [Shown, Shown];
    expect(beside.hosted).toBe(true);
    expect(beside.steps).toEqual(inside.steps);
    expect(beside.code).toBe(inside.code);
    const text = JSON.stringify(beside);
    expect(text).toContain('the ***');
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain(Buffer.from(TOKEN).toString('base64').slice(0, -4));
  });

  it('hands on no descriptor of ours', async () => {
    const project = hostedProject(`  - id: look
    needs: [hosted]
    shell: sh
    run: |
      channel=$(readlink "/proc/$PPID/fd/3")
      case $channel in socket:*) echo "a channel" ;; esac
      ls -l /proc/self/fd | grep -F "$channel" || echo "not ours"
`);
    expect((await cli(project, ['run', 'work'])).code).toBe(0);
    expect((await logOf(project, 'look', 'stdout')).toString()).toBe('a channel\nnot ours\n');
  });

  it('prints 100 MiB with a secret declared: its log is the stream, and neither process grows', async () => {
    const MIB = 1024 * 1024;
    // Bytes that do not repeat, so that none can be lost or doubled unnoticed.
    const block = Buffer.concat(
      Array.from({ length: MIB / 32 }, (_, i) => createHash('sha256').update(String(i)).digest()),
    );
    const printed = createHash('sha256');
    for (let i = 0; i < 100; i++) printed.update(block);
    const rig = await openRig();
    const project = hostedProject(
      `  - { id: flood, needs: [hosted], shell: sh, run: 'yes ../block | head -n 100 | xargs cat' }
  - { id: held, needs: [flood], shell: sh, run: ${JSON.stringify(rig.script('held'))} }
`,
      '',
      'secrets: [TOKEN]\n',
    );
    project.write('../block', block);
    const run = startCli(project, ['run', 'work'], { env: { TOKEN } });
    const held = await rig.child('held');
    const peaks = [peakMB(run.pid), peakMB(parentOf(held.pid))];
    await held.exit(0);
    expect((await run.ended).code).toBe(0);
    await rig.close();
    const log = await logOf(project, 'flood', 'stdout');
    expect(createHash('sha256').update(log).digest('hex')).toBe(printed.digest('hex'));
    expect(Math.max(...peaks)).toBeLessThan(150);
  });
});

describe.skipIf(process.platform !== 'linux')('hosts', () => {
  /** The hosts of a run that is in the middle of its first step. */
  async function hostsOf(
    steps: (held: string) => string,
    node = process.execPath,
  ): Promise<readonly string[]> {
    const rig = await openRig();
    const held = `  - { id: held, needs: [], shell: sh, run: ${JSON.stringify(rig.script('held'))} }\n`;
    const project = projectWith({ work: `name: work\nsteps:\n${steps(held)}` });
    const run = spawn(node, [PROGRAM, 'run', 'work'], {
      cwd: project.root,
      env: project.environ,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => run.once('close', resolve));
    const child = await rig.child('held');
    const hosts = holding(`;${await onlyRun(project)}.`).filter((line) => line.includes('attempt-host.cjs'));
    await child.exit(0);
    expect(await ended).toBe(0);
    await rig.close();
    return hosts;
  }

  it('are there where a run has many steps', async () => {
    expect(await hostsOf((held) => held + fillers())).not.toEqual([]);
  });

  it('are not there where it has few', async () => {
    expect(await hostsOf((held) => held + fillers(10))).toEqual([]);
  });

  it('are not there where the running program is no plain Node, which may not take a script', async () => {
    const packed = path.join(mkdtempSync(path.join(tmpdir(), 'packed-')), 'packed');
    copyFileSync(process.execPath, packed, constants.COPYFILE_FICLONE);
    onTestFinished(() => rmSync(path.dirname(packed), { recursive: true, force: true }));
    expect(await hostsOf((held) => held + fillers(), packed)).toEqual([]);
  });

  it('serve the library too, whose program ends by itself afterwards', async () => {
    const project = hostedProject(`  - id: who
    needs: [hosted]
    shell: sh
    run: 'tr "\\0" " " < /proc/$PPID/cmdline'
`);
    const door = path.resolve(import.meta.dirname, '../../dist/index.js');
    project.write(
      'call.mjs',
      `import { runWorkflow } from '${door}';\nconsole.log((await runWorkflow('work')).status);\n`,
    );
    const call = spawn(process.execPath, ['call.mjs'], { cwd: project.root, env: project.environ });
    expect(await text(call.stdout)).toBe('succeeded\n');
    expect((await logOf(project, 'who', 'stdout')).toString()).toContain('attempt-host.cjs');
  });
});

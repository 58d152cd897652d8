// Run steps as the runner makes them: real shells, real files.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeMark } from '../../src/engines/mark.ts';
import { makeMasker } from '../../src/engines/mask.ts';
import { sweepRun } from '../../src/engines/process.ts';
import { type ShellDeps, shellAttempt } from '../../src/engines/shell.ts';
import type { Chatter } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { Outcome, RunJob, Stop } from '../../src/model/ports.ts';
import { freshRun, HASTY, PATIENT, stopSwitch } from '../support/child-spec.ts';
import { openRig } from '../support/rig.ts';

let root: string;
let tmp: string;
let run: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'workspace-')));
  tmp = mkdtempSync(path.join(tmpdir(), 'scripts-'));
  run = freshRun();
});
afterEach(() => {
  for (const directory of [root, tmp]) rmSync(directory, { recursive: true, force: true });
});

interface Made {
  readonly outcome: Outcome;
  readonly log: { stdout: string; stderr: string; closed: boolean };
  readonly chatter: readonly Chatter[];
  readonly shown: (stream: 'stdout' | 'stderr') => string;
}

const quiet = stopSwitch().stop;

async function make(job: Partial<RunJob>, deps: Partial<ShellDeps> = {}, stop: Stop = quiet): Promise<Made> {
  const log = { stdout: '', stderr: '', closed: false };
  const chatter: Chatter[] = [];
  const attempt = shellAttempt({
    root,
    environ: { PATH: process.env.PATH },
    secrets: [],
    tmp,
    pauses: PATIENT,
    transcript: () => ({
      write(stream, bytes) {
        log[stream] += Buffer.from(bytes).toString('latin1');
      },
      close() {
        log.closed = true;
      },
    }),
    outputFile: () => path.join(tmp, 'outputs'),
    mark: ({ attempt: number }) =>
      makeMark(undefined, { run, epoch: 1, directory: `step-00000000.${number}` }),
    ...deps,
  });
  const whole: RunJob = {
    kind: 'run',
    run: asRunId(run),
    step: asStepKey('build'),
    attempt: 1,
    cwd: '',
    env: {},
    secretNames: [],
    outputs: {},
    script: ':',
    ...job,
  };
  const outcome = await attempt(
    whole,
    { chatter: (said) => void chatter.push(said), session: () => {} },
    stop,
  );
  const shown = (stream: 'stdout' | 'stderr') =>
    chatter.map((said) => (said.type === 'output' && said.stream === stream ? said.text : '')).join('');
  return { outcome, log, chatter, shown };
}

describe('a run step', () => {
  it('gives its output to the log, to who watches, and to later steps', async () => {
    const { outcome, log, chatter } = await make({ script: 'echo out; echo err >&2; printf "last  \\n\\n"' });
    expect(outcome).toMatchObject({
      ok: true,
      values: { stdout: 'out\nlast', stderr: 'err', 'exit-code': 0, outputs: {} },
    });
    expect(log).toEqual({ stdout: 'out\nlast  \n\n', stderr: 'err\n', closed: true });
    expect(chatter).toContainEqual({
      type: 'output',
      step: 'build',
      attempt: 1,
      stream: 'stderr',
      text: 'err\n',
    });
  });

  it('runs in bash with errors, unset variables and broken pipes as failures', async () => {
    expect((await make({ script: 'false; echo on' })).outcome).toMatchObject({
      ok: false,
      values: { stdout: '' },
    });
    expect((await make({ script: 'echo "$NO_SUCH"' })).outcome).toMatchObject({ ok: false });
    expect((await make({ script: 'false | true' })).outcome).toMatchObject({ ok: false });
    expect((await make({ script: '[[ $BASH_VERSION ]]' })).outcome).toMatchObject({ ok: true });
  });

  it('runs in sh where there is no bash', async () => {
    symlinkSync('/bin/sh', path.join(tmp, 'sh'));
    const { outcome } = await make({ script: 'echo "$0"; false; echo on' }, { environ: { PATH: tmp } });
    expect(outcome).toMatchObject({ ok: false, values: { stdout: path.join(tmp, 'sh'), 'exit-code': 1 } });
  });

  it.each([
    ['sh', 'echo "$0" | grep -q "/sh$"'],
    ['python', 'import os, sys; sys.exit(0 if os.path.basename(sys.argv[0]) == "-c" else 1)'],
    ['node', 'process.exit(require("node:path").sep === "/" ? 0 : 1)'],
    ['perl -w {0}', 'exit(0);'],
    ['env "A=b c" sh -e {0} tail', '[ "$A" = "b c" ] && [ "$1" = tail ]'],
    ['sh', '--help >/dev/null 2>&1 || true'],
  ])('runs in the shell it names: %s', async (shell, script) => {
    expect((await make({ shell, script })).outcome).toMatchObject({ ok: true });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it.each([undefined, 'sh', 'node', 'python'])(
    'takes scripts that no argument could hold: %s',
    async (shell) => {
      const comment = shell === 'node' ? '//' : '#';
      const script = `${comment} ${'x'.repeat(300_000)}\n${shell === 'node' ? 'console.log("end")' : shell === 'python' ? 'print("end")' : 'echo end'}`;
      const { outcome } = await make({ script, ...(shell === undefined ? {} : { shell }) });
      expect(outcome).toMatchObject({ ok: true, values: { stdout: 'end' } });
      expect(readdirSync(tmp)).toEqual([]);
    },
  );

  it('whose shell is missing says which and what to do', async () => {
    expect((await make({ shell: 'pwsh', script: '' }, { environ: { PATH: tmp } })).outcome).toMatchObject({
      failure: {
        reason: 'spawn',
        message: expect.stringContaining('the shell "pwsh" was not found in PATH, which is "'),
        help: expect.stringContaining('shell:'),
      },
    });
  });

  it('whose own PATH has no shell says where that comes from', async () => {
    expect((await make({ script: '', env: { PATH: '/opt/nothing' } })).outcome).toMatchObject({
      failure: {
        message: 'the shell "sh" was not found in PATH, which is "/opt/nothing"',
        help: expect.stringContaining('`env-file`'),
      },
    });
  });

  it('never runs a shell that lies in the workspace because PATH has an empty entry', async () => {
    writeFileSync(path.join(root, 'bash'), '#!/bin/sh\ntouch planted\n', { mode: 0o755 });
    const before = process.cwd();
    // Where people start us.
    process.chdir(root);
    await make({ script: ':' }, { environ: { PATH: `:.:${process.env.PATH}` } });
    process.chdir(before);
    expect(existsSync(path.join(root, 'planted'))).toBe(false);
  });
});

describe('how a run step fails', () => {
  it('says the exit code with the last line of its errors, without colours', async () => {
    const { outcome } = await make({
      script: 'echo fine; printf "\\033[31mno rule to make x\\033[0m\\n\\n" >&2; exit 2',
    });
    expect(outcome).toMatchObject({
      failure: { reason: 'exit-code', 'exit-code': 2, message: 'exit code 2: no rule to make x' },
      values: { 'exit-code': 2, stdout: 'fine' },
    });
  });

  it('says the last line of its output when its errors are empty', async () => {
    const { outcome } = await make({ script: 'echo 3 tests failed; exit 1' });
    expect(outcome).toMatchObject({ failure: { message: 'exit code 1: 3 tests failed' } });
    expect((await make({ script: 'exit 7' })).outcome).toMatchObject({
      failure: { message: 'exit code 7, and it said nothing' },
    });
  });

  it('says the signal that ended it', async () => {
    const { outcome } = await make({ script: 'kill -KILL $$' });
    expect(outcome).toMatchObject({
      failure: { reason: 'signal', signal: 'SIGKILL', 'exit-code': 137 },
      values: { 'exit-code': 137 },
    });
  });

  it.each([
    ['timeout', 'timeout', 124],
    ['cancel', 'interrupted', 130],
    ['interrupt', 'interrupted', 130],
  ] as const)('says that it was stopped: %s', async (reason, failure, code) => {
    const rig = await openRig();
    const { stop, soft } = stopSwitch();
    const made = make({ script: `echo begun; ${rig.script('a')}` }, {}, stop);
    await rig.child('a');
    soft(reason);
    expect((await made).outcome).toMatchObject({
      ok: false,
      failure: { reason: failure },
      values: { 'exit-code': code, stdout: 'begun' },
    });
    await rig.close();
  });

  it('names a log that could not be written instead of passing it over', async () => {
    const full = () => ({
      write: () => {
        throw new Error('ENOSPC: no space left on device');
      },
      close: () => {},
    });
    expect((await make({ script: 'echo x' }, { transcript: full })).outcome).toMatchObject({
      ok: false,
      failure: { reason: 'internal', message: expect.stringContaining('ENOSPC') },
    });
  });
});

describe('where a run step runs', () => {
  it('is the directory it names', async () => {
    mkdirSync(path.join(root, 'packages/a'), { recursive: true });
    expect((await make({ cwd: 'packages/a', script: 'pwd' })).outcome).toMatchObject({
      values: { stdout: path.join(root, 'packages/a') },
    });
  });

  it.each(['../elsewhere', '/etc', 'link', 'link/.', 'a/../../etc'])('is never outside: %s', async (cwd) => {
    symlinkSync('/etc', path.join(root, 'link'));
    expect((await make({ cwd, script: 'touch ran' })).outcome).toMatchObject({
      failure: { reason: 'config' },
    });
  });

  it('says what is wrong with a directory', async () => {
    writeFileSync(path.join(root, 'file'), '');
    expect((await make({ cwd: 'file' })).outcome).toMatchObject({
      failure: { message: expect.stringContaining('is not a directory') },
    });
    expect((await make({ cwd: 'none' })).outcome).toMatchObject({
      failure: { message: expect.stringContaining('does not exist') },
    });
  });

  it('may be a link that stays inside', async () => {
    mkdirSync(path.join(root, 'real'));
    symlinkSync('real', path.join(root, 'inside'));
    expect((await make({ cwd: 'inside', script: 'pwd' })).outcome).toMatchObject({ ok: true });
  });
});

describe('what a run step sees', () => {
  it('has no input', async () => {
    expect((await make({ script: 'cat; echo end' })).outcome).toMatchObject({ values: { stdout: 'end' } });
  });

  it('is told about its run', async () => {
    const script =
      'echo "$CODEMACHINE $CODEMACHINE_RUN $CODEMACHINE_STEP $CODEMACHINE_ATTEMPT $CODEMACHINE_WORKSPACE $CODEMACHINE_MARK"';
    const { outcome } = await make({ attempt: 3, script });
    expect(outcome).toMatchObject({
      values: { stdout: `1 ${run} build 3 ${root} ;${run}.1.step-00000000.3;` },
    });
  });
});

describe('the outputs of a run step', () => {
  const outputs = { coverage: 'number', done: 'boolean', files: 'json', text: 'string' } as const;

  it('are kept in no file: what a script wrote there passed no mask', async () => {
    const script = 'echo text=s3cret >> "$CODEMACHINE_OUTPUT"; exit "$1"';
    for (const code of [0, 1]) {
      await make({ script: script.replace('"$1"', String(code)), outputs });
      expect(existsSync(path.join(tmp, 'outputs'))).toBe(false);
    }
  });

  it('have the types they are declared with', async () => {
    const script = `{ echo coverage=93.5; echo done=true; echo 'files=["a","b"]'; printf 'text<<END\\nline 1\\nx=y\\nEND\\n'; } >> "$CODEMACHINE_OUTPUT"`;
    expect((await make({ script, outputs })).outcome).toMatchObject({
      ok: true,
      values: { outputs: { coverage: 93.5, done: true, files: ['a', 'b'], text: 'line 1\nx=y' } },
    });
  });

  it('that do not fit fail the step', async () => {
    const { outcome } = await make({ script: 'echo coverage=much >> "$CODEMACHINE_OUTPUT"', outputs });
    expect(outcome).toMatchObject({
      failure: { reason: 'output', message: expect.stringContaining('"coverage" is declared as number') },
    });
  });

  it('that are not declared are kept, with a warning', async () => {
    const { outcome, shown } = await make({ script: 'echo extra=1 >> "$CODEMACHINE_OUTPUT"' });
    expect(outcome).toMatchObject({ ok: true, values: { outputs: { extra: '1' } } });
    expect(shown('stderr')).toContain('output "extra" is not declared');
  });

  it('are there when the step failed, too', async () => {
    const { outcome } = await make({ script: 'echo text=partly >> "$CODEMACHINE_OUTPUT"; exit 1', outputs });
    expect(outcome).toMatchObject({
      ok: false,
      failure: { reason: 'exit-code' },
      values: { outputs: { text: 'partly' } },
    });
  });
});

describe('secrets', () => {
  it('appear nowhere: log, values, message, what is shown', async () => {
    const secret = 'hunter22-hunter22';
    const script = `printf '%s' "$T"; printf 'x%s' "$T" | base64 >&2; echo "t=$T" >> "$CODEMACHINE_OUTPUT"; echo "bad $T" >&2; exit 1`;
    const made = await make(
      { script, env: { T: secret }, outputs: { t: 'string' } },
      { masker: makeMasker([secret]) },
    );
    expect(JSON.stringify(made)).not.toContain('hunter22');
    expect(JSON.stringify(made)).not.toContain(Buffer.from(`x${secret}`).toString('base64').slice(2, -2));
    expect(made.outcome).toMatchObject({
      failure: { message: 'exit code 1: bad ***' },
      values: { stdout: '***', outputs: { t: '***' } },
    });
    expect(made.log.stdout).toBe('***');
  });

  it('that were only begun are no secrets', async () => {
    const { outcome, log, shown } = await make(
      { script: 'printf hunter' },
      { masker: makeMasker(['hunter22']) },
    );
    expect([outcome.values.stdout, log.stdout, shown('stdout')]).toEqual(['hunter', 'hunter', 'hunter']);
  });

  it('that a step does not name do not reach it', async () => {
    const environ = { PATH: process.env.PATH, TOKEN: 'a', OTHER: 'b' };
    const { outcome } = await make(
      { script: 'echo "${TOKEN-none} ${OTHER-none}"' },
      { environ, secrets: ['TOKEN'] },
    );
    expect(outcome).toMatchObject({ values: { stdout: 'none b' } });
  });
});

describe('what a run step leaves behind', () => {
  it('lives on after success and goes on writing to the log', async () => {
    const rig = await openRig();
    const made = make(
      { script: `${rig.script('server').replace('exec ', '')} & echo started` },
      { pauses: HASTY },
    );
    const server = await rig.child('server');
    const { outcome, log, shown } = await made;
    expect(outcome).toMatchObject({ ok: true, values: { stdout: 'started' } });
    expect(log.closed).toBe(false);
    await server.print('stdout', 'served\n');
    await sweepRun(run);
    await server.gone;
    await expect.poll(() => log).toEqual({ stdout: 'started\nserved\n', stderr: '', closed: true });
    expect(shown('stdout')).toBe('started\n');
    await rig.close();
  });
});

describe('a flood', () => {
  it('goes to the log whole, and to who watches in part, with a note', async () => {
    const { log, shown, outcome } = await make({
      script: 'yes 0123456789012345678901234567890 | head -c 20000000',
    });
    expect(log.stdout.length).toBe(20_000_000);
    expect(shown('stdout').length).toBeLessThan(10_000_000);
    expect(/\n\[\d+ bytes not shown; the log has them\]\n/.test(shown('stdout'))).toBe(true);
    expect(outcome.values.stdout?.length).toBeLessThanOrEqual(64 * 1024);
  });
});

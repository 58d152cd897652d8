// Children under remote control: what they say is heard, what stops them, what they leave behind is found.
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptPattern, makeMark } from '../../src/engines/mark.ts';
import { findMarked, listProcesses, runGit, startProcess, sweepRun } from '../../src/engines/process.ts';
import { markedInPs } from '../../src/engines/sweep.ts';
import { collect, freshRun, HASTY, PATIENT, shellSpec, stopSwitch } from '../support/child-spec.ts';
import { openRig, type Rig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

/** Who started a process, or took it over. */
const parentOf = (pid: number) =>
  Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);

const kinds = ['shell', 'engine'] as const;

describe.each(kinds)('a child started as %s', (kind) => {
  it('is heard on both streams and ends with its exit code', async () => {
    const ears = collect();
    const ended = startProcess(shellSpec(rig.script('a'), { kind }), ears, stopSwitch().stop, PATIENT);
    const child = await rig.child('a');
    await child.print('stdout', 'out');
    await child.print('stderr', 'err');
    await child.exit(3);
    expect(await ended).toMatchObject({ exitCode: 3, signal: null, cut: false });
    expect([ears.text('stdout'), ears.text('stderr')]).toEqual(['out', 'err']);
  });

  it('reads its standard input to the end', async () => {
    const stdin = 'prompt\n'.repeat(50_000);
    const ended = startProcess(
      shellSpec(rig.script('a'), { kind, stdin }),
      collect(),
      stopSwitch().stop,
      PATIENT,
    );
    const child = await rig.child('a');
    expect(await child.read()).toBe(stdin);
    await child.exit(0);
    expect(await ended).toMatchObject({ exitCode: 0 });
  });

  it('may end without reading its standard input', async () => {
    const stdin = 'x'.repeat(4_000_000);
    const end = await startProcess(
      shellSpec('exit 0', { kind, stdin }),
      collect(),
      stopSwitch().stop,
      PATIENT,
    );
    expect(end).toMatchObject({ exitCode: 0, cut: false });
  });

  it('has an empty standard input where none is given', async () => {
    const ears = collect();
    await startProcess(shellSpec('cat; echo end', { kind }), ears, stopSwitch().stop, PATIENT);
    expect(ears.text('stdout')).toBe('end\n');
  });

  it('sees the environment it was given and nothing of ours', async () => {
    const spec = shellSpec(rig.script('a'), { kind, env: { ONLY: 'this' } });
    const ended = startProcess(spec, collect(), stopSwitch().stop, PATIENT);
    const child = await rig.child('a');
    const seen = await child.env();
    expect(seen).toMatchObject({ ONLY: 'this', CODEMACHINE_MARK: spec.mark });
    expect(Object.keys(seen).filter((name) => name.startsWith('VITEST') || name === 'HOME')).toEqual([]);
    await child.exit(0);
    await ended;
  });

  it('that is not there is a spawn error with the code of the system', async () => {
    const spec = shellSpec('', { kind, command: 'no-such-program-here' });
    expect(await startProcess(spec, collect(), stopSwitch().stop, PATIENT)).toMatchObject({
      spawnError: { code: 'ENOENT' },
      exitCode: null,
    });
  });

  it('whose arguments are too long is a spawn error', async () => {
    const spec = shellSpec('', { kind, args: ['-c', `: ${'x'.repeat(200_000)}`] });
    expect(await startProcess(spec, collect(), stopSwitch().stop, PATIENT)).toMatchObject({
      spawnError: { code: 'E2BIG' },
    });
  });

  it('does not start after the stop', async () => {
    const { stop, soft } = stopSwitch();
    soft('interrupt');
    const ears = collect();
    const end = await startProcess(shellSpec('echo started', { kind }), ears, stop, PATIENT);
    expect(end).toMatchObject({ stopped: 'interrupt', exitCode: null });
    expect(ears.text('stdout')).toBe('');
  });

  it('is interrupted once, and its stop is told from its exit code', async () => {
    const { stop, soft } = stopSwitch();
    const ended = startProcess(shellSpec(rig.script('a'), { kind }), collect(), stop, PATIENT);
    const child = await rig.child('a');
    await child.catch('SIGINT', 'SIGTERM');
    soft('cancel');
    expect(await child.signal()).toBe('SIGINT');
    // Had a second signal been on its way, it would have been told before the answer to this.
    await child.print('stdout', '');
    await child.exit(0);
    expect(await ended).toMatchObject({ stopped: 'cancel', exitCode: 0 });
  });

  it('that ignores everything is killed at the end of the ladder', async () => {
    const { stop, soft } = stopSwitch();
    const ended = startProcess(shellSpec(rig.script('a'), { kind }), collect(), stop, HASTY);
    const child = await rig.child('a');
    await child.catch('SIGINT', 'SIGTERM');
    soft('timeout');
    expect(await ended).toMatchObject({ stopped: 'timeout', signal: 'SIGKILL' });
  });

  it('is killed at once by a hard stop, also while the ladder waits', async () => {
    const { stop, soft, hard } = stopSwitch();
    const ended = startProcess(shellSpec(rig.script('a'), { kind }), collect(), stop, PATIENT);
    const child = await rig.child('a');
    await child.catch('SIGINT', 'SIGTERM');
    soft('interrupt');
    await child.signal();
    hard('interrupt');
    expect(await ended).toMatchObject({ stopped: 'interrupt', signal: 'SIGKILL' });
  });

  it('is killed with everybody below it, also who left the group and dropped the mark', async () => {
    const { stop, soft } = stopSwitch();
    const ended = startProcess(shellSpec(rig.script('a'), { kind }), collect(), stop, HASTY);
    const child = await rig.child('a');
    await child.catch('SIGINT', 'SIGTERM');
    await child.fork({ name: 'hidden', detached: true, env: { CODEMACHINE_MARK: '' } });
    const hidden = await rig.child('hidden');
    soft('cancel');
    await Promise.all([child.gone, hidden.gone]);
    expect(await ended).toMatchObject({ stopped: 'cancel', signal: 'SIGKILL' });
  });

  it('that goes at once leaves nobody behind who was below it, whoever left the group and dropped the mark', async () => {
    const { stop, soft } = stopSwitch();
    const ended = startProcess(shellSpec(rig.script('a'), { kind }), collect(), stop, PATIENT);
    const child = await rig.child('a');
    await child.fork({ name: 'hidden', detached: true, env: { CODEMACHINE_MARK: '' } });
    const hidden = await rig.child('hidden');
    soft('timeout');
    await Promise.all([child.gone, hidden.gone]);
    expect(await ended).toMatchObject({ stopped: 'timeout', signal: 'SIGINT' });
  });

  it('takes its group with it when it is stopped', async () => {
    const { stop, soft } = stopSwitch();
    const spec = shellSpec(`${rig.script('b').replace('exec ', '')} & ${rig.script('a')}`, { kind });
    const ended = startProcess(spec, collect(), stop, { ...HASTY, drainMs: PATIENT.drainMs });
    const [child, other] = [await rig.child('a'), await rig.child('b')];
    await other.catch('SIGINT', 'SIGTERM');
    soft('cancel');
    await Promise.all([child.gone, other.gone]);
    expect(await ended).toMatchObject({ stopped: 'cancel', cut: false });
  });

  it('that was stopped leaves no daemon behind, even one that ignores SIGTERM and holds the pipes', async () => {
    const { stop, soft } = stopSwitch();
    const spec = shellSpec(rig.script('a'), { kind });
    const ended = startProcess(spec, collect(), stop, { ...HASTY, drainMs: PATIENT.drainMs });
    const child = await rig.child('a');
    await child.fork({ name: 'daemon', detached: true, hold: true });
    const daemon = await rig.child('daemon');
    await daemon.catch('SIGTERM', 'SIGINT');
    soft('timeout');
    await daemon.gone;
    expect(await ended).toMatchObject({ cut: false });
    expect(await findMarked(attemptPattern(spec.mark))).toEqual([]);
  });

  it('ends a daemon after itself where that is asked for', async () => {
    const spec = shellSpec(rig.script('a'), { kind, sweepAfter: true });
    const ended = startProcess(spec, collect(), stopSwitch().stop, PATIENT);
    const child = await rig.child('a');
    await child.fork({ name: 'daemon', detached: true });
    const daemon = await rig.child('daemon');
    await child.exit(0);
    await daemon.gone;
    expect(await ended).toMatchObject({ exitCode: 0, cut: false });
  });
});

describe('pipes that outlive the child', () => {
  it('are cut when who holds them hides from the sweep', async () => {
    const spec = shellSpec(rig.script('a'), { sweepAfter: true });
    const ears = collect();
    const ended = startProcess(spec, ears, stopSwitch().stop, HASTY);
    const child = await rig.child('a');
    await child.fork({ name: 'hidden', detached: true, hold: true, env: { CODEMACHINE_MARK: '' } });
    const hidden = await rig.child('hidden');
    await child.exit(0);
    expect(await ended).toMatchObject({ exitCode: 0, cut: true });
    // Nobody reads the pipe any more: the next word ends it, as in a shell pipe.
    void hidden.print('stdout', 'too late');
    await hidden.gone;
    expect(ears.text('stdout')).toBe('');
  });

  it('are not waited for when everything must end at once', async () => {
    const { stop, hard } = stopSwitch();
    const ended = startProcess(shellSpec(rig.script('a')), collect(), stop, PATIENT);
    const child = await rig.child('a');
    await child.fork({ name: 'between', detached: true, hold: true, env: { CODEMACHINE_MARK: '' } });
    const between = await rig.child('between');
    await between.fork({ name: 'hidden', detached: true, hold: true });
    const hidden = await rig.child('hidden');
    await between.exit(0);
    // Its socket closes before its children are somebody else's, and until then they are found below it.
    await expect.poll(() => parentOf(hidden.pid)).not.toBe(between.pid);
    hard('interrupt');
    expect(await ended).toMatchObject({ stopped: 'interrupt', cut: true });
    await hidden.exit(0);
  });

  it('go on being heard when the child succeeded', async () => {
    const run = freshRun();
    const ears = collect();
    const ended = startProcess(shellSpec(rig.script('a'), { run }), ears, stopSwitch().stop, HASTY);
    const child = await rig.child('a');
    await child.fork({ name: 'server', detached: true, hold: true });
    const server = await rig.child('server');
    await child.exit(0);
    const end = await ended;
    expect(end).toMatchObject({ exitCode: 0, cut: false });
    await server.print('stdout', 'request served');
    await sweepRun(run);
    await end.background?.closed;
    expect(ears.text('stdout')).toBe('request served');
    await server.gone;
  });

  it('are released when the child failed: what it left behind is ended', async () => {
    const ended = startProcess(shellSpec(rig.script('a')), collect(), stopSwitch().stop, PATIENT);
    const child = await rig.child('a');
    await child.fork({ name: 'server', detached: true, hold: true });
    const server = await rig.child('server');
    await child.exit(1);
    await server.gone;
    expect(await ended).toMatchObject({ exitCode: 1, cut: false });
  });
});

describe('a sweep', () => {
  it('of a run finds children of nested runs, and leaves other runs alone', async () => {
    const [run, other] = [freshRun(), freshRun()];
    const outer = makeMark(undefined, { run, epoch: 1, directory: 'a' });
    const nested = makeMark(outer, { run: other, epoch: 1, directory: 'b' });
    const stranger = shellSpec(rig.script('stranger'), { run: `${run}9` });
    const child = shellSpec(rig.script('nested'));
    const started = [
      startProcess(
        { ...child, env: { ...child.env, CODEMACHINE_MARK: nested } },
        collect(),
        stopSwitch().stop,
        PATIENT,
      ),
      startProcess(stranger, collect(), stopSwitch().stop, PATIENT),
    ];
    const [inner, bystander] = [await rig.child('nested'), await rig.child('stranger')];
    expect(await sweepRun(run)).toEqual({ ended: 1, left: [] });
    await inner.gone;
    await bystander.print('stdout', 'still here');
    await bystander.exit(0);
    await Promise.all(started);
  });

  it('finds the same processes through ps, where there is no /proc', async () => {
    const spec = shellSpec(rig.script('a'));
    const ended = startProcess(spec, collect(), stopSwitch().stop, PATIENT);
    const child = await rig.child('a');
    const pattern = attemptPattern(spec.mark);
    expect(markedInPs(await listProcesses(), pattern)).toEqual([child.pid]);
    expect(await findMarked(pattern)).toEqual([child.pid]);
    await child.exit(0);
    await ended;
  });
});

describe('starting children', () => {
  it('leaves no descriptor and no listener behind', async () => {
    const { stop } = stopSwitch();
    const start = (i: number) =>
      startProcess(shellSpec(i % 2 ? 'exit 1' : 'echo x'), collect(), stop, { ...PATIENT, drainMs: 60_000 });
    await start(0);
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 50; i++) await Promise.all([start(i), start(i + 1)]);
    expect(open()).toBe(before);
  });

  it('hears floods whole', async () => {
    const ears = collect();
    const ended = startProcess(shellSpec(rig.script('a')), ears, stopSwitch().stop, PATIENT);
    const child = await rig.child('a');
    await child.flood('stdout', 'x'.repeat(99_999), 500);
    await child.exit(0);
    await ended;
    expect(ears.bytes()).toBe(99_999 * 500);
  });

  it('gives git its input, and tells why it could not be started', async () => {
    const said = await runGit(['hash-object', '--stdin'], { cwd: '/', env: {}, input: 'hello\n' });
    expect(said).toMatchObject({
      code: 0,
      stdout: Buffer.from('ce013625030ba8dba906f756967f9e9ca394464a\n'),
    });
    const missing = await runGit(['status'], { cwd: '/', env: { PATH: '/nowhere' } });
    expect(missing).toMatchObject({ code: 127, stderr: expect.stringContaining('git could not be started') });
  });
});

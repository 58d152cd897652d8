// When a runner is killed, its children end, and only its.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeMark, runPattern } from '../../src/engines/mark.ts';
import { findMarked, sweepRun } from '../../src/engines/process.ts';
import { makeScratch } from '../../src/engines/scratch.ts';
import { bundle } from '../support/bundle.ts';
import { freshRun } from '../support/child-spec.ts';
import { openRig, type Rig } from '../support/rig.ts';

let directory: string;
let program: string;
let rig: Rig;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'watcher-'));
  program = bundle('test/engines/fixtures/runner.ts', directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

/** A runner, with its end heard from its beginning: it may end in the same moment as its child. */
function runner(run: string, epoch: number, name: string, manners = 'orderly') {
  const args = [program, run, String(epoch), rig.script(name), manners];
  const started = spawn(process.execPath, args, { stdio: 'inherit', detached: true });
  const ended = new Promise<number | null>((resolve) => started.once('exit', resolve));
  return { pid: Number(started.pid), ended };
}

describe('a runner that is killed', () => {
  it.each(['alone', 'with its process group'])(
    '%s takes its children with it, detached and stubborn ones too',
    async (how) => {
      const run = freshRun();
      const mark = (epoch: number) => makeMark(undefined, { run, epoch, directory: 'ask-00000000.1' });
      const [mine, next] = [makeScratch(tmpdir(), mark(1)), makeScratch(tmpdir(), mark(11))];
      const owner = runner(run, 1, 'a');
      const child = await rig.child('a');
      await child.fork({ name: 'daemon', detached: true, hold: true });
      const daemon = await rig.child('daemon');
      await daemon.catch('SIGTERM', 'SIGINT', 'SIGHUP');
      process.kill(how === 'alone' ? owner.pid : -owner.pid, 'SIGKILL');
      await Promise.all([child.gone, daemon.gone, owner.ended]);
      expect(await findMarked(runPattern(run))).toEqual([]);
      await expect.poll(() => existsSync(mine)).toBe(false);
      expect(existsSync(next)).toBe(true);
      rmSync(next, { recursive: true });
    },
  );

  it('leaves the children of the next owner alone', async () => {
    const run = freshRun();
    const [first, second] = [runner(run, 1, 'first'), runner(run, 2, 'second')];
    const [old, fresh] = [await rig.child('first'), await rig.child('second')];
    await fresh.catch('SIGTERM');
    process.kill(first.pid, 'SIGKILL');
    await old.gone;
    // One look of the watcher finds all its prey: the fresh child would have reported its SIGTERM before this answer.
    await fresh.print('stdout', '');
    const wasTold = await Promise.race([fresh.signal(), Promise.resolve('no')]);
    expect(wasTold).toBe('no');
    await fresh.exit(0);
    await second.ended;
  });
});

describe('a runner that ends in an orderly way', () => {
  it('is not kept alive by its watcher, nor by what its child left running', async () => {
    const run = freshRun();
    const owner = runner(run, 1, 'a');
    const child = await rig.child('a');
    await child.fork({ name: 'server', detached: true, hold: true });
    const server = await rig.child('server');
    await child.exit(0);
    expect(await owner.ended).toBe(0);
    await sweepRun(run);
    await server.gone;
  });

  it('may forget its watcher, which then ends what was left running', async () => {
    const owner = runner(freshRun(), 1, 'a', 'forgetful');
    const child = await rig.child('a');
    await child.fork({ name: 'server', detached: true, hold: true });
    const server = await rig.child('server');
    await child.exit(0);
    expect(await owner.ended).toBe(0);
    await server.gone;
  });
});

/** The live view: how often it draws, what a real terminal shows of it, what it leaves behind. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { Chatter, Event, MilestoneBody } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { liveReporter } from '../../src/report/live.ts';
import { compiled } from '../support/ts.ts';
import { memory, planOf } from './support/screen.ts';
import type { ViewerOptions } from './support/viewer.ts';

const run = promisify(execFile);
const step = asStepKey;
const begun: MilestoneBody = {
  type: 'run-started',
  workflow: 'w',
  path: 'w.yml',
  sha256: '',
  inputs: {},
  attempt: 1,
};
const started = (key: string): MilestoneBody => ({
  type: 'step-started',
  step: step(key),
  attempt: 1,
  kind: 'run',
  workspace: 'shared',
});
const output = (key: string, text: string): Chatter => ({
  type: 'output',
  step: step(key),
  attempt: 1,
  stream: 'stdout',
  text,
});
const finished: MilestoneBody = {
  type: 'run-finished',
  status: 'succeeded',
  'duration-ms': 5,
  usage: { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 },
  outputs: {},
};

function speaker(hear: (event: Event) => void): (body: MilestoneBody | Chatter) => void {
  let seq = 0;
  return (body) => {
    const chatter = body.type === 'output' || body.type === 'said';
    const common = { v: 1, at: new Date().toISOString(), run: asRunId('20261120-141503-bcdf') };
    hear({ ...common, ...(chatter ? {} : { seq: ++seq }), ...body } as Event);
  };
}

it('draws when it is time to, however much happens', async () => {
  const out = { ...memory(), columns: 80, rows: 30, isTTY: true };
  let tick: (() => void) | undefined;
  let armed: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    armed = resolve;
  });
  const clock = {
    now: () => Date.now(),
    after: (_: number, then: () => void) => {
      tick = then;
      armed();
      return () => {
        tick = undefined;
      };
    },
  };
  const reporter = liveReporter({ out, color: false, plan: planOf(['one']), clock });
  const say = speaker((event) => reporter.hear(event));
  say(begun);
  await ready;
  say(started('one'));
  for (; !out.text().includes('0 of 1 done'); await Promise.resolve()) tick?.();
  const before = out.writes();
  for (let i = 0; i < 100_000; i++) say(output('one', `line ${i}\n`));
  expect(out.writes()).toBe(before);
  tick?.();
  expect(out.writes()).toBe(before + 1);
  expect(out.text()).toContain('line 99999');
  say({ type: 'step-succeeded', step: step('one'), attempt: 1, 'duration-ms': 5 });
  say(finished);
  await reporter.close();
  expect(tick).toBeUndefined();
  expect(out.text()).toContain('w succeeded after');
  expect(out.text().lastIndexOf('\x1b[?25h')).toBeGreaterThan(out.text().lastIndexOf('\x1b[?25l'));
});

it('draws nothing before something happens: people may be asked something first', async () => {
  const out = { ...memory(), isTTY: true };
  const clock = { now: () => 0, after: () => () => undefined };
  await liveReporter({ out, color: false, plan: planOf(['one']), clock }).close();
  expect(out.text()).toBe('');
});

it('can be closed before it has drawn', async () => {
  const out = { ...memory(), isTTY: true };
  const clock = { now: () => 0, after: () => () => undefined };
  const reporter = liveReporter({ out, color: false, plan: undefined, clock });
  const say = speaker((event) => reporter.hear(event));
  say(begun);
  say(finished);
  await reporter.close();
  expect(out.text()).toContain('w succeeded');
});

interface Terminal {
  say(body: MilestoneBody | Chatter): void;
  /** The run is over. */
  end(): void;
  press(key: 'C-c' | 'C-\\'): Promise<unknown>;
  /** The screen once it is as wanted; asks again and again, since a terminal does not tell. */
  screen(wanted: (text: string) => boolean): Promise<string>;
  cursorShown(): Promise<boolean>;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function terminal(
  options: Omit<ViewerOptions, 'events' | 'json'>,
  env: string[] = [],
  redirect = '',
): Promise<Terminal> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'live-'));
  const [socket, fifo] = ['tmux', 'events'].map((name) => path.join(directory, name));
  execFileSync('mkfifo', [fifo!]);
  const inside = (...args: string[]) => run('tmux', ['-S', socket!, '-f', '/dev/null', '-u', ...args]);
  const script = await compiled(path.join(import.meta.dirname, 'support/viewer.ts'));
  const viewer = JSON.stringify({ ...options, events: fifo!, json: false } satisfies ViewerOptions);
  const variables = [`PATH=${process.env.PATH}`, 'TERM=screen', 'LANG=C.UTF-8', ...env];
  // Open for reading too, so that opening waits for nobody.
  const pipe = openSync(fifo!, constants.O_RDWR);
  cleanups.push(() => {
    spawnSync('tmux', ['-S', socket!, 'kill-server']);
    rmSync(directory, { recursive: true, force: true });
  });
  const command = ['env', '-i', ...variables, process.execPath, script, viewer];
  // What it leaves behind stays to be looked at while the shell lives, which a signal from the terminal must not end.
  const staying = ['sh', '-c', `trap : INT QUIT; "$@" ${redirect}; echo gone; exec cat`, 'sh', ...command];
  await inside('new-session', '-d', '-x', '70', '-y', '30', ...staying);
  return {
    say: speaker((event) => writeSync(pipe, `${JSON.stringify(event)}\n`)),
    end: () => closeSync(pipe),
    press: (key) => inside('send-keys', key),
    screen: async (wanted) => {
      for (;;) {
        const { stdout } = await inside('capture-pane', '-p', '-S', '-');
        if (wanted(stdout)) return stdout;
      }
    },
    cursorShown: async () => (await inside('display-message', '-p', '#{cursor_flag}')).stdout.trim() === '1',
  };
}

const noTmux = spawnSync('tmux', ['-V']).status !== 0;

describe.skipIf(noTmux)('on a terminal (needs tmux, which gives one that can be looked at)', () => {
  it('shows rows in place, then the summary alone', async () => {
    const view = await terminal({ color: false, plan: ['one', 'two'] });
    view.say(begun);
    view.say(started('one'));
    view.say(output('one', `compiling \x1b[2Jeverything ${'x'.repeat(200)}\n`));
    const during = await view.screen((text) => text.includes('compiling everything'));
    expect(during).toContain('w  0 of 2 done');
    expect(during).toMatch(/^. one {2}\S+ · compiling everything x+…$/m);
    expect(during).toContain('· two');
    expect(during.trimEnd().split('\n')).toHaveLength(3);
    expect(await view.cursorShown()).toBe(false);
    view.say({ type: 'step-succeeded', step: step('one'), attempt: 1, 'duration-ms': 5 });
    await view.screen((text) => text.includes('1 of 2 done'));
    view.say({ type: 'step-skipped', step: step('two'), because: 'left out' });
    view.say(finished);
    view.end();
    const after = await view.screen((text) => text.includes('gone'));
    expect(after).not.toContain('of 2 done');
    expect(after).toMatch(
      /^w succeeded after \S+ · run 20261120-141503-bcdf\n\n✔ one {2}5ms\n- two {2}skipped: left out\nclosed\ngone\n/,
    );
    expect(await view.cursorShown()).toBe(true);
  });

  it('gives the terminal back when it is interrupted', async () => {
    const view = await terminal({ color: true, plan: ['one'] });
    view.say(begun);
    view.say(started('one'));
    await view.screen((text) => text.includes('0 of 1 done'));
    view.say({ type: 'run-interrupted', attempt: 1, by: 'SIGINT' });
    await view.press('C-c');
    const after = await view.screen((text) => text.includes('gone'));
    expect(after).toContain('w was interrupted');
    expect(after).toContain('codemachine resume 20261120-141503-bcdf');
    expect(await view.cursorShown()).toBe(true);
    view.end();
  });

  it('gives the cursor back to those who leave at once, wherever standard error goes', async () => {
    const view = await terminal({ color: true, plan: ['one'] }, [], '2>/dev/null');
    view.say(begun);
    await view.screen((text) => text.includes('0 of 1 done'));
    expect(await view.cursorShown()).toBe(false);
    await view.press('C-\\');
    await view.screen((text) => text.includes('gone'));
    expect(await view.cursorShown()).toBe(true);
    view.end();
  });

  it('shows at most fifteen rows of many steps', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `s${index}`);
    const view = await terminal({ color: true, plan: ids });
    view.say(begun);
    for (const id of ids) view.say(started(id));
    const during = await view.screen((text) => text.includes('and 47 running'));
    expect(during.trimEnd().split('\n')).toHaveLength(15);
    view.end();
  });

  it('is line by line where the terminal cannot do more, and in CI', async () => {
    for (const variable of ['TERM=dumb', 'CI=true']) {
      const view = await terminal({ color: false, plan: ['one'] }, [variable]);
      view.say(begun);
      view.say(started('one'));
      expect(await view.screen((text) => text.includes('one: started'))).not.toContain('of 1 done');
      view.end();
    }
  });
});

it('stands aside while something is asked in the same place, then draws again', async () => {
  const out = { ...memory(), columns: 80, rows: 30, isTTY: true };
  const ticks: (() => void)[] = [];
  const clock = {
    now: () => Date.now(),
    after: (_: number, then: () => void) => {
      ticks.push(then);
      return () => ticks.splice(ticks.indexOf(then), 1);
    },
  };
  const draws = async (what: string): Promise<void> => {
    for (; !out.text().includes(what); await new Promise(setImmediate)) ticks.shift()?.();
  };
  const reporter = liveReporter({ out, color: false, plan: planOf(['one', 'two']), clock });
  const say = speaker((event) => reporter.hear(event));
  say(begun);
  await draws('0 of 2 done');
  const back = await reporter.aside?.();
  const before = out.writes();
  say(started('one'));
  say({ type: 'step-succeeded', step: step('one'), attempt: 1 });
  for (const tick of ticks.splice(0)) tick();
  expect(out.writes()).toBe(before);
  back?.();
  await draws('1 of 2 done');
  say(finished);
  await reporter.close();
  expect(out.text()).toContain('w succeeded');
});

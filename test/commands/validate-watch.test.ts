// What `validate --watch` looks at again, and when it stops.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { built } from '../support/built.ts';
import { type CliEnd, startCli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { FINE, projectWith, say } from './project.ts';

beforeAll(built);

const GOOD = `name: w\n${FINE}`;
const SLIP = 'name: w\nsteps:\n  - runn: echo\n';
const PROMPTED = 'name: w\nsteps:\n  - { prompt-file: p.md, engine: codex, access: read }\n';

interface Watching {
  /** What was printed by the next look, once it waits again. */
  readonly next: () => Promise<string>;
  readonly interrupt: (signal: NodeJS.Signals) => Promise<CliEnd>;
  readonly looks: () => number;
}

function watching(
  project: Project,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Watching {
  const looks: string[] = [];
  const waiting: ((look: string) => void)[] = [];
  let lines: string[] = [];
  let taken = 0;
  const started = startCli(project, ['validate', '--watch', ...args], {
    env,
    onLine: (line) => {
      lines.push(line);
      if (!line.startsWith('watching ')) return;
      looks.push(lines.join('\n'));
      lines = [];
      waiting.shift()?.(looks[taken++] ?? '');
    },
  });
  onTestFinished(() => void started.child.kill('SIGKILL'));
  return {
    next: () => {
      const ready = looks[taken];
      if (ready === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return Promise.resolve(ready);
    },
    interrupt: (signal) => {
      started.child.kill(signal);
      return started.ended;
    },
    looks: () => looks.length,
  };
}

const put = (project: Project, file: string, text: string) => {
  mkdirSync(path.dirname(path.join(project.root, file)), { recursive: true });
  writeFileSync(path.join(project.root, file), text);
};

it('looks again when the file is written, and ends with 130 on Ctrl-C', async () => {
  const project = projectWith({}, { 'w.yml': SLIP });
  const watch = watching(project, ['w.yml']);
  expect(await watch.next()).toContain('error[unknown-key]');
  put(project, 'w.yml', GOOD);
  const second = await watch.next();
  expect(second).toContain('w.yml: valid');
  // Nobody's screen is cleared but a terminal's.
  expect(second).not.toContain('\u001b');
  expect(await watch.interrupt('SIGINT')).toMatchObject({ code: 130, stderr: '' });
});

it('sees a file that an editor puts in place by renaming, every time', async () => {
  const project = projectWith({}, { 'w.yml': GOOD });
  const watch = watching(project, ['w.yml']);
  await watch.next();
  for (const text of [SLIP, GOOD, SLIP]) {
    put(project, '.w.yml.swp', text);
    renameSync(path.join(project.root, '.w.yml.swp'), path.join(project.root, 'w.yml'));
    expect(await watch.next()).toContain(text === GOOD ? 'w.yml: valid' : 'error[unknown-key]');
  }
  expect(await watch.interrupt('SIGTERM')).toMatchObject({ code: 143 });
});

it('sees the files that the workflow names, those too that are still to be made, and the configuration', async () => {
  const project = projectWith({}, { 'flows/w.yml': PROMPTED });
  const watch = watching(project, ['flows/w.yml']);
  expect(await watch.next()).toContain('error[missing-file]');
  put(project, 'flows/p.md', 'Hello.\n');
  expect(await watch.next()).toContain('valid');
  put(project, 'flows/p.md', 'Hello ${{ nothing }}.\n');
  expect(await watch.next()).toContain('error[unknown-context]');
  put(project, '.codemachine/config.yml', 'defaults: { timeout: soon }\n');
  await watch.next();
  rmSync(path.join(project.root, '.codemachine/config.yml'));
  expect(await watch.next()).toContain('error[unknown-context]');
  await watch.interrupt('SIGINT');
});

it('sees a file whose directory was made long before it, or is another one by now', async () => {
  const project = projectWith({}, { 'w.yml': PROMPTED.replace('p.md', 'new/deep/p.md') });
  const watch = watching(project, ['w.yml']);
  expect(await watch.next()).toContain('error[missing-file]');
  mkdirSync(path.join(project.root, 'new/deep'), { recursive: true });
  // As long as another command takes: that the directory has come is old by then.
  await say(project, 'validate w.yml');
  put(project, 'new/deep/p.md', 'Hello.\n');
  expect(await watch.next()).toContain('valid');
  renameSync(path.join(project.root, 'new'), path.join(project.root, 'old'));
  expect(await watch.next()).toContain('error[missing-file]');
  renameSync(path.join(project.root, 'old'), path.join(project.root, 'new'));
  expect(await watch.next()).toContain('valid');
  await watch.interrupt('SIGINT');
});

it('sees what comes into, and goes out of, a directory', async () => {
  const project = projectWith({ a: FINE });
  const watch = watching(project, []);
  expect(await watch.next()).toContain('a.yml: valid');
  put(project, '.codemachine/workflows/b.yml', SLIP);
  expect(await watch.next()).toContain('b.yml:3:5');
  rmSync(path.join(project.root, '.codemachine/workflows/b.yml'));
  expect(await watch.next()).toContain('a.yml: valid');
  await watch.interrupt('SIGINT');
});

it('does not look again for what others write beside it', async () => {
  const project = projectWith({}, { 'w.yml': GOOD });
  const watch = watching(project, ['w.yml']);
  await watch.next();
  for (let i = 0; i < 200; i++) put(project, `noise-${i}.log`, 'x');
  put(project, 'w.yml', SLIP);
  expect(await watch.next()).toContain('error[unknown-key]');
  expect(watch.looks()).toBe(2);
  await watch.interrupt('SIGINT');
});

it('asks for changes where the system cannot tell of them', async () => {
  const without =
    "require('node:fs').watch = () => { throw new Error('ENOSPC'); };\nrequire('node:module').syncBuiltinESMExports();\n";
  const project = projectWith({}, { 'w.yml': GOOD, 'without-watch.cjs': without });
  const preload = path.join(project.root, 'without-watch.cjs');
  const watch = watching(project, ['w.yml'], { NODE_OPTIONS: `--require ${preload}` });
  await watch.next();
  put(project, 'w.yml', SLIP);
  expect(await watch.next()).toContain('error[unknown-key]');
  expect(await watch.interrupt('SIGINT')).toMatchObject({ code: 130 });
});

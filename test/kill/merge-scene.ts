// Makes runs that merge, copies the disk at each thing that they do to it, and puts such a copy in the place of what it was made of.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DRIVER_PACKAGE } from '../../src/state/driver.ts';
import { scriptAgent } from '../app/scripted-agent.ts';
import { type CliEnd, PROGRAM } from '../support/cli.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { compiled } from '../support/ts.ts';
import type { Copying } from './fixtures/copying.ts';

/** A repository in which isolated agents work. */
export interface MergeScene {
  readonly project: Project;
  /** Every attempt of an agent that was begun, as `one 1`. */
  begun(): readonly string[];
  /** What must be as it was before, or as the workflow meant it, whatever happened. */
  side(): Record<string, unknown>;
}

const LINES = Array.from({ length: 30 }, (_, at) => `line ${at}\n`);

const FILES = {
  'text.txt': LINES.join(''),
  'doomed.txt': 'to be deleted\n',
  'old-name.txt': `${LINES.slice(0, 9).join('')}renamed by one, edited by two\n`,
  'tool.sh': '#!/bin/sh\necho tool\n',
  swap: 'a file, and a directory after\n',
  'dir/link-later.txt': 'a file, and a link after\n',
  'staged.txt': 'as committed\n',
  '.gitignore': 'ignored/\n',
};

const ONE = `sed -i 's/^line 2$/line 2 of one/' text.txt
rm doomed.txt; mv old-name.txt new-name.txt; chmod +x tool.sh
printf 'a\\0b' > binary.dat`;
const TWO = `sed -i 's/^line 27$/line 27 of two/' text.txt
sed -i 's/^line 4$/line 4 of two/' old-name.txt
rm swap; mkdir swap; echo inside > swap/inside.txt
ln -sf ../tool.sh dir/link-later.txt; echo two > two.txt`;

/** Two isolated agents, one after the other, whose changes are merged after the second one; `armed` is there from its end on. */
export function setMergeScene(merge: 'auto' | 'never' = 'auto'): MergeScene {
  const project = makeProject(FILES);
  const { base } = project;
  const log = path.join(base, 'begun.log');
  writeFileSync(log, '');
  scriptAgent(
    project,
    `echo "$CODEMACHINE_STEP $CODEMACHINE_ATTEMPT" >> '${log}'
case $CODEMACHINE_STEP in
one) ${ONE} ;;
two) ${TWO}
touch '${armedOf(project)}' ;;
esac`,
  );
  const step = (id: string): string =>
    `  - { id: ${id}, needs: [], engine: claude-code, access: write, prompt: Do ${id}., workspace: { mode: isolated, merge: ${merge} } }\n`;
  project.write(
    '.codemachine/workflows/w.yml',
    `name: w\nversion: 1\nmax-parallel: 1\nsteps:\n${step('one')}${step('two')}`,
  );
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'the workflow');
  project.write('staged.txt', 'as staged\n');
  project.git('add', 'staged.txt');
  project.write('text.txt', LINES.map((line, at) => (at === 15 ? 'line 15 of mine\n' : line)).join(''));
  project.write('mine.txt', 'untracked\n');
  project.write('ignored/kept.txt', 'ignored\n');
  return {
    project,
    begun: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
    side: () => sideOf(project),
  };
}

function armedOf(project: Project): string {
  return path.join(project.base, 'armed');
}

function sideOf(project: Project): Record<string, unknown> {
  const git = path.join(project.root, '.git');
  const bytes = (name: string): string => readFileSync(path.join(git, name), 'latin1');
  const strange = readdirSync(git, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /(\.lock$|codemachine|^worktrees)/.test(name) && !/^(refs|logs\/refs)\/codemachine/.test(name),
  );
  const cache = path.join(project.home, '.cache/codemachine');
  const state = path.join(project.stateDir, 'git');
  return {
    tree: project.picture(),
    ignored: project.read('ignored/kept.txt'),
    index: bytes('index'),
    head: bytes('HEAD'),
    config: bytes('config'),
    refs: project.git('for-each-ref', 'refs/heads', 'refs/tags', 'refs/stash', 'refs/notes'),
    worktrees: project.git('worktree', 'list', '--porcelain'),
    strange,
    cached: existsSync(cache) ? readdirSync(cache, { recursive: true }) : [],
    ours: (existsSync(state) ? readdirSync(state) : [])
      .map((name) => name.replace(/^index-[0-9a-f]{16}/, 'index'))
      .sort(),
  };
}

/** Which points of a program are copied, or where it dies. */
export type Points = Partial<Pick<Copying, 'step' | 'first' | 'die'>> & { readonly armed?: boolean };

/** How a program ended that was stopped at each of so many points; the directories of the copies stand in their order. */
export interface Copied extends CliEnd {
  readonly points: number;
  readonly copies: readonly string[];
}

/**
 * Starts the built program, which has to succeed, and copies the disk at each point. Everything is counted where it is `armed` from
 * the start.
 */
export async function copyAtEach(project: Project, args: readonly string[], which: Points): Promise<Copied> {
  const hook = await compiled(path.join(import.meta.dirname, 'fixtures/copying.ts'));
  const to = path.join(project.base, `copies-${args[0]}`);
  mkdirSync(to);
  const { step = 1, first = 0, die, armed = false } = which;
  if (armed) writeFileSync(armedOf(project), '');
  const copying: Copying = {
    ...{ armed: armedOf(project), from: [project.root, project.home], to, step, first },
    ...(die === undefined ? {} : { die }),
    driver: path.resolve(import.meta.dirname, '../../node_modules', DRIVER_PACKAGE),
  };
  const env = { ...project.environ, CODEMACHINE_RIG_COPYING: JSON.stringify(copying) };
  const end = await started([`--import=${hook}`, PROGRAM, ...args], project.root, env);
  const copies = readdirSync(to).sort((a, b) => Number(a) - Number(b));
  if (end.signal === null && end.code !== 0) throw new Error(end.stderr);
  const points = end.signal === null ? Number(readFileSync(`${to}.points`, 'utf8')) : 0;
  return { ...end, points, copies: copies.map((name) => path.join(to, name)) };
}

function started(args: readonly string[], cwd: string, env: Record<string, string>): Promise<CliEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said }));
  });
}

/** The words for the point at which a copy was made. */
export function pointOf(copy: string): string {
  return readFileSync(path.join(copy, 'point'), 'utf8');
}

/** Puts a copy in the place of what it is a copy of. */
export function takePlace(project: Project, copy: string): void {
  for (const one of [project.root, project.home]) {
    rmSync(one, { recursive: true, force: true });
    renameSync(path.join(copy, path.basename(one)), one);
  }
}

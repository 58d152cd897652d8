/** Makes real repositories in temporary directories for the tests of the workspace. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { asRunId } from '../../src/model/ids.ts';
import type { Result } from '../../src/model/result.ts';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { inMemory } from '../support/in-memory.ts';

export const RUN = asRunId('20261120-141503-k7qd');

/** Git as the program hands it in: a plain child, the environment complete. */
export const realGit: Git = (args, { cwd, env, input }) =>
  new Promise((resolve) => {
    const child = spawn('git', args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.on('error', (error) => resolve({ code: 127, stdout: Buffer.alloc(0), stderr: error.message }));
    child.on('close', (code) =>
      resolve({ code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(said).toString() }),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });

/** A value, or the test ends with what went wrong. */
export function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** A repository on the disk, with an own HOME. */
export interface Repository {
  readonly root: string;
  readonly home: string;
  readonly environ: Readonly<Record<string, string>>;
  git(...args: string[]): string;
  write(name: string, content: string | Uint8Array, mode?: number): void;
  read(name: string): string;
  open(): Promise<GitWorkspace>;
  remove(): void;
}

/** Makes a repository with one commit holding `files`, below `place`. */
export function makeRepository(
  files: Readonly<Record<string, string>> = { 'a.txt': 'a\n' },
  place: string = inMemory(),
): Repository {
  const base = realpathSync(mkdtempSync(path.join(place, 'codemachine-ws-')));
  const root = path.join(base, 'repo');
  const home = path.join(base, 'home');
  mkdirSync(root);
  mkdirSync(home);
  const environ = { PATH: process.env.PATH ?? '', HOME: home };
  const write = (name: string, content: string | Uint8Array, mode?: number): void => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (mode !== undefined) chmodSync(file, mode);
  };
  const git = (...args: string[]): string => {
    const end = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: root,
      env: environ,
      encoding: 'utf8',
    });
    if (end.status !== 0) throw new Error(`git ${args.join(' ')}: ${end.stderr}`);
    return end.stdout;
  };
  git('init', '-q', '-b', 'main');
  for (const [name, content] of Object.entries(files)) write(name, content);
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
  return {
    root,
    home,
    environ,
    git,
    write,
    read: (name) => readFileSync(path.join(root, name), 'utf8'),
    open: () => openAt(root, environ),
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** Opens the workspace that a directory belongs to, with the state directory where it is by default. */
export async function openAt(cwd: string, environ: Readonly<Record<string, string>>): Promise<GitWorkspace> {
  const places = must(await findRoot(cwd, realGit, environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(places.mainRoot, '.codemachine', 'state');
  return must(await openWorkspace({ places, stateDir, git: realGit, environ, now: () => 1_795_000_000_000 }));
}

/** Every file of a directory with kind, executable bit and content; `.git` and the state directory left out. */
export function picture(
  root: string,
  skip: readonly string[] = ['.git', '.codemachine'],
): Record<string, string> {
  const all: Record<string, string> = {};
  const walk = (relative: Buffer): void => {
    const here =
      relative.length === 0 ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), relative]);
    for (const entry of readdirSync(here, { encoding: 'buffer' }) as unknown as Buffer[]) {
      const name = relative.length === 0 ? entry : Buffer.concat([relative, Buffer.from('/'), entry]);
      if (skip.includes(name.toString('latin1'))) continue;
      const file = Buffer.concat([Buffer.from(`${root}/`), name]);
      const stat = lstatSync(file);
      if (stat.isDirectory()) walk(name);
      else if (stat.isSymbolicLink()) all[name.toString('latin1')] = `link ${readlinkSync(file)}`;
      else {
        const mode = (stat.mode & 0o777).toString(8);
        all[name.toString('latin1')] =
          `${mode} ${stat.isFile() ? readFileSync(file).toString('latin1') : 'special'}`;
      }
    }
  };
  walk(Buffer.alloc(0));
  return all;
}

/** Makes the copies of a project that tests run in, away from everything that is somebody's. */

import { chmodSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runGit } from '../../engines/process.ts';
import { err, ok, type Result } from '../../model/result.ts';
import {
  copyFiles,
  copyRepository,
  filesBelow,
  makeRepository,
  projectFiles,
} from '../../workspace/project-files.ts';
import { lies } from '../files.ts';
import type { Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tell } from '../runs/present.ts';

/** Where one case runs. All paths are absolute, and real. */
export interface Stead {
  readonly root: string;
  readonly stateDir: string;
  readonly home: string;
}

/** The scratch directory of one call of the command. */
export interface Scratch {
  /** A fresh copy, of the project or of `fixture`. */
  open(name: string, fixture?: string): Promise<Result<Stead, Refusal>>;
  /** Takes the copy away again. */
  close(name: string): Promise<void>;
  /** Takes everything away, at once. */
  clear(): void;
}

/** What each copy of a kind is made from. */
interface Model {
  readonly root: string;
  readonly files: readonly string[];
}

/** Makes the directory; copies are made when they are wanted. */
export function openScratch(place: Place, env: NodeJS.ProcessEnv): Scratch {
  const base = realpathSync(mkdtempSync(path.join(os.tmpdir(), `codemachine-test-${process.pid}-`)));
  const models = new Map<string, Promise<Result<Model, Refusal>>>();
  const modelOf = (fixture: string | undefined): Promise<Result<Model, Refusal>> => {
    const key = fixture ?? '';
    const known = models.get(key) ?? makeModel(place, path.join(base, `model-${models.size}`), fixture, env);
    models.set(key, known);
    return known;
  };
  return {
    open: (name, fixture) =>
      orNotCopied(async () => {
        const model = await modelOf(fixture);
        if (!model.ok) return model;
        const { root: from, files } = model.value;
        const top = path.join(base, name);
        const [root, stateDir, home] = ['workspace', 'state', 'home'].map((one) => path.join(top, one)) as [
          string,
          string,
          string,
        ];
        await mkdir(home, { recursive: true });
        await mkdir(root);
        copyFiles(from, root, files);
        if (place.hasGit) copyRepository(from, root);
        return ok({ root, stateDir, home });
      }),
    close: async (name) => {
      const top = path.join(base, name);
      // Thousands of files take their time, in which other runs go on.
      await rm(top, { recursive: true, force: true }).catch(() => removeAll(top));
    },
    clear: () => removeAll(base),
  };
}

/** A full disk and a file that may not be read are trouble with the world. */
async function orNotCopied<T>(make: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
  try {
    return await make();
  } catch (error) {
    const { code, path: file, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return refuse(
      `the project cannot be copied for a test: ${file === undefined ? message : `${file} (${code})`}`,
    );
  }
}

/** Removes a directory, with those in it that may not be written to: package managers make some. What resists is left. */
function removeAll(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    try {
      unlock(directory);
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      tell(`${directory} cannot be removed (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
    }
  }
}

function unlock(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) unlock(path.join(directory, entry.name));
}

/** What holds for every run of the project. */
const CONFIG = path.join('.codemachine', 'config.yml');

/** What each case of a kind is a copy of. */
async function makeModel(
  place: Place,
  to: string,
  fixture: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Result<Model, Refusal>> {
  await mkdir(to, { recursive: true });
  const files = fixture === undefined && place.hasGit ? await listed(place, env) : found(place, fixture);
  if (!files.ok) return files;
  copyFiles(fixture ?? place.root, to, files.value);
  const lacksConfig = fixture !== undefined && !files.value.includes(CONFIG);
  const own = lacksConfig && existsSync(path.join(place.root, CONFIG)) ? [CONFIG] : [];
  copyFiles(place.root, to, own);
  const model = { root: to, files: [...files.value, ...own] };
  if (!place.hasGit) return ok(model);
  const made = await makeRepository(to, runGit, env);
  return made.ok ? ok(model) : err({ message: made.error.message });
}

async function listed(place: Place, env: NodeJS.ProcessEnv): Promise<Result<readonly string[], Refusal>> {
  const files = await projectFiles(place.root, runGit, env);
  if (!files.ok) return err({ message: files.error.message });
  const state = path.relative(place.root, place.stateDir);
  return ok(files.value.filter((name) => !lies(state, name)));
}

/** More is no project, but a home directory in which somebody has called the command. */
const MOST = { files: 20_000, bytes: 512 * 1024 * 1024 } as const;

function found({ root, stateDir }: Place, fixture: string | undefined): Result<readonly string[], Refusal> {
  const from = fixture ?? root;
  const passed = fixture === undefined ? ['.git', 'node_modules'] : ['.git'];
  const files = filesBelow(from, { passed, apart: stateDir, ...MOST });
  return files === undefined
    ? refuse(
        `${from} is too big to be copied for each test: more than ${MOST.files} files, or 512 MiB`,
        'name a small directory with `workspace` in the test, or `git init`: what git ignores is not copied',
      )
    : ok(files);
}

/** Variables that would let a run reach what is somebody's: the repository in whose hook we are, the log of the CI, our own state. */
const WITHHELD = /^(GIT_|GITHUB_|ACTIONS_|XDG_|CODEMACHINE_(?!MARK$))/;

/** The environment that a case starts in: that of the machine, without what is its owner's or the repository's. */
export function testEnvironment(
  env: NodeJS.ProcessEnv,
  own: Readonly<Record<string, string>>,
  home: string,
): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !WITHHELD.test(name));
  return { ...Object.fromEntries(kept), HOME: home, ...own };
}

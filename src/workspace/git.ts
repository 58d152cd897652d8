/** Starts git so that it obeys us alone. */

import type { Failure } from '../model/failure.ts';
import { fileName } from '../model/file-name.ts';
import { err, ok, type Result } from '../model/result.ts';

/**
 * Runs `git` to its end. Handed in, because children are started in one place of the house.
 * `env` is the whole environment of the child. A git that could not be started is a code that is not 0, with the reason in `stderr`.
 */
export type Git = (
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly input?: string | Uint8Array;
  },
) => Promise<{ readonly code: number; readonly stdout: Uint8Array; readonly stderr: string }>;

/** The caller's environment; only `PATH`, `HOME`, `XDG_CONFIG_HOME` and `TMPDIR` are taken from it. */
export type Environ = Readonly<Record<string, string | undefined>>;

/** What one call may say beside its arguments. `codes` are the exit codes that are an answer; `[0]` if unsaid. */
export interface Call {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly codes?: readonly number[];
}

/** Git with a place and an environment, giving its standard output. */
export type Ask = (args: readonly string[], call?: Call) => Promise<Result<Uint8Array, Failure>>;

/**
 * Options that win over whatever a repository's config says, since a config file is something an agent can write.
 * `core.hooksPath` also silences `reference-transaction` and `post-index-change`, which run for plumbing too.
 */
export const OBEY_NOBODY_ELSE: readonly string[] = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.logAllRefUpdates=false',
  '-c',
  'core.pager=cat',
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
];

/**
 * A missing object makes git ask the remote that promised it, by a command line that stands in a config. Git before 2.45 does not know
 * the first variable; the second leaves no transport over which to ask.
 */
const NO_FETCH = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' } as const;

/** The environment that says nothing of the user or the machine. `home` is a directory without any git config in it. */
export function scratchEnvironment(environ: Environ, home: string): Readonly<Record<string, string>> {
  return {
    ...pick(environ, ['PATH', 'TMPDIR']),
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    ...NO_FETCH,
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
  };
}

/**
 * The environment for the few questions that are about the user's own settings (`core.excludesFile`, `safe.directory`).
 * Without the caller's `GIT_*`: inside one of git's hooks they point at an index that is about to go.
 */
export function userEnvironment(environ: Environ): Readonly<Record<string, string>> {
  return {
    ...pick(environ, ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR']),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    ...NO_FETCH,
  };
}

/** Gives git a place and an environment, and turns its exit codes into results. */
export function asking(
  git: Git,
  cwd: string,
  env: Readonly<Record<string, string>>,
  options: readonly string[],
): Ask {
  return async (args, call = {}) => {
    const input = call.input === undefined ? {} : { input: call.input };
    const end = await git([...options, ...args], {
      cwd: call.cwd ?? cwd,
      env: { ...env, ...call.env },
      ...input,
    });
    if ((call.codes ?? [0]).includes(end.code)) return ok(end.stdout);
    return err(gitFailure(args, end.code, end.stderr));
  };
}

/** Names the command that failed, what git said, and where. */
export function gitFailure(args: readonly string[], code: number, stderr: string): Failure {
  const said = stderr.trim().split('\n').slice(-3).join(' ') || `exit code ${code}`;
  return {
    reason: 'internal',
    message: `The workspace could not be recorded or put back: git ${args[0] ?? ''} says: ${said}`,
    help: 'Run `codemachine doctor`; if the file that git names is yours, mend it and resume.',
  };
}

/** Text of an output of git. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** The one line of an output of git. */
export function line(bytes: Uint8Array): string {
  return text(bytes).replace(/\n$/, '');
}

/**
 * Paths of a `-z` output. Read as bytes in Latin-1 rather than UTF-8: a name need not be UTF-8, and decoding one
 * that is not would give a name of no file. `Names` go back to git and to the disk through `bytesOf`.
 */
export function names(bytes: Uint8Array): readonly string[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\0');
  if (all.at(-1) === '') all.pop();
  return all;
}

/** The bytes that a name of `names` stands for. */
function bytesOf(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

/** Where a file of the tree is on the disk. Bytes, because a name need not be UTF-8. */
export function diskPath(root: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), bytesOf(name)]);
}

/** A name of `names` as people read it. */
export function shown(name: string): string {
  return bytesOf(name).toString('utf8');
}

/** The same in a sentence, so that it cannot be taken for another one. */
export function named(name: string): string {
  return fileName(shown(name));
}

/** Names as git takes them with `-z --stdin`. */
export function zeroEnded(all: readonly string[]): Uint8Array {
  return bytesOf(all.map((name) => `${name}\0`).join(''));
}

function pick(environ: Environ, keys: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const key of keys) {
    const value = environ[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

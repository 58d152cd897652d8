/** Validates again whenever a file that matters changes. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { stamp } from '../files.ts';
import type { Place } from '../place.ts';
import { filesOf } from './files.ts';
import { type Looked, type ValidateHow, validateOnce } from './look.ts';

/** An editor writes, renames and touches within a few milliseconds; one look is enough for all of it. */
const QUIET_MS = 60;

/**
 * The system tells of changes, and need not: some file systems never do, a queue overflows, a directory is replaced or made a moment
 * before the file in it. So the files are asked as well, this often.
 */
const POLL_MS = 1_000;

/** Validates until somebody interrupts: 130 for Ctrl-C, 143 for SIGTERM. */
export async function watchFiles(
  place: Place,
  names: readonly string[],
  how: ValidateHow,
): Promise<ExitCode> {
  const ended = interruption();
  let before: Stamps = new Map();
  for (;;) {
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
    // Taken before the files are read: what is written in between counts as a change.
    before = stampsOf([...before.keys(), ...(await scopeOf(place, names, undefined)).files]);
    const { looked } = await validateOnce(place, names, how);
    const scope = await scopeOf(place, names, looked);
    const watched = watchAll(scope, asRead(scope, before, looked));
    if (!watched.changed() && (how.format ?? 'text') === 'text') {
      const count = scope.files.size;
      process.stdout.write(`\nwatching ${count} file${count === 1 ? '' : 's'}; Ctrl-C ends it\n`);
    }
    const why = await Promise.race([ended.heard, watched.change]);
    watched.close();
    before = stampsOf(scope.files);
    if (why === 'changed') continue;
    ended.close();
    return why;
  }
}

/** What each file was when it was read; one that has come since was not read at all. */
function asRead(scope: Scope, before: Stamps, looked: Looked | undefined): Stamps {
  const named = new Map((looked?.checked ?? []).flatMap(({ checked }) => [...(checked.named ?? [])]));
  return new Map([...scope.files].map((file) => [file, before.get(file) ?? named.get(file) ?? 'none']));
}

interface Interruption {
  readonly heard: Promise<ExitCode>;
  readonly close: () => void;
}

function interruption(): Interruption {
  const handlers: [NodeJS.Signals, () => void][] = [];
  const heard = new Promise<ExitCode>((resolve) => {
    handlers.push(['SIGINT', () => resolve(EXIT.interrupted)], ['SIGTERM', () => resolve(EXIT.terminated)]);
    // Who read it has gone: nobody is told any more.
    process.stdout.once('error', () => resolve(EXIT.succeeded));
  });
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    heard,
    close: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}

/** What is watched. */
interface Scope {
  readonly files: ReadonlySet<string>;
  /** Directories in which new workflows count. */
  readonly roots: readonly string[];
}

/** What the names mean, what those files name, and the configuration. */
async function scopeOf(place: Place, names: readonly string[], looked: Looked | undefined): Promise<Scope> {
  const found = await filesOf(place, names);
  const subjects = found.ok ? found.value.map(({ file }) => file) : [];
  const named = (looked?.checked ?? []).flatMap(({ checked }) => [...(checked.named?.keys() ?? [])]);
  const files = new Set([...subjects, ...named, path.join(place.root, '.codemachine', 'config.yml')]);
  const roots = names.length === 0 ? [path.join(place.root, '.codemachine', 'workflows')] : [];
  for (const name of names) {
    const file = path.resolve(place.cwd, name);
    // Of a directory, or a glob, the files that are still to come belong to it as well.
    if (isDirectory(file)) roots.push(file);
    else if (/[*?[{]/.test(name))
      roots.push(nearestDirectory(path.resolve(place.cwd, name.replace(/[*?[{].*$/, 'x'))));
    else if (!files.has(file) && /[/.]/.test(name)) files.add(file);
  }
  const below = subjects.map((file) => path.dirname(file));
  return { files, roots: roots.length === 0 ? [] : [...new Set([...roots, ...below])] };
}

type Stamps = ReadonlyMap<string, string>;

function stampsOf(files: Iterable<string>): Stamps {
  return new Map([...files].map((file) => [file, stamp(file)]));
}

interface Watched {
  /** Resolves once something has changed, and no more does. */
  readonly change: Promise<'changed'>;
  readonly changed: () => boolean;
  readonly close: () => void;
}

/**
 * Directories are watched, not files: a file that is replaced takes its watcher with it. Stamps say whether an event was about one
 * of these files, and whether one has changed since `stamps` were taken.
 */
function watchAll(scope: Scope, stamps: Stamps): Watched {
  let timer: NodeJS.Timeout | undefined;
  let changed = false;
  let tell: (why: 'changed') => void = () => undefined;
  const change = new Promise<'changed'>((resolve) => {
    tell = resolve;
  });
  const hear = (directory: string, name: string | null) => {
    if (!matters(scope, stamps, directory, name)) return;
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(() => tell('changed'), QUIET_MS);
  };
  const watching = [...directoriesOf(scope)].map((directory) => watchOne(directory, hear));
  // Not `fs.watchFile`: it takes its own first look some time later, and never tells what happened before that.
  const ask = (): void => {
    if (changed) return;
    for (const file of stamps.keys()) hear(path.dirname(file), path.basename(file));
    for (const root of scope.roots) for (const name of namesIn(root)) hear(root, name);
  };
  const asking = setInterval(ask, POLL_MS);
  ask();
  return {
    change,
    changed: () => changed,
    close: () => {
      clearTimeout(timer);
      clearInterval(asking);
      for (const stop of watching) stop();
    },
  };
}

function directoriesOf({ files, roots }: Scope): ReadonlySet<string> {
  return new Set([...[...files].map((file) => path.dirname(file)), ...roots].map(nearestDirectory));
}

// Most events of a directory are about others: they cost no look at the disk.
function matters({ files, roots }: Scope, stamps: Stamps, directory: string, name: string | null): boolean {
  const file = name === null ? undefined : path.join(directory, name);
  if (file === undefined) return [...stamps].some(([one, before]) => stamp(one) !== before);
  if (files.has(file)) return stamp(file) !== stamps.get(file);
  if ([...files].some((one) => one.startsWith(`${file}${path.sep}`)))
    return [...stamps].some(([one, before]) => stamp(one) !== before);
  return (
    roots.includes(directory) &&
    (/\.ya?ml$/.test(file) ? !stamps.has(file) : isDirectory(file) && !roots.includes(file))
  );
}

/** Watches one directory, where the system can; gives what ends it. */
function watchOne(directory: string, hear: (directory: string, name: string | null) => void): () => void {
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(directory, (_, name) => hear(directory, name));
    watcher.on('error', () => watcher?.close());
  } catch {
    return () => undefined;
  }
  return () => watcher?.close();
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

// A directory that is still to be made is watched for where it will appear.
function nearestDirectory(directory: string): string {
  let at = directory;
  while (!isDirectory(at) && path.dirname(at) !== at) at = path.dirname(at);
  return at;
}

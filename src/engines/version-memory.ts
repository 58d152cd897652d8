/** Remembers which version a program said that it is, until the program is another one. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Environ } from './child-env.ts';
import { isVersion } from './dialects/versions.ts';

/** What was said before. Nothing of it ever fails: what cannot be kept is asked for again. */
export interface VersionMemory {
  /** @param now milliseconds since the epoch */
  recall(identity: string, now: number): string | undefined;
  keep(identity: string, version: string, now: number): void;
}

/** Behind a launcher that stays as it is (asdf, volta, a wrapper of one's own) the engine may be replaced. */
const TRUSTED_MS = 24 * 60 * 60 * 1000;

/** How many programs are remembered. */
const MOST = 100;

/** A longer file is none of ours. In bytes. */
const LONGEST_FILE = 256 * 1024;

const IDENTITY = /^[0-9a-f]{64}$/;

/**
 * Which program it is, by its real path, size and time of change, and those of files that its first arguments name: a hash, since
 * arguments may hold a key. Undefined where it cannot be looked at.
 */
export function identityOf(found: string, first: readonly string[]): string | undefined {
  try {
    const files = [found, ...first.filter((word) => path.isAbsolute(word))].map((file) => {
      const real = realpathSync(file);
      const { size, mtimeMs } = statSync(real);
      return [real, size, mtimeMs];
    });
    return createHash('sha256')
      .update(JSON.stringify([files, first]))
      .digest('hex');
  } catch {
    return undefined;
  }
}

/** The memory in the cache directory of the user; undefined where there is none. */
export function versionMemory(environ: Environ): VersionMemory | undefined {
  const said = environ['XDG_CACHE_HOME'] ?? '';
  // As the specification says: a relative path is as if it were not said.
  const base = path.isAbsolute(said) ? said : path.join(environ['HOME'] ?? '', '.cache');
  if (!path.isAbsolute(base)) return undefined;
  const file = path.join(base, 'codemachine', 'engine-versions.json');
  return {
    recall: (identity, now) => {
      const known = read(file)[identity];
      return known === undefined || !isFresh(known.at, now) ? undefined : known.version;
    },
    keep: (identity, version, now) => {
      const at = new Date(now).toISOString();
      if (IDENTITY.test(identity) && isVersion(version))
        write(file, { ...read(file), [identity]: { version, at } });
    },
  };
}

interface Known {
  readonly version: string;
  /** When it said so. */
  readonly at: string;
}

/** A time to come is that of another clock. */
function isFresh(at: string, now: number): boolean {
  const age = now - Date.parse(at);
  return age >= 0 && age < TRUSTED_MS;
}

/** Whatever does not look like something of ours is passed over. */
function read(file: string): Readonly<Record<string, Known>> {
  try {
    const found = statSync(file);
    if (!found.isFile() || found.size > LONGEST_FILE) return {};
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const versions = (parsed as { versions?: unknown } | null)?.versions;
    if (typeof versions !== 'object' || versions === null) return {};
    return Object.fromEntries(
      Object.entries(versions).flatMap(([identity, known]: [string, Partial<Known> | null]) => {
        const { version, at } = known ?? {};
        if (!IDENTITY.test(identity) || typeof version !== 'string' || typeof at !== 'string') return [];
        return isVersion(version) && !Number.isNaN(Date.parse(at)) ? [[identity, { version, at }]] : [];
      }),
    );
  } catch {
    return {};
  }
}

function write(file: string, known: Readonly<Record<string, Known>>): void {
  const newest = Object.entries(known)
    .sort(([, one], [, other]) => Date.parse(other.at) - Date.parse(one.at))
    .slice(0, MOST);
  const draft = `${file}.${randomUUID()}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ v: 1, versions: Object.fromEntries(newest) }, null, 2);
    writeFileSync(draft, `${text}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch {
    discard(draft);
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // Where its directory is none, there is no draft either.
  }
}

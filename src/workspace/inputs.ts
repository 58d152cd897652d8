/** Says what is in the files that fit globs, without reading again what did not change. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Match } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import { insideRoot, literalStart } from './files.ts';

/** Where files are looked for. */
export interface InputsIn {
  /** The root of the tree, absolute. */
  readonly root: string;
  /** The state directory: what is in it changes with every run. */
  readonly stateDir: string;
  readonly match: Match;
}

/** A file: its path from the root, its mode as git knows it, SHA-256 of what is in it. */
export type InputFile = readonly [file: string, mode: string, sha256: string];

/** What was read before. */
export interface Remembered {
  /** By path, the stamp of the file as it was then, with its digest. */
  readonly files: Map<string, readonly [stamp: string, sha256: string]>;
  /** Whether anything was added or taken away. */
  changed: boolean;
}

/** A change within the same tick of the disk's clock shows in no stamp. Nanoseconds. */
const TICK = 2_000_000_000n;

/**
 * The files and links that fit the globs, sorted by path; a glob that starts with `!` takes files away again. A link counts as where
 * it points to, and is not followed. The error is half a sentence: a file that cannot be read.
 * @param remembered is changed in place
 * @param now nanoseconds since the epoch
 */
export function inputFiles(
  { root, stateDir, match }: InputsIn,
  written: readonly string[],
  remembered: Remembered,
  now: bigint,
): Result<readonly InputFile[], string> {
  const globs = written.map((glob) => glob.replace(/^(\.\/+)+/, ''));
  const found = new Map<string, InputFile>();
  try {
    const top = realpathSync(root);
    const state = realOf(stateDir);
    for (const base of new Set(globs.filter((glob) => !glob.startsWith('!')).map(literalStart))) {
      // Below it only directories are entered, so nothing else can lead out.
      const inside = !base.split('/').includes('..') && insideRoot(top, path.dirname(base)).ok;
      const waiting = inside ? [base] : [];
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        const full = path.join(top, name);
        if (path.basename(name) === '.git' || full === state || found.has(name)) continue;
        const stat = lstatSync(full, { bigint: true, throwIfNoEntry: false });
        if (stat?.isDirectory() === true)
          for (const one of readdirSync(full)) waiting.push(name === '' ? one : `${name}/${one}`);
        else if (stat !== undefined && (stat.isFile() || stat.isSymbolicLink()) && match(name, globs))
          found.set(name, look(full, name, stat, remembered, now));
      }
    }
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  return ok([...found.values()].sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Stat = NonNullable<ReturnType<typeof bigStat>>;

function bigStat(file: string) {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false });
}

function look(full: string, name: string, stat: Stat, remembered: Remembered, now: bigint): InputFile {
  if (stat.isSymbolicLink()) return [name, '120000', digest(readlinkSync(full, { encoding: 'buffer' }))];
  const mode = (stat.mode & 0o100n) === 0n ? '100644' : '100755';
  const stamp = [stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.dev].join(':');
  const known = remembered.files.get(name);
  if (known?.[0] === stamp) return [name, mode, known[1]];
  const sha256 = digest(readFileSync(full));
  if (now - stat.mtimeNs <= TICK || now - stat.ctimeNs <= TICK) return [name, mode, sha256];
  remembered.files.set(name, [stamp, sha256]);
  remembered.changed = true;
  return [name, mode, sha256];
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function realOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}

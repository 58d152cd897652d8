/** Looks at a path on the disk right before it is replaced or removed, so that nobody's edit goes with it. */
import { createHash, type Hash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { type Difference, differences, parentsOf } from './diff.ts';
import { recordable } from './disk.ts';
import { diskPath, named } from './git.ts';
import type { Store } from './store.ts';

/** What is at a path: a recording's words for it, or that nothing of worth is there. */
interface Seen {
  readonly mode: string;
  readonly id: string;
  /** Its size and times when it was read; a change within one tick of the clock does not show in them. */
  readonly stat: string;
  readonly readAt: number;
}

/** How a path stands to what may be replaced there. */
export type Standing = 'replace' | 'done' | 'edited';

/** Tells how paths stand, for one restore. */
export interface LastLook {
  /** Reads every path once; gives those that somebody edited, as of `names`. */
  all(listed: readonly Difference[]): Promise<readonly string[]>;
  /** Reads one path again where that is needed. What it says holds until the caller lets go of the thread. */
  now(one: Difference): Standing;
}

/** The file system's clock ticks every 10 ms at worst; the rest is for one that lives on another machine. */
const TICK_MS = 2_500;

/** How many bytes are read before others may have their turn. */
const CHUNK = 1 << 20;

/**
 * A path may be replaced where it is as `from` of its difference says, or as `found` holds it: a recording, so nothing is lost.
 * One that is as `to` says needs nothing; one that is away can lose nothing.
 */
export async function lastLook(
  store: Store,
  from: string,
  found: string | undefined,
): Promise<Result<LastLook, Failure>> {
  const also = new Map<string, string>();
  if (found !== undefined && found !== from) {
    const listed = await differences(store, from, found);
    if (!listed.ok) return listed;
    for (const one of listed.value) also.set(one.path, `${one.toMode} ${one.toId}`);
  }
  const known = new Map<string, Seen | undefined>();
  const standing = (one: Difference, seen: Seen | undefined): Standing => {
    if (seen === undefined) return 'replace';
    const what = `${seen.mode} ${seen.id}`;
    if (what === `${one.toMode} ${one.toId}`) return 'done';
    return what === `${one.fromMode} ${one.fromId}` || what === also.get(one.path) ? 'replace' : 'edited';
  };
  return ok({
    all: async (listed) => {
      const edited: string[] = [];
      let bytes = 0;
      for (const one of listed) {
        const seen = see(store, one.path);
        known.set(one.path, seen);
        if (standing(one, seen) === 'edited') edited.push(one.path);
        bytes += CHUNK / 64 + Number(seen?.stat.split(' ')[0] ?? 0);
        if (bytes > 8 * CHUNK) {
          bytes = 0;
          await turn();
        }
      }
      return edited;
    },
    now: (one) => {
      const before = known.get(one.path);
      const stat = look(store.places.root, one.path);
      if (before !== undefined && stat !== undefined && unchanged(before, stat)) return standing(one, before);
      return standing(one, see(store, one.path));
    },
  });
}

/** What an undo says that would take somebody's edit away. */
export function editedLater(names: readonly string[]): string {
  const [first = '', ...rest] = names.map(named);
  const more =
    rest.length === 0 ? '' : rest.length === 1 ? ` (and ${rest[0]})` : ` (and ${rest.length} more)`;
  return `${first}${more} was edited after it was recorded, and nothing was put over it`;
}

function unchanged(before: Seen, stat: BigIntStats): boolean {
  if (signature(stat) !== before.stat) return false;
  return Number(stat.ctimeMs) < before.readAt - TICK_MS && Number(stat.mtimeMs) < before.readAt - TICK_MS;
}

/** Undefined also behind a link: what is there is not at this path. */
function look(root: string, name: string): BigIntStats | undefined {
  try {
    for (const parent of parentsOf(name))
      if (!lstatSync(diskPath(root, parent)).isDirectory()) return undefined;
    return lstatSync(diskPath(root, name), { bigint: true });
  } catch {
    return undefined;
  }
}

function signature(stat: BigIntStats): string {
  return [stat.size, stat.dev, stat.ino, stat.mode, stat.mtimeNs, stat.ctimeNs].join(' ');
}

/** Undefined for what no recording can hold: nothing, a directory, a pipe, a link by the name of `.gitmodules`. */
function see(store: Store, name: string): Seen | undefined {
  const { root, objectFormat } = store.places;
  const stat = look(root, name);
  if (stat === undefined || !recordable(name, stat)) return undefined;
  const said = { stat: signature(stat), readAt: Date.now() };
  const hash = createHash(objectFormat);
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(diskPath(root, name), { encoding: 'buffer' });
    return {
      mode: '120000',
      id: hash.update(`blob ${target.length}\0`).update(target).digest('hex'),
      ...said,
    };
  }
  return { mode: (stat.mode & 0o100n) === 0n ? '100644' : '100755', id: hashFile(hash, root, name), ...said };
}

/** The object id of a file's bytes, a word that is none where it grows or cannot be read. */
function hashFile(hash: Hash, root: string, name: string): string {
  let handle: number;
  try {
    handle = openSync(diskPath(root, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return 'unreadable';
  }
  try {
    const { size } = fstatSync(handle);
    hash.update(`blob ${size}\0`);
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size + 1));
    let read = 0;
    for (;;) {
      const got = readSync(handle, chunk, 0, chunk.length, null);
      if (got === 0) break;
      read += got;
      hash.update(chunk.subarray(0, got));
    }
    return read === size ? hash.digest('hex') : 'growing';
  } finally {
    closeSync(handle);
  }
}

/** Makes a ref of ours that is a file of its own, as git does, without starting it. */
import {
  closeSync,
  fsync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Store } from './store.ts';

const sync = promisify(fsync);

/** Beyond, git looks for a name in it faster. */
const LARGEST_PACK = 64 * 1024;

/**
 * Makes a ref that is not there yet; `beside` is one in the same directory. False where git has to be asked, and nothing was changed:
 * `beside` is no file (another backend, packed), the name is taken, something is in the way. What stands in the ref is on the disk
 * before it has its name. The caller has seen to it that the directories lead nowhere else.
 */
export async function writeRef(store: Store, ref: string, beside: string, id: string): Promise<boolean> {
  const { commonDir } = store.places;
  const file = path.join(commonDir, ref);
  const lock = `${file}.lock`;
  if (!isPlain(path.join(commonDir, beside), id.length) || mayBePacked(commonDir, ref)) return false;
  if (!store.intact().ok) return false;
  let handle: number;
  try {
    handle = openSync(lock, 'wx', 0o666);
  } catch {
    return false;
  }
  try {
    try {
      writeSync(handle, `${id}\n`);
      await sync(handle);
    } finally {
      closeSync(handle);
    }
    // Unlike a rename, it takes nobody's place.
    linkSync(lock, file);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The format is that of git's documentation of the repository's layout. */
function isPlain(file: string, length: number): boolean {
  try {
    return (
      lstatSync(file).isFile() && new RegExp(`^[0-9a-f]{${length}}\\n$`).test(readFileSync(file, 'latin1'))
    );
  } catch {
    return false;
  }
}

/** A file would hide what is packed by the same name. */
function mayBePacked(commonDir: string, ref: string): boolean {
  const file = path.join(commonDir, 'packed-refs');
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  return !stat.isFile() || stat.size > LARGEST_PACK || readFileSync(file, 'latin1').includes(` ${ref}\n`);
}

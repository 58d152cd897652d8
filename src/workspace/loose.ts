/** Reads and writes objects that are files of their own, as git does, without starting it. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import type { Places } from './root.ts';

function fileOf({ commonDir }: Places, id: string): string {
  return path.join(commonDir, 'objects', id.slice(0, 2), id.slice(2));
}

/** The content of a tree; undefined where it is no file of its own, or not what its name says. */
export function readLooseTree(places: Places, id: string): Buffer | undefined {
  let whole: Buffer;
  try {
    whole = inflateSync(readFileSync(fileOf(places, id)));
  } catch {
    return undefined;
  }
  if (createHash(places.objectFormat).update(whole).digest('hex') !== id) return undefined;
  return whole.toString('latin1', 0, 5) === 'tree ' ? whole.subarray(whole.indexOf(0) + 1) : undefined;
}

/** Whether an object is a file of its own. */
export function isLoose(places: Places, id: string): boolean {
  return existsSync(fileOf(places, id));
}

/**
 * Writes an object and gives its id. It is whole from the moment it has its name, but need not be on the disk yet. Throws where it
 * cannot be written.
 */
export function writeLoose(places: Places, kind: 'blob' | 'commit' | 'tree', content: Buffer): string {
  const whole = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content]);
  const id = createHash(places.objectFormat).update(whole).digest('hex');
  const file = fileOf(places, id);
  if (existsSync(file)) return id;
  mkdirSync(path.dirname(file), { recursive: true });
  // By this name `git gc` knows what a killed process left.
  const fresh = path.join(path.dirname(file), `tmp_obj_${randomUUID()}`);
  try {
    writeFileSync(fresh, deflateSync(whole, { level: 1 }), { flag: 'wx', mode: 0o444 });
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  return id;
}

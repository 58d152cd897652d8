/** Keeps the files that steps promised, each under the SHA-256 of what is in it. */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncPath } from './durable.ts';
import { guardedAsync } from './problem.ts';

/** A file that was opened for reading by somebody who knows that it is the right one. */
export type OpenFile = FileHandle;

/** What was kept. `bytes` is the size. */
export interface KeptArtifact {
  readonly sha256: string;
  readonly bytes: number;
}

/** What a kept copy is. */
export interface ReadArtifact {
  /** The size. */
  readonly bytes: number;
  /** Absent where that is more than was asked for. */
  readonly content?: Uint8Array;
}

const PIECE = 1024 * 1024;

/**
 * Copies the file into `directory`. It is on the disk, whole and under its name, when this resolves, so that a milestone may
 * name it. What is there already under that name is the same, and is made young again: nothing old is about to be named.
 */
export function keepArtifact(
  directory: string,
  file: OpenFile,
  most: number,
): Promise<KeptArtifact | undefined> {
  return guardedAsync(directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const temporary = path.join(directory, `${randomBytes(12).toString('hex')}.tmp`);
    try {
      const kept = await copy(file, temporary, most);
      if (kept === undefined) return undefined;
      await rename(temporary, path.join(directory, kept.sha256));
      syncPath(directory);
      return kept;
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

/** What was kept under a digest, with its content where that has at most so many bytes; undefined where it is gone. */
export function readArtifact(
  directory: string,
  sha256: string,
  most: number,
): Promise<ReadArtifact | undefined> {
  return guardedAsync(directory, async () => {
    const file = path.join(directory, sha256);
    try {
      const { size } = await stat(file);
      return size > most ? { bytes: size } : { bytes: size, content: await readFile(file) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** The digest is of the copy: the file itself may be written to meanwhile. */
async function copy(file: OpenFile, target: string, most: number): Promise<KeptArtifact | undefined> {
  const { size } = await file.stat();
  if (size > most) return undefined;
  if (size >= PIECE) await share(file, target);
  const copied = await open(target, 'a+', 0o600);
  try {
    const has = (await copied.stat()).size > 0;
    const hash = createHash('sha256');
    const source = has ? copied : file;
    const piece = Buffer.allocUnsafe(Math.min(PIECE, Math.max(1, size)));
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await source.read(piece, 0, piece.length, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      if (bytes > most) return undefined;
      const read = piece.subarray(0, bytesRead);
      hash.update(read);
      if (!has) await copied.appendFile(read);
    }
    await copied.sync();
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await copied.close();
  }
}

/** Shares the blocks where the file system can: by the open file, as its name may lead elsewhere by now. Elsewhere nothing is made. */
async function share(file: OpenFile, target: string): Promise<void> {
  try {
    await copyFile(
      `/proc/self/fd/${file.fd}`,
      target,
      constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE,
    );
    await chmod(target, 0o600);
  } catch {
    // No such file system, or no /proc.
    await rm(target, { force: true });
  }
}

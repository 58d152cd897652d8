/** Writes a run to one file that travels, which is checked to the last byte when it is read. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { Readable, type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createTarDecoder, createTarPacker, type ParsedTarEntry } from 'modern-tar';
import { BundleError, decrypting, encrypting, HEADER_BYTES, MAGIC } from './bundle-cipher.ts';
import { type Listed, MANIFEST, type Manifest, MOST_MANIFEST, manifestOf } from './bundle-manifest.ts';
import { syncPath } from './durable.ts';

/** A file that goes along. */
export interface Member {
  /** As it is called in the bundle. */
  readonly name: string;
  /** Where it is. */
  readonly file: string;
}

/** What a bundle is written from. */
export interface BundleOf {
  /** Where it goes: there whole, with mode 0600, or not at all. */
  readonly target: string;
  /** Encrypts it; plain where there is none. */
  readonly secret: string | undefined;
  readonly about: Omit<Manifest, 'members'>;
  readonly members: readonly Member[];
}

/** Writes a bundle; gives its size. The same content gives the same bytes, where it is not encrypted. Throws errors of the system. */
export async function writeBundle({ target, secret, about, members }: BundleOf): Promise<number> {
  const sorted = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  const listed: Listed[] = [];
  for (const one of sorted) listed.push({ name: one.name, ...(await digestOf(one.file)) });
  const manifest = Buffer.from(`${JSON.stringify({ ...about, members: listed }, undefined, 1)}\n`);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  const { readable, controller } = createTarPacker();
  const cipher: readonly Transform[] = secret === undefined ? [] : [await encrypting(secret)];
  try {
    const out = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true });
    const packing = packAll(controller, manifest, sorted, listed).catch((error: unknown) =>
      controller.error(error),
    );
    await pipeline([Readable.fromWeb(readable as never), ...cipher, out]);
    await packing;
    renameSync(temporary, target);
    syncPath(path.dirname(target));
    return out.bytesWritten;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

type Packer = ReturnType<typeof createTarPacker>['controller'];

async function packAll(
  packer: Packer,
  manifest: Buffer,
  members: readonly Member[],
  listed: readonly Listed[],
): Promise<void> {
  await pack(packer, MANIFEST, manifest.length, [manifest]);
  for (const [at, { name, file }] of members.entries())
    await pack(packer, name, listed[at]?.bytes ?? 0, createReadStream(file));
  packer.finalize();
}

async function pack(
  packer: Packer,
  name: string,
  size: number,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const header = { name, size, mode: 0o600, mtime: new Date(0), type: 'file' } as const;
  const writer = packer.add(header).getWriter();
  for await (const bytes of content) await writer.write(new Uint8Array(bytes));
  await writer.close();
}

async function digestOf(file: string): Promise<Pick<Listed, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** How a bundle is read. */
export interface BundleFrom {
  readonly source: string;
  readonly secret: string | undefined;
  /** Hears what is in it before any of it is written; gives the directory to write into. May throw, which ends it. */
  readonly into: (manifest: Manifest) => string;
}

/**
 * Writes the members into the directory, each as `<name>`. What is in the file is in the manifest, byte for byte, or it fails with a
 * BundleError; what was written until then is the caller's to remove.
 */
export async function readBundle({ source, secret, into }: BundleFrom): Promise<Manifest> {
  const handle = await open(source, 'r');
  try {
    const decoder = createTarDecoder({ strict: true });
    const ending = new AbortController();
    const feeding = pipeline(
      [...(await plainOf(handle, secret)), Writable.fromWeb(decoder.writable as never)],
      {
        signal: ending.signal,
      },
    );
    const fed = feeding.then(
      () => undefined,
      (error: unknown) => error,
    );
    let manifest: Manifest;
    try {
      manifest = await takeAll(decoder.readable, into);
    } catch (error) {
      ending.abort();
      // What kept the reader from its bytes says more than that they did not come.
      const cause = await fed;
      throw bundleError(cause instanceof BundleError ? cause : error);
    }
    const cause = await fed;
    if (cause !== undefined) throw bundleError(cause);
    return manifest;
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/** The reader of tar has words of its own for what it does not understand. */
function bundleError(error: unknown): unknown {
  if (error instanceof BundleError || (error as NodeJS.ErrnoException).code?.startsWith('E')) return error;
  if (error instanceof Error && /^(?:Invalid|Tar|TAR|Too many)/.test(error.message))
    return new BundleError(`it is no bundle of codemachine, or not a whole one (${error.message})`);
  return error;
}

async function plainOf(
  handle: FileHandle,
  secret: string | undefined,
): Promise<readonly [Readable, ...Transform[]]> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
  const sealed = bytesRead === HEADER_BYTES && header.subarray(0, MAGIC.length).equals(MAGIC);
  if (!sealed && secret !== undefined)
    throw new BundleError(
      'CODEMACHINE_BUNDLE_KEY is set, and it is not encrypted, so nobody knows who wrote it',
      'take the variable out of the environment to import it all the same',
    );
  if (!sealed) return [handle.createReadStream({ start: 0, autoClose: false })];
  if (secret === undefined)
    throw new BundleError(
      'it is encrypted',
      'set CODEMACHINE_BUNDLE_KEY to the key that it was written with',
    );
  const stream = handle.createReadStream({ start: HEADER_BYTES, autoClose: false });
  return [stream, await decrypting(secret, header)];
}

async function takeAll(
  entries: ReadableStream<ParsedTarEntry>,
  into: (manifest: Manifest) => string,
): Promise<Manifest> {
  let manifest: Manifest | undefined;
  let directory = '';
  let at = 0;
  for await (const { header, body } of entries as unknown as AsyncIterable<ParsedTarEntry>) {
    if (header.type !== 'file') throw new BundleError(`it holds ${header.name}, which is no file`);
    if (manifest === undefined) {
      if (header.name !== MANIFEST || header.size > MOST_MANIFEST)
        throw new BundleError(
          'it is no bundle of codemachine: it does not begin with a list of what is in it',
        );
      manifest = manifestOf(await textOf(body));
      directory = into(manifest);
      continue;
    }
    const listed = manifest.members[at++];
    if (listed === undefined || listed.name !== header.name || listed.bytes !== header.size)
      throw new BundleError(`it holds ${header.name}, and its own list says something else`);
    await take(body, path.join(directory, listed.name), listed);
  }
  if (manifest === undefined) throw new BundleError('it is no bundle of codemachine: it is empty');
  const missing = manifest.members[at];
  if (missing !== undefined) throw new BundleError(`it lacks ${missing.name}, which its own list has`);
  return manifest;
}

async function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function take(body: ReadableStream<Uint8Array>, file: string, listed: Listed): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const out = await open(file, 'wx', 0o600);
  try {
    for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
      hash.update(part);
      for (let done = 0; done < part.length; ) done += (await out.write(part, done)).bytesWritten;
    }
    await out.sync();
  } finally {
    await out.close();
  }
  if (hash.digest('hex') !== listed.sha256)
    throw new BundleError(`${listed.name} in it is not what was written`, 'bring the file over once more');
}

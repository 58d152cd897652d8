/** Encrypts the file in which a run travels, in pieces of which none can be changed, moved or taken away unnoticed. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** What an encrypted file begins with; the salt follows. */
export const MAGIC = Buffer.from('codemachine bundle 1, encrypted\n');

const SALT = 16;
const TAG = 16;

/** How long the beginning of an encrypted file is that is not itself encrypted. */
export const HEADER_BYTES = MAGIC.length + SALT;

/** Plain bytes of a piece; the last one may have fewer. */
const PIECE = 64 * 1024;

/** Thrown where a file is none that can be taken; the message is a sentence about it, without its name. */
export class BundleError extends Error {
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.name = 'BundleError';
    this.help = help;
  }
}

/**
 * The key of one file. Its salt is its own, so no two files share a key and pieces can simply be counted for their nonces.
 * 32 MiB of memory and a tenth of a second make guessing what a person chose expensive.
 */
function keyOf(secret: string, header: Uint8Array): Promise<Buffer> {
  const salt = header.subarray(MAGIC.length);
  const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

/** The piece's number, and whether it is the last one: with it cut off, the one before is not where it says. */
function nonceOf(piece: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(piece), 3);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}

/** Cuts what comes into pieces of `size`, of which only the last one may be shorter; it comes even where it is empty. */
function inPieces(
  size: number,
  each: (bytes: Buffer, piece: number, last: boolean) => readonly Buffer[],
): Transform {
  let rest: Buffer = Buffer.alloc(0);
  let piece = 0;
  const give = (stream: Transform, last: boolean, done: TransformCallback): void => {
    try {
      // One that fills up exactly may be the last.
      while (rest.length > size) {
        for (const out of each(rest.subarray(0, size), piece++, false)) stream.push(out);
        rest = rest.subarray(size);
      }
      if (last) for (const out of each(rest, piece, true)) stream.push(out);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      give(this, false, done);
    },
    flush(done) {
      give(this, true, done);
    },
  });
}

/** Encrypts; what it gives begins with the header. */
export async function encrypting(secret: string): Promise<Transform> {
  const header = Buffer.concat([MAGIC, randomBytes(SALT)]);
  const key = await keyOf(secret, header);
  return inPieces(PIECE, (bytes, piece, last) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(piece, last));
    cipher.setAAD(header);
    const sealed = [cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
    return piece === 0 ? [header, ...sealed] : sealed;
  });
}

/** Decrypts what follows the header, giving nothing of a piece that is not whole. Fails with a BundleError. */
export async function decrypting(secret: string, header: Uint8Array): Promise<Transform> {
  const key = await keyOf(secret, header);
  return inPieces(PIECE + TAG, (bytes, piece, last) => {
    if (bytes.length < TAG) throw new BundleError(CUT, AGAIN);
    const cipher = createDecipheriv('aes-256-gcm', key, nonceOf(piece, last));
    cipher.setAAD(header);
    cipher.setAuthTag(bytes.subarray(-TAG));
    try {
      return [cipher.update(bytes.subarray(0, -TAG)), cipher.final()];
    } catch {
      throw piece === 0
        ? new BundleError(`CODEMACHINE_BUNDLE_KEY is not the key that it was written with, or ${CUT}`, AGAIN)
        : new BundleError(CUT, AGAIN);
    }
  });
}

const CUT = 'it was cut short or changed since it was written';
const AGAIN = 'bring it over once more from where `codemachine export` wrote it';

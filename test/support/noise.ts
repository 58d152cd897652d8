/** Makes bytes that cannot be compressed or guessed, the same ones each time. */
import { createCipheriv } from 'node:crypto';

/** As many bytes as asked for: the stream of a cipher whose key is known. */
export function noise(length: number): Buffer {
  return createCipheriv('aes-256-ctr', Buffer.alloc(32), Buffer.alloc(16)).update(Buffer.alloc(length));
}

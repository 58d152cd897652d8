/** Identifies a value by what it holds. */
import type { Json } from '../model/result.ts';
import { canonical } from '../state/canonical.ts';
import { sha256 } from './files.ts';

/** SHA-256 of a value's canonical JSON, in hex. */
export function digestOf(value: Json): string {
  return sha256(canonical(value));
}

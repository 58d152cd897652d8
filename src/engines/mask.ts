/** Takes secrets out of everything that is stored or shown. */
import { Buffer } from 'node:buffer';
import { type FormFinder, findForms } from './form-finder.ts';
import { secretForms } from './secret-forms.ts';

/** What stands where a secret stood. */
const MASK = '***';
const MASK_BYTES = Buffer.from(MASK);

/** A stream that is masked as it passes. What it gives may be part of what it was given; it keeps neither. */
export interface MaskStream {
  /** What can be said by now. Held back is only what may be the beginning of a secret. */
  push(chunk: Uint8Array): Uint8Array;
  /** The rest. */
  end(): Uint8Array;
}

/** Knows the secrets of a run. */
export interface Masker {
  text(text: string): string;
  /** Masks every string of it, keys too, and numbers that spell a secret. */
  json<T>(value: T): T;
  /** Bytes without a secret come out as they went in. */
  stream(): MaskStream;
}

/**
 * Makes a masker for `values`; those under six characters are passed over. Each is found raw, by lines, in base64 at any offset,
 * base64url, hex, and escaped for URIs, JSON and shells; whatever overlaps or touches becomes one `***`.
 */
export function makeMasker(values: readonly string[]): Masker {
  const finder = findForms(secretForms(values));
  const text = (plain: string): string => {
    if (finder === undefined || plain.length === 0) return plain;
    const bytes = Buffer.from(plain);
    const stream = maskStream(finder);
    const masked = Buffer.concat([Buffer.from(stream.push(bytes)), stream.end()]);
    // Text with half a surrogate pair does not survive bytes: where nothing was found, nothing may change.
    return masked.equals(bytes) ? plain : masked.toString();
  };
  return {
    text,
    json: (value) => (finder === undefined ? value : (maskJson(value, text) as typeof value)),
    stream: () => (finder === undefined ? CLEAR : maskStream(finder)),
  };
}

const NOTHING = new Uint8Array(0);

const CLEAR: MaskStream = { push: (chunk) => chunk, end: () => NOTHING };

function maskStream(finder: FormFinder): MaskStream {
  let carry: Uint8Array = NOTHING;
  // Where the last replaced stretch ends, counted from the first byte of the carry; 0 or less when it lies behind.
  let masked = Number.NEGATIVE_INFINITY;

  const pass = (data: Uint8Array, settled: number): Uint8Array => {
    const out: Uint8Array[] = [];
    let clear = Math.min(Math.max(masked, 0), settled);
    finder.scan(data, settled, (at, length) => {
      // Overlapping and touching secrets are one stretch: the rest of the second one would stand there in the clear.
      if (at > masked) out.push(data.subarray(clear, at), MASK_BYTES);
      masked = Math.max(masked, at + length);
      clear = Math.min(masked, settled);
    });
    if (settled > clear) out.push(data.subarray(clear, settled));
    carry = settled === data.length ? NOTHING : Uint8Array.from(data.subarray(settled));
    masked -= settled;
    return out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out);
  };

  return {
    push(chunk) {
      const data = carry.length === 0 ? chunk : Buffer.concat([carry, chunk]);
      return pass(data, finder.settled(data));
    },
    end: () => pass(carry, carry.length),
  };
}

function maskJson(value: unknown, text: (plain: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') {
    const spelled = String(value);
    const masked = text(spelled);
    return masked === spelled ? value : masked;
  }
  if (Array.isArray(value)) return value.map((entry) => maskJson(entry, text));
  if (typeof value !== 'object' || value === null) return value;
  const masked = new Map<string, unknown>();
  for (const [key, entry] of Object.entries(value)) {
    let name = text(key);
    while (masked.has(name)) name += '*';
    masked.set(name, maskJson(entry, text));
  }
  return Object.fromEntries(masked);
}

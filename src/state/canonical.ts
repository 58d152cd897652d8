/** Writes JSON in the one form that a hash can be taken of: RFC 8785 (JSON Canonicalization Scheme). */
import type { Json } from '../model/result.ts';

/**
 * Gives the canonical text. Numbers and strings are written as ECMAScript writes them, which is what RFC 8785 §3.2.2 asks for;
 * keys are sorted by UTF-16 units (§3.2.3), which is how `sort` compares. A lone surrogate, which the RFC forbids and a tail cut
 * at 64 KiB may hold, stays an escape instead of costing the milestone. Throws on what no JSON can carry (NaN, a function).
 */
export function canonical(value: Json | undefined): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be written as JSON`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  const members: string[] = [];
  const object = value as { readonly [key: string]: Json | undefined };
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonical(member)}`);
  }
  return `{${members.join(',')}}`;
}

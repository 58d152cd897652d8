/** Reads what a recording that was made elsewhere says about HEAD, believing none of it. */
import type { Head } from './head.ts';

const OBJECT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** As git wants a branch to be called, so that no name leads out of `refs/heads`: https://git-scm.com/docs/git-check-ref-format */
const BRANCH =
  /^refs\/heads\/(?!.*(?:\.\.|\/\/|\/\.|\.lock(?:\/|$)|@\{|\.$|\/$))[^\0-\x20\x7f~^:?*[\\./][^\0-\x20\x7f~^:?*[\\]*$/;

/**
 * What the message of a recording ends with; undefined where it could make a restore write what no recording of ours makes it write.
 * What git notes down of a rebase names commands, so a recording made in the middle of one does not travel.
 */
export function carriedHead(message: string): Head | undefined {
  const last = message.replace(/\n$/, '').split('\n').at(-1) ?? '';
  let value: unknown;
  try {
    value = JSON.parse(last);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    v,
    branch,
    sha,
    branches,
    index,
    operation = {},
    rebasing = [],
    out = [],
  } = value as Readonly<Record<string, unknown>>;
  const fine =
    v === 1 &&
    (branch === null || isBranch(branch)) &&
    isObject(sha) &&
    isObject(index) &&
    isRecord(branches) &&
    Object.entries(branches).every(([name, tip]) => isBranch(name) && isObject(tip)) &&
    isRecord(operation) &&
    Object.keys(operation).length === 0 &&
    Array.isArray(rebasing) &&
    rebasing.length === 0 &&
    Array.isArray(out) &&
    out.every(isInside);
  return fine ? (value as Head) : undefined;
}

function isBranch(name: unknown): boolean {
  return typeof name === 'string' && name.length < 512 && BRANCH.test(name);
}

function isObject(id: unknown): boolean {
  return id === null || (typeof id === 'string' && OBJECT.test(id));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInside(name: unknown): boolean {
  return (
    typeof name === 'string' &&
    name !== '' &&
    !name.split('/').some((part) => part === '' || part === '..' || part === '.')
  );
}

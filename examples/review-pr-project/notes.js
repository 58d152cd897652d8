import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where a note stands. Throws for a name that is none. */
function fileOf(directory, name) {
  if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`no name of a note: ${name}`);
  return path.join(directory, `${name}.txt`);
}

/** Keeps a note under its name. */
export function save(directory, name, text) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(directory, name), text);
}

/** What was kept under a name. */
export function load(directory, name) {
  return readFileSync(fileOf(directory, name), 'utf8');
}

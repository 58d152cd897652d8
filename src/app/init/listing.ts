/** Looks at the files of a directory that say what kind of project it holds. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { readText } from '../files.ts';

/** A command that tests the project. */
export interface TestCommand {
  readonly command: string;
  /** The file that says so, relative to the root. */
  readonly from: string;
}

/** What is looked at of a directory. */
export interface Listing {
  /** The names of its entries. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The text of a file; empty where there is none. */
  read(name: string): string;
}

/** What a file of JSON says; nothing where it is none. */
export function objectOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** A directory; an empty one where it cannot be read. */
export function listing(directory: string): Listing {
  const names = namesIn(directory);
  return {
    names,
    has: (name) => names.includes(name),
    read: (name) => {
      if (!names.includes(name)) return '';
      const text = readText(path.join(directory, name));
      return text.ok ? text.value : '';
    },
  };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** Lists files that differ, for people. */
import { fileName } from '../model/file-name.ts';
import { count } from './words.ts';

/** One file that differs. */
export interface ChangedFile {
  readonly path: string;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'mode' | 'type';
  readonly from?: string;
  readonly modes?: readonly [string, string];
  /** Null for a binary file. */
  readonly added: number | null;
  readonly removed: number | null;
}

const LETTERS = { added: 'A', modified: 'M', deleted: 'D', renamed: 'R', mode: 'M', type: 'T' } as const;

const MOST = 50;

/** One line a file, with git's letters: what will become of it, and how many lines. Ends with a line break. */
export function changesText(files: readonly ChangedFile[], most = MOST): string {
  const lines = files
    .slice(0, most)
    .map((file) => `  ${LETTERS[file.status]} ${nameOf(file)}${linesOf(file)}\n`);
  return lines.join('') + (files.length > most ? `  … and ${count(files.length - most, 'more file')}\n` : '');
}

function nameOf({ path, from }: ChangedFile): string {
  return from === undefined ? fileName(path) : `${fileName(from)} → ${fileName(path)}`;
}

function linesOf({ status, modes, added, removed }: ChangedFile): string {
  const words: string[] = [];
  if (added === null || removed === null) words.push('binary');
  else if (added + removed > 0) words.push(`+${added} -${removed}`);
  if (modes !== undefined && status !== 'type') words.push(`${modes[0]} → ${modes[1]}`);
  if (status === 'type') words.push(modes?.[1] === '120000' ? 'a link now' : 'a file now');
  return words.length === 0 ? '' : `  ${words.join(', ')}`;
}

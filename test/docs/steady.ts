// Makes screens comparable: without what differs from run to run.
import { userInfo } from 'node:os';
import type { Snippet } from './snippets.ts';

const RUN = /\d{8}-\d{6}-[a-z0-9]{4}/g;

/** What of an output a page shows: all of it, or with the word `end` what stays at a terminal when a run has ended. */
export function shownOf({ words }: Pick<Snippet, 'words'>, output: string, home: string): string {
  const lines = output
    .replaceAll(home, '/home/you')
    .replaceAll(` by ${userInfo().username}`, ' by you')
    .trimEnd()
    .split('\n');
  const head = words.includes('end') ? lines.findLastIndex((line) => / · run \d{8}-/.test(line)) : 0;
  return `${lines
    .slice(Math.max(head, 0))
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

/** Counts run ids in the order in which they are met, over several texts. */
export function idsIn(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => text.match(RUN) ?? []))];
}

/** A text without times, processes, digests and versions; run ids are told apart by `ids`. */
export function steady(text: string, ids: readonly string[] = []): string {
  return text
    .replace(RUN, (id) => (ids.length === 0 ? '<run>' : `<run ${ids.indexOf(id) + 1}>`))
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, '<at>')
    .replace(/\b\d\d:\d\d:\d\d\b/g, '<at>')
    .replace(/\b[\d.]+(ms|s|m)\b/g, '<time>')
    .replace(/\b(pid|process) \d+/g, '$1 <pid>')
    .replace(/\b[0-9a-f]{40,64}\b/g, '<digest>')
    .replace(/\bcodemachine \d+\.\d+\.\d+\S*/g, 'codemachine <version>')
    .replace(/ +/g, ' ')
    .trim();
}

/** A screen as it goes into a page: with the ids that the page has, or some that stay the same. */
export function paged(text: string, ids: readonly string[], shown: readonly string[]): string {
  return text.replace(RUN, (id) => {
    const index = ids.indexOf(id);
    return shown[index] ?? steadyId(index);
  });
}

const LETTERS = ['4qhn', 'k7qd', 'm2xv', 'b9te', 'w5rz', 'h8cy', 'd3np', 'v6jf'];

function steadyId(index: number): string {
  const minute = String(10 + (index % 50)).padStart(2, '0');
  return `20261120-14${minute}34-${LETTERS[index % LETTERS.length]}`;
}

/** Leaves out the warnings that a comment in the file silences. */
import { CATALOGUE } from '../model/catalogue/catalogue.ts';
import { type Diagnostic, diagnose, type Fix, hasErrors, sorted } from '../model/diagnostic.ts';
import type { Range, SourceFile } from '../model/source.ts';
import { nearest, soleNear } from './suggest.ts';
import type { Node } from './tree.ts';

/** One code in a `# codemachine-ignore: code, code` comment. */
export interface Ignore {
  /** The file that it stands in. */
  readonly path: string;
  readonly code: string;
  /** Where the code stands. */
  readonly at: Range;
  /** The line below the comment; undefined where the comment stands beside something, and so above nothing. */
  readonly line: Range | undefined;
  /** Takes the code out again. */
  readonly removal: Fix;
}

/** The codes that comments of a file name. What looks like such a comment inside a text is part of the text. */
export function ignoresIn({ path, text }: SourceFile, root: Node): readonly Ignore[] {
  if (!text.includes('codemachine-ignore:')) return [];
  const scalars = scalarsBelow(root);
  const found: Ignore[] = [];
  for (const match of text.matchAll(/#[ \t]*codemachine-ignore:([^\r\n]*)/g)) {
    if (scalars.some(({ start, end }) => start <= match.index && match.index < end)) continue;
    for (const one of ignoresOf(text, match.index, match[0], match[1] ?? '')) found.push({ ...one, path });
  }
  return found;
}

// What follows two dashes is the reason, for people.
function ignoresOf(
  text: string,
  start: number,
  comment: string,
  list: string,
): readonly Omit<Ignore, 'path'>[] {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const alone = /^\s*(?:- +)*$/.test(text.slice(lineStart, start));
  const codes = list.replace(/(^|\s)--(\s.*)?$/, '');
  const first = start + comment.length - list.length;
  const words = [...codes.matchAll(/[^\s,]+/g)];
  const line = alone ? lineBelow(text, start) : undefined;
  const blank = /^\s*$/.test(text.slice(lineStart, start));
  return words.map((word, i) => {
    const at = { start: first + word.index, end: first + word.index + word[0].length };
    const next = words[i + 1];
    const before = words[i - 1];
    const end = start + comment.length;
    const beside = lineStart + text.slice(lineStart, start).trimEnd().length;
    let gone: Range = { start: blank ? lineStart : beside, end: blank ? afterLine(text, end) : end };
    if (next !== undefined) gone = { start: at.start, end: first + next.index };
    else if (before !== undefined) gone = { start: first + before.index + before[0].length, end: at.end };
    return {
      code: word[0],
      at,
      line,
      removal: { description: 'take it out', edits: [{ at: gone, text: '' }] },
    };
  });
}

function afterLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline === -1 ? text.length : newline + 1;
}

// Of several comments above each other all are about the line below the last.
function lineBelow(text: string, from: number): Range {
  for (let start = afterLine(text, from); ; start = afterLine(text, start)) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (newline === -1 || !/^\s*#/.test(text.slice(start, end))) return { start, end };
  }
}

function scalarsBelow(root: Node): readonly Range[] {
  const found: Range[] = [];
  const seen = new Set<Node>();
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'scalar') found.push(node.at);
    else if (node.kind === 'list') open.push(...node.items);
    else for (const entry of node.entries.values()) open.push(entry.value);
  }
  return found;
}

/**
 * All complaints about files without the warnings that its comments silence. Errors stay, and that is said; so is a code that
 * silences nothing, once nothing else is wrong that could have hidden the warning.
 */
export function settled(
  diagnostics: readonly Diagnostic[],
  ignores: readonly Ignore[],
): readonly Diagnostic[] {
  if (ignores.length === 0) return diagnostics;
  const used = new Set<Ignore>();
  const refused = new Set<Ignore>();
  const left = diagnostics.filter((d) => {
    const about = ignores.filter(
      (ignore) => d.path === ignore.path && d.code === ignore.code && isAbout(ignore, d),
    );
    for (const ignore of about) (d.severity === 'warning' ? used : refused).add(ignore);
    return about.length === 0 || d.severity !== 'warning';
  });
  const whole = !hasErrors(diagnostics);
  const said = ignores.flatMap((ignore) => {
    if (used.has(ignore)) return [];
    const { code, at, path } = ignore;
    if (refused.has(ignore)) return [diagnose('ignored-error', path, at, { code })];
    const known = Object.keys(CATALOGUE);
    const unknown = !known.includes(code);
    if (!unknown && !whole) return [];
    return [
      diagnose(
        'unused-ignore',
        path,
        at,
        {
          code,
          unknown,
          alone: ignore.line !== undefined,
          nearest: unknown ? nearest(code, known) : undefined,
        },
        { fix: unknown ? spelling(ignore, known) : ignore.removal },
      ),
    ];
  });
  return said.length === 0 ? left : sorted([...left, ...said]);
}

function spelling({ code, at, removal }: Ignore, known: readonly string[]): Fix {
  const meant = soleNear(code, known);
  return meant === undefined ? removal : { description: `write \`${meant}\``, edits: [{ at, text: meant }] };
}

function isAbout({ line }: Ignore, { at }: Diagnostic): boolean {
  return line !== undefined && line.start <= at.start && at.start <= line.end;
}

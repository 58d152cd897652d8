/** Shows what is wrong with files: to people under the lines it is about, to programs as JSON. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { locator, type Position, type Range } from '../model/source.ts';
import { cells, shownLine } from './source-line.ts';

/** How diagnostics are printed. */
export interface PrintOptions {
  readonly color: boolean;
  /** How many files were looked at, where that is to be said. */
  readonly files?: number;
  /** Whether to say how many a fix would mend. */
  readonly fixable?: boolean;
}

type Locate = (offset: number) => Position;

interface File {
  readonly path: string;
  readonly text: string | undefined;
  readonly locate: Locate;
}

interface Paint {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly frame: (text: string) => string;
  readonly bold: (text: string) => string;
}

const PLAIN: Paint = { error: same, warning: same, frame: same, bold: same };
const COLORED: Paint = { error: sgr('1;31'), warning: sgr('1;33'), frame: sgr('34'), bold: sgr('1') };

/**
 * All diagnostics as text, one block each and a line with their number at the end; empty when there are none.
 * @param sources the text of each file, by the path that the diagnostics name; without it a block has no source line
 */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  options: PrintOptions,
): string {
  if (diagnostics.length === 0) return '';
  const paint = options.color ? COLORED : PLAIN;
  const files = new Map<string, File>();
  const fileOf = (path: string): File => {
    const before = files.get(path);
    if (before !== undefined) return before;
    const text = sources.get(path);
    const file = { path, text, locate: locator(text ?? '') };
    files.set(path, file);
    return file;
  };
  const blocks = diagnostics.map((d) => block(d, fileOf, paint));
  return `${blocks.join('\n')}\n${paint.bold(total(diagnostics, options))}\n`;
}

function block(d: Diagnostic, fileOf: (path: string) => File, paint: Paint): string {
  const lines = [`${paint[d.severity](`${d.severity}[${d.code}]`)}${paint.bold(`: ${oneLine(d.message)}`)}`];
  const places = [
    {
      path: d.path,
      at: d.at,
      note: oneLine(d.suggestion),
      mark: '^',
      main: true,
    },
    ...(d.related ?? []).map(({ path, at, message }) => ({
      path,
      at,
      note: oneLine(message),
      mark: '-',
      main: false,
    })),
  ];
  const lastLine = Math.max(...places.map(({ path, at }) => lastShown(fileOf(path), at)));
  const gutter = String(lastLine).length;
  for (const place of places)
    lines.push(...excerpt(fileOf(place.path), place, gutter, paint, paint[d.severity]));
  return `${lines.join('\n')}\n`;
}

interface Shown {
  readonly at: Range;
  readonly note: string;
  readonly mark: string;
  readonly main: boolean;
}

function excerpt(
  file: File,
  { at, note, mark, main }: Shown,
  gutter: number,
  paint: Paint,
  loud: (t: string) => string,
): string[] {
  const start = file.locate(at.start);
  const arrow = main ? '-->' : ':::';
  const head = `${' '.repeat(gutter)}${paint.frame(arrow)} ${cells(file.path)}${file.text === undefined ? '' : `:${start.line}:${start.column}`}`;
  const bar = paint.frame('|');
  const empty = ' '.repeat(gutter);
  if (file.text === undefined)
    return [head, ...(note === '' ? [] : [`${empty} ${paint.frame('=')} ${note}`])];
  const end = endOf(file, at);
  const lines = [head, `${empty} ${bar}`];
  const width = end.line === start.line ? end.column - start.column : Infinity;
  const first = shownLine(lineAt(file.text, at.start), start.column - 1, width);
  lines.push(`${paint.frame(String(start.line).padStart(gutter))} ${bar} ${first.text}`.trimEnd());
  const paintMark = main ? loud : paint.frame;
  const marks = `${' '.repeat(first.before)}${paintMark(mark.repeat(Math.max(1, first.marked)) + (end.line > start.line ? '…' : ''))}`;
  lines.push(`${empty} ${bar} ${marks}${note === '' ? '' : ` ${paintMark(note)}`}`);
  if (end.line > start.line + 1)
    lines.push(`${empty} ${paint.frame('⋮')} ${end.line - start.line} more lines`);
  return lines;
}

// A range that ends at the start of a line ends with the line before: block scalars take their last line end with them.
function endOf(file: File, at: Range): Position {
  let end = Math.max(at.end, at.start);
  const { text = '' } = file;
  while (end > at.start && (text[end - 1] === '\n' || text[end - 1] === '\r' || text[end - 1] === ' ')) end--;
  return file.locate(end);
}

function lastShown(file: File, at: Range): number {
  return file.text === undefined ? 1 : file.locate(at.start).line;
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '');
}

function total(diagnostics: readonly Diagnostic[], { files = 1, fixable = false }: PrintOptions): string {
  const errors = diagnostics.filter((d) => d.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const count = (n: number, word: string) => (n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`]);
  const bad = new Set(diagnostics.map(({ path }) => path)).size;
  const where = files > 1 ? ` in ${bad} of ${files} files` : '';
  const counted = [...count(errors, 'error'), ...count(warnings, 'warning')].join(', ');
  return `${counted}${where}${fixable ? mendable(diagnostics) : ''}`;
}

function mendable(diagnostics: readonly Diagnostic[]): string {
  const mended = diagnostics.filter(({ fix }) => fix !== undefined).length;
  if (mended === 0) return '';
  if (mended === diagnostics.length) return `; \`--fix\` mends ${mended === 1 ? 'it' : 'them all'}`;
  return `; \`--fix\` mends ${mended} of them`;
}

// Names and values from the file stand in messages; they must not move the cursor or start a line.
function oneLine(text: string): string {
  return cells(text.replaceAll(/\s*[\r\n]+\s*/g, ' '));
}

function same(text: string): string {
  return text;
}

function sgr(code: string): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}

interface Span {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

/** What `codemachine validate --format json` prints; lines and columns count from 1, columns in UTF-16 units. */
export interface DiagnosticsJson {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly path: string;
    readonly range: Span;
    readonly related?: readonly { readonly path: string; readonly range: Span; readonly message: string }[];
    readonly suggestion: string;
    readonly fix?: {
      readonly description: string;
      readonly edits: readonly { readonly range: Span; readonly text: string }[];
    };
  }[];
}

/** The diagnostics as JSON. A file that `sources` lacks counts as empty: everything in it is at 1:1. */
export function diagnosticsJson(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): DiagnosticsJson {
  const locators = new Map<string, ReturnType<typeof locator>>();
  const span = (path: string, at: Range): Span => {
    const text = sources.get(path);
    if (text === undefined) return { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
    const locate = locators.get(path) ?? locator(text);
    locators.set(path, locate);
    return { start: locate(at.start), end: locate(at.end) };
  };
  return {
    diagnostics: diagnostics.map(({ code, severity, message, path, at, related, suggestion, fix }) => ({
      code,
      severity,
      message,
      path,
      range: span(path, at),
      ...(related === undefined
        ? {}
        : { related: related.map((r) => ({ path: r.path, range: span(r.path, r.at), message: r.message })) }),
      suggestion,
      ...(fix === undefined
        ? {}
        : {
            fix: {
              description: fix.description,
              edits: fix.edits.map((e) => ({ range: span(path, e.at), text: e.text })),
            },
          }),
    })),
  };
}

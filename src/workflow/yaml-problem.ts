/** Puts the complaint of the YAML parser into words of ours. */
import type { Composer, CST, Document, YAMLError } from 'yaml';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { SourceFile } from '../model/source.ts';

type Code = YAMLError['code'];

/** What the composer says about one place. */
export interface Complaint {
  readonly code: Code;
  readonly message: string;
  readonly pos: readonly [start: number, end: number];
}

type Place = number | [number, number] | { readonly offset: number; readonly source?: unknown };

/**
 * Collects what a composer complains about. By itself it makes an Error with a stack of each complaint, and a file of
 * 100,000 mistakes takes seconds; should a later yaml call its handler otherwise, its errors are still found in the documents.
 */
export function collectComplaints(composer: Composer): readonly Complaint[] {
  const complaints: Complaint[] = [];
  const onError = (place: Place, code: Code, message: string, warning?: boolean) => {
    if (warning !== true || code === 'TAG_RESOLVE_FAILED')
      complaints.push({ code, message, pos: positionOf(place) });
  };
  Object.assign(composer, { onError });
  return complaints;
}

function positionOf(place: Place): readonly [number, number] {
  if (typeof place === 'number') return [place, place + 1];
  if (Array.isArray(place)) return place;
  return [place.offset, place.offset + (typeof place.source === 'string' ? place.source.length : 1)];
}

// The parser's own sentences are about its grammar; these say what a person did.
const PROBLEMS: Partial<Record<Code, readonly [problem: string, help?: string]>> = {
  BAD_INDENT: [
    'this line is not indented as the lines it belongs to',
    'keys of one mapping start in the same column',
  ],
  BAD_SCALAR_START: ['a value cannot start with this character', 'put the value in quotes'],
  BAD_DQ_ESCAPE: [
    'this is no escape of a text in double quotes',
    'write `\\\\` for a backslash, or use single quotes',
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    'a mapping starts inside a value here',
    'put a value that contains `: ` in quotes, or start a block with `|`',
  ],
  BLOCK_IN_FLOW: ['indented YAML stands inside `[…]` or `{…}`', 'close the bracket first'],
  MULTILINE_IMPLICIT_KEY: [
    'a key goes over several lines',
    'is a `:` missing at the end of the line above, or a quote not closed?',
  ],
  KEY_OVER_1024_CHARS: ['a key is longer than 1024 characters', 'is a quote not closed?'],
  MISSING_CHAR: [
    'something that was opened is not closed here',
    'close the quote or bracket; after `:` and `-` stands a space',
  ],
  UNEXPECTED_TOKEN: [
    'this does not belong here',
    'put a value with special characters in quotes, or start a block with `|`',
  ],
  BAD_DIRECTIVE: ['this `%` line is no directive of YAML', 'take it out'],
  MULTIPLE_ANCHORS: ['a value has two anchors', 'take one out'],
  MULTIPLE_TAGS: ['a value has two tags', 'take one out'],
  BAD_ALIAS: ['this is no name of an anchor', 'put a value that starts with `*` or `&` in quotes'],
  ALIAS_PROPS: ['an alias cannot have an anchor or a tag', 'take it out'],
  BAD_PROP_ORDER: ['an anchor or tag stands at the wrong place', 'write it right after the `:` or `-`'],
  BAD_COLLECTION_TYPE: ['the tag does not fit the value', 'take the tag out'],
};

/**
 * The first complaint about the syntax of a file: what follows a mistake in the syntax is mostly its echo.
 * Also what is right for YAML and refused here: tags that are not standard, several documents.
 */
export function syntaxProblem(
  source: SourceFile,
  documents: readonly Document.Parsed[],
  complaints: readonly Complaint[],
  tokens: readonly CST.Token[],
): Diagnostic | undefined {
  let first: Complaint | undefined;
  for (const complaint of [...complaints, ...documents.flatMap(({ errors }) => errors)]) {
    if (first === undefined || complaint.pos[0] < first.pos[0]) first = complaint;
  }
  const again = secondVersion(tokens);
  if (again !== undefined && (first === undefined || again.pos[0] < first.pos[0])) first = again;
  const second = documents[1];
  if (second !== undefined && (first === undefined || first.pos[0] >= second.range[0])) {
    return diagnose('several-documents', source.path, documentStart(source.text, second.range[0]), {});
  }
  return first === undefined ? undefined : inOurWords(source, first, lastQuote(tokens));
}

const SECOND_VERSION = 'second %YAML';

// The parser takes the last of several `%YAML` lines, which the specification forbids.
function secondVersion(tokens: readonly CST.Token[]): Complaint | undefined {
  let before = false;
  for (const token of tokens) {
    if (token.type === 'document') return undefined;
    if (token.type !== 'directive' || !/^%YAML\s/.test(token.source)) continue;
    const { offset, source } = token;
    if (before)
      return { code: 'BAD_DIRECTIVE', message: SECOND_VERSION, pos: [offset, offset + source.length] };
    before = true;
  }
  return undefined;
}

// One code of the parser may be one of two mistakes.
function wordsFor(error: Complaint, line: string): readonly [problem: string, help?: string] | undefined {
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && !/:\s/.test(line)) {
    return [
      'the line below belongs to this value, since it is indented further than its key',
      'keys of one mapping start in the same column',
    ];
  }
  if (error.message === SECOND_VERSION) return ['a second `%YAML` line', 'take it out'];
  if (error.code === 'BAD_INDENT' && error.message.startsWith('Flow ')) {
    return ['a `[` or `{` above is still open here', 'close it first'];
  }
  return PROBLEMS[error.code];
}

function inOurWords(source: SourceFile, error: Complaint, quote: number | undefined): Diagnostic {
  const { text, path } = source;
  const start = Math.min(error.pos[0], text.length);
  const lineEnd = text.indexOf('\n', start);
  const at = { start, end: Math.max(start, Math.min(error.pos[1], lineEnd === -1 ? text.length : lineEnd)) };
  if (error.code === 'TAB_AS_INDENT') return diagnose('tab-indentation', path, at, {});
  if (error.code === 'TAG_RESOLVE_FAILED') {
    const tag = /^![^\s,[\]{}]*/.exec(text.slice(start, start + 200))?.[0] ?? '!';
    return diagnose('unknown-tag', path, { start, end: start + tag.length }, { tag });
  }
  if (error.code === 'MISSING_CHAR' && /closing ['"]/.test(error.message) && quote !== undefined) {
    const opened = { start: quote, end: quote + 1 };
    return diagnose('yaml-syntax', path, opened, {
      problem: 'this quote is never closed',
      help: 'close it on the same line',
    });
  }
  const [problem, help] = wordsFor(error, text.slice(start, lineEnd === -1 ? text.length : lineEnd)) ?? [
    error.message.split('\n')[0] ?? error.code,
  ];
  return diagnose('yaml-syntax', path, at, { problem, help });
}

// The second document's own range starts after its `---`.
function documentStart(text: string, start: number): { start: number; end: number } {
  const line = text.lastIndexOf('\n---', start);
  return line === -1 ? { start, end: start } : { start: line + 1, end: line + 4 };
}

// A quote that is never closed takes everything after it, so it opens the last value of the file; the parser points at its end.
function lastQuote(tokens: readonly CST.Token[]): number | undefined {
  let token: CST.Token | null | undefined = tokens.findLast((each) => each.type === 'document');
  while (token !== null && token !== undefined) {
    if (token.type === 'single-quoted-scalar' || token.type === 'double-quoted-scalar') return token.offset;
    if (token.type === 'document') token = token.value;
    else if (token.type === 'block-map' || token.type === 'block-seq' || token.type === 'flow-collection') {
      const last: CST.CollectionItem | undefined = token.items[token.items.length - 1];
      token = last?.value ?? last?.key;
    } else return undefined;
  }
  return undefined;
}

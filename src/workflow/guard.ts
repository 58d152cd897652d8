/** Turns a text into YAML tokens, refusing what would take the process down when it is composed. */
import { type CST, Lexer, Parser } from 'yaml';
import { type ArgsOf, type Code, type Diagnostic, diagnose } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Range, SourceFile } from '../model/source.ts';

const MAX_LENGTH = 4 * 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_KEYS = 1000;
const MAX_TOKENS = 500_000;
const MAX_ALIASES = 100;

/** What yaml's lexer puts before the text of a scalar, which may start with any character. */
const SCALAR = '\u001f';

/** Everything that its lexer adds to the text. */
const NOT_IN_TEXT: ReadonlySet<string> = new Set([SCALAR, '\u0002', '\u0018']);

/**
 * The syntax tokens of one file, within the limits of the language.
 *
 * yaml's composer recurses, and a stack overflow in it cannot be caught on every Node; its parser keeps a stack of
 * its own, so depth is measured there, one token at a time, before anything is composed.
 */
export function readTokens(source: SourceFile): Result<readonly CST.Token[], Diagnostic> {
  const { text, path } = source;
  const refuse = (diagnostic: Diagnostic) => err(diagnostic);
  // A text of n UTF-16 units has at least n bytes, so only texts near the limit are measured exactly.
  if (text.length > MAX_LENGTH || (text.length > MAX_LENGTH / 3 && utf8Length(text) > MAX_LENGTH)) {
    return refuse(diagnose('too-large', path, { start: 0, end: 0 }, { limit: '4 MiB' }));
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) return refuse(diagnose('nul-character', path, { start: nul, end: nul + 1 }, {}));
  const excess = firstExcess(text);
  if (excess !== undefined) return refuse(diagnose('too-many-tokens', path, excess, { limit: MAX_TOKENS }));
  return parse(text, path);
}

// Counted before anything is parsed, which takes three times as long as finding the tokens.
function firstExcess(text: string): Range | undefined {
  // A token that is no character of the text stands beside one that is.
  if (text.length <= MAX_TOKENS / 2) return undefined;
  let count = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > MAX_TOKENS) return { start: offset, end: offset + lexeme.length };
    if (!NOT_IN_TEXT.has(lexeme)) offset += lexeme.length;
  }
  return undefined;
}

function parse(text: string, path: string): Result<readonly CST.Token[], Diagnostic> {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let aliases = 0;
  let documents = 0;
  let before = '';
  const refuse = <C extends Code>(code: C, lexeme: string, args: ArgsOf<C>) => {
    const end = parser.offset;
    // Indentation is a token too; what is too much starts after it.
    return err(diagnose(code, path, { start: lexeme.trim() === '' ? end : end - lexeme.length, end }, args));
  };
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      // Only the first mistake is reported, and a hundred thousand of them take a while; a second document is a mistake.
      if (token.type === 'error' || (token.type === 'document' && ++documents > 1)) return ok(tokens);
    }
    if (lexeme.startsWith('*') && before !== SCALAR && ++aliases > MAX_ALIASES) {
      return refuse('too-many-aliases', lexeme, { limit: MAX_ALIASES });
    }
    before = lexeme;
    // The document itself and a scalar being read are on the stack too, hence the two more.
    if (parser.stack.length > MAX_DEPTH + 2) return refuse('too-deep', lexeme, { limit: MAX_DEPTH });
    const top = parser.stack[parser.stack.length - 1];
    if (top !== undefined && isMapping(top) && top.items.length > MAX_KEYS) {
      return refuse('too-many-keys', lexeme, { limit: MAX_KEYS });
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return ok(tokens);
}

function isMapping(token: CST.Token): token is CST.BlockMap | CST.FlowCollection {
  return (
    token.type === 'block-map' || (token.type === 'flow-collection' && token.start.type === 'flow-map-start')
  );
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Each half of a surrogate pair counts two of the pair's four bytes.
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}

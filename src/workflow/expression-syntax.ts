/** Parses one expression of the language of GitHub Actions. */
import {
  Binary,
  ContextAccess,
  FunctionCall,
  Grouping,
  IndexAccess,
  Literal,
  Logical,
  type Expr as Node,
  Unary,
} from '@actions/expressions/ast';
import { ExpressionError, MAX_EXPRESSION_LENGTH, MAX_PARSER_DEPTH } from '@actions/expressions/errors';
import { Lexer, type Token, TokenType } from '@actions/expressions/lexer';
import { Parser } from '@actions/expressions/parser';
import { err, ok, type Result } from '../model/result.ts';

export type { Node, Token };

/** An expression as a tree, and where its tokens stand: offsets into its text. */
export interface Parsed {
  readonly root: Node;
  readonly starts: ReadonlyMap<Token, number>;
}

/** What is wrong with an expression's syntax; `start` and `end` are offsets into its text. */
export type SyntaxTrouble =
  | { readonly kind: 'empty' }
  | { readonly kind: 'unexpected'; readonly found: string; readonly start: number; readonly end: number }
  | { readonly kind: 'arity'; readonly name: string; readonly start: number; readonly end: number }
  | { readonly kind: 'limit'; readonly what: string; readonly limit: number };

/** The parser bounds nesting, but not a chain of `==`, which nests just as deep in the tree. */
const MAX_TOKENS = 2_000;

const CACHE_SIZE = 2_000;
const cache = new Map<string, Result<Parsed, SyntaxTrouble>>();

/** Parses `text`, which is an expression without its fence. Which contexts and functions exist is not judged here. */
export function parseExpression(text: string): Result<Parsed, SyntaxTrouble> {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const result = parse(text);
  // The oldest goes first: one workflow's expressions are read, checked and evaluated in the same order.
  if (cache.size >= CACHE_SIZE) for (const oldest of cache.keys()) if (cache.delete(oldest)) break;
  cache.set(text, result);
  return result;
}

/** Every node of a tree, the root first. */
export function* nodesOf(root: Node): Generator<Node> {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...childrenOf(node).toReversed());
  }
}

/** What a node is made of, in the order it is written. */
export function childrenOf(node: Node): readonly Node[] {
  if (node instanceof Unary) return [node.expr];
  if (node instanceof Binary) return [node.left, node.right];
  if (node instanceof Logical) return node.args;
  if (node instanceof Grouping) return [node.group];
  if (node instanceof IndexAccess) return [node.expr, node.index];
  if (node instanceof FunctionCall) return node.args;
  return [];
}

/** The first token of a node. */
export function firstToken(node: Node): Token | undefined {
  if (node instanceof Binary) return firstToken(node.left);
  if (node instanceof Logical) return node.args[0] && firstToken(node.args[0]);
  if (node instanceof IndexAccess) return firstToken(node.expr);
  return ownToken(node);
}

/** The last token of a node, closing brackets left out. */
export function lastToken(node: Node): Token | undefined {
  const children = childrenOf(node);
  const last = children.at(-1);
  return (last && lastToken(last)) ?? (node instanceof IndexAccess ? lastToken(node.expr) : ownToken(node));
}

function ownToken(node: Node): Token | undefined {
  if (node instanceof ContextAccess) return node.name;
  if (node instanceof FunctionCall) return node.functionName;
  if (node instanceof Literal) return node.token;
  if (node instanceof Unary) return node.operator;
  return node instanceof Grouping ? firstToken(node.group) : undefined;
}

function parse(text: string): Result<Parsed, SyntaxTrouble> {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    return err({ kind: 'limit', what: 'characters', limit: MAX_EXPRESSION_LENGTH });
  }
  const lexed = lex(text);
  if (!lexed.ok) return lexed;
  const tokens = lexed.value;
  if (tokens.length > MAX_TOKENS) return err({ kind: 'limit', what: 'words and signs', limit: MAX_TOKENS });
  const starts = startsOf(text, tokens);
  if (tokens.length === 1) return err({ kind: 'empty' });
  try {
    return ok({ root: parseTokens(tokens), starts });
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown;
    return err(troubleOf(thrown, text, starts));
  }
}

function lex(text: string): Result<Token[], SyntaxTrouble> {
  try {
    const { tokens } = new Lexer(text).lex();
    for (const token of tokens) {
      // The lexer undoes only the first `''` of a string: 'it''s ''here''' would keep two quotes too many.
      if (token.type === TokenType.STRING) token.value = token.lexeme.slice(1, -1).replaceAll("''", "'");
    }
    return ok(tokens);
  } catch (thrown) {
    return err(lexicalTrouble(thrown, text));
  }
}

// The lexer says the place only in its sentence, which ends with the whole expression.
function lexicalTrouble(thrown: unknown, text: string): SyntaxTrouble {
  const sentence = thrown instanceof Error ? thrown.message : '';
  const before = sentence.slice(0, sentence.length - text.length);
  const place = /^Unexpected symbol: '(.*)'\. Located at position (\d+) within expression: $/s.exec(before);
  if (place === null) throw thrown;
  const found = place[1] ?? '';
  const start = Number(place[2]) - 1;
  return { kind: 'unexpected', found, start, end: start + found.length };
}

// Which names exist is judged elsewhere, all of them at once and with a suggestion: the parser would stop at the first.
function parseTokens(tokens: Token[]): Node {
  const names = tokens.filter((token) => token.type === TokenType.IDENTIFIER).map((token) => token.lexeme);
  const functions = names.map((name) => ({ name, minArgs: 0, maxArgs: Number.MAX_SAFE_INTEGER }));
  return new Parser(tokens, names, functions).parse();
}

// Which token an error is about is private to it; the token's place, which it shows, is the very object of the token.
function troubleOf(thrown: ExpressionError, text: string, starts: ReadonlyMap<Token, number>): SyntaxTrouble {
  const { message } = thrown;
  if (message.startsWith('Exceeded max expression depth')) {
    return { kind: 'limit', what: 'levels of nesting', limit: MAX_PARSER_DEPTH };
  }
  const token = [...starts.keys()].find(({ range }) => range.start === thrown.pos);
  if (token === undefined) throw thrown;
  const start = starts.get(token) ?? 0;
  const end = start + token.lexeme.length;
  if (/^(Too|Even)/.test(message)) return { kind: 'arity', name: token.lexeme, start, end };
  const early = token.type === TokenType.EOF || message.startsWith('Unexpected end');
  return early
    ? {
        kind: 'unexpected',
        found: '',
        start: Math.max(0, text.trimEnd().length - 1),
        end: text.trimEnd().length,
      }
    : { kind: 'unexpected', found: token.lexeme, start, end };
}

// The lexer's own columns are off after a line end inside a string, so the places are found by walking: between two
// tokens there is nothing but the white space that the lexer skips.
function startsOf(text: string, tokens: readonly Token[]): ReadonlyMap<Token, number> {
  const starts = new Map<Token, number>();
  let at = 0;
  for (const token of tokens) {
    while (at < text.length && ' \r\t\n'.includes(text.charAt(at))) at++;
    starts.set(token, at);
    at += token.lexeme.length;
  }
  return starts;
}

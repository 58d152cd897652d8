/** Finds where a part of an expression stands in the source. */
import { FunctionCall } from '@actions/expressions/ast';
import type { Expr } from '../model/expression.ts';
import type { Range } from '../model/source.ts';
import { firstToken, lastToken, type Node, type Parsed, type Token } from './expression-syntax.ts';

/**
 * The place of a node: of a call its name, of everything else all of it. The whole expression where it is written in a way
 * that cannot be followed, as with escapes.
 */
export function placeOf(node: Node, { starts }: Parsed, expr: Expr, source: string): Range {
  const call = node instanceof FunctionCall ? node.functionName : undefined;
  const first = call ?? firstToken(node);
  const last = call ?? lastToken(node);
  if (first === undefined || last === undefined) return expr.at;
  const [start, end] = closed([...starts], first, last);
  const from = follow(expr, source, start);
  const to = follow(expr, source, end - 1);
  return from === undefined || to === undefined ? expr.at : { start: from, end: to + 1 };
}

// The tree does not keep brackets, so the stretch is widened until each of its brackets has its other half.
function closed(
  tokens: readonly (readonly [Token, number])[],
  first: Token,
  last: Token,
): readonly [number, number] {
  let from = tokens.findIndex(([token]) => token === first);
  let to = tokens.findIndex(([token]) => token === last);
  let depth = 0;
  let missing = 0;
  for (const [token] of tokens.slice(from, to + 1)) {
    depth += depthOf(token);
    missing = Math.max(missing, -depth);
  }
  for (; missing > 0 && from > 0; from--) missing -= depthOf(tokens[from - 1]?.[0]);
  let open = tokens.slice(from, to + 1).reduce((sum, [token]) => sum + depthOf(token), 0);
  for (; open > 0 && to < tokens.length - 1; to++) open += depthOf(tokens[to + 1]?.[0]);
  const [token, start] = tokens[to] ?? [last, 0];
  return [tokens[from]?.[1] ?? 0, start + token.lexeme.length];
}

function depthOf(token: Token | undefined): number {
  if (token?.lexeme === '(' || token?.lexeme === '[') return 1;
  return token?.lexeme === ')' || token?.lexeme === ']' ? -1 : 0;
}

// White space may differ, because YAML folds lines and takes indentation away; nothing else may.
function follow({ text, at }: Expr, source: string, index: number): number | undefined {
  let place = at.start;
  for (let i = 0; i < text.length && place < at.end; i++, place++) {
    if (isBlank(text[i])) {
      while (isBlank(text[i + 1]) && i + 1 < index) i++;
      if (!isBlank(source[place])) return undefined;
      while (isBlank(source[place + 1])) place++;
    } else if (text[i] !== source[place]) return undefined;
    if (i >= index) return place;
  }
  return undefined;
}

function isBlank(letter: string | undefined): boolean {
  return letter === ' ' || letter === '\n' || letter === '\r' || letter === '\t';
}

/** Finds where a part of an expression stands in the source. */
import type { Expr } from '../model/expression.ts';
import type { Range } from '../model/source.ts';
import { firstToken, lastToken, type Node, type Parsed } from './expression-syntax.ts';

/** The place of a node: the whole expression where it is written in a way that cannot be followed, as with escapes. */
export function placeOf(node: Node, { starts }: Parsed, expr: Expr, source: string): Range {
  const first = firstToken(node);
  const last = lastToken(node);
  const start = first && starts.get(first);
  const end = last && starts.get(last);
  if (start === undefined || end === undefined || last === undefined) return expr.at;
  const from = follow(expr, source, start);
  const to = follow(expr, source, end + last.lexeme.length - 1);
  return from === undefined || to === undefined ? expr.at : { start: from, end: to + 1 };
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

/** Looks for regular expressions in what an engine printed, in a time that grows with the text alone. */
import { RE2JS } from 're2js';
import { err, ok, type Result } from '../model/result.ts';

/** Gives the line of a text in which an expression was found first; undefined where it was not. */
export type FindLine = (text: string) => string | undefined;

/**
 * Makes an expression of RE2 (https://github.com/google/re2/wiki/Syntax) ready; `^` and `$` stand for the ends of lines. The
 * expressions of JavaScript would not do: one that backtracks can be at work for years over 64 KiB of text.
 */
export function compilePattern(source: string): Result<FindLine, string> {
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source, RE2JS.MULTILINE);
  } catch (error) {
    // It adds the flag to what it quotes.
    return err((error as Error).message.replace(/^error parsing regexp: /, '').replace('`(?m)', '`'));
  }
  return ok((text) => {
    const matcher = pattern.matcher(text);
    return matcher.find() ? lineAround(text, matcher.start(), matcher.end()) : undefined;
  });
}

function lineAround(text: string, start: number, end: number): string {
  const next = text.indexOf('\n', Math.max(start, end - 1));
  return text.slice(text.lastIndexOf('\n', start - 1) + 1, next === -1 ? undefined : next);
}

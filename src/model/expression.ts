/** Holds texts with `${{ }}` in them as far as they can be understood before anything runs. */
import type { Range } from './source.ts';

/** One expression: its text without the fence, and where it stands in the workflow file. */
export interface Expr {
  readonly text: string;
  readonly at: Range;
}

/**
 * A text that may carry expressions. `parts` alternate freely; a text that is exactly one fence
 * (`whole`) keeps the type of its value, every other text becomes a string.
 */
export interface Template {
  readonly parts: readonly (string | Expr)[];
  readonly whole: boolean;
  readonly at: Range;
}

/** A template without any expression in it. */
export function literal(text: string, at: Range): Template {
  return { parts: text === '' ? [] : [text], whole: false, at };
}

/** The text of a template that has no expression in it, else undefined. */
export function literalText(template: Template): string | undefined {
  let text = '';
  for (const part of template.parts) {
    if (typeof part !== 'string') return undefined;
    text += part;
  }
  return text;
}

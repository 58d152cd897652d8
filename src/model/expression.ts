/** Holds texts with `${{ }}` in them as far as they can be understood before anything runs. */
import type { Json } from './result.ts';
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

/** A value that may carry expressions in any of its texts. */
export type ValueTemplate =
  | { readonly value: Json }
  | { readonly template: Template }
  | { readonly list: readonly ValueTemplate[] }
  | { readonly map: Readonly<Record<string, ValueTemplate>> };

/** Every expression of such a value, as it is written. */
export function templatesIn(value: ValueTemplate): readonly Template[] {
  if ('template' in value) return [value.template];
  if ('list' in value) return value.list.flatMap(templatesIn);
  return 'map' in value ? Object.values(value.map).flatMap(templatesIn) : [];
}

/** The literal places of a matrix that hold expressions, which are filled in when the matrix is expanded. */
export interface MatrixPatterns {
  /** Axes that are lists with an expression in them. */
  readonly axes: Readonly<Record<string, readonly ValueTemplate[]>>;
  /** All of `include`, where any of it holds an expression. */
  readonly include?: readonly Readonly<Record<string, ValueTemplate>>[];
  /** All of `exclude`, likewise. */
  readonly exclude?: readonly Readonly<Record<string, ValueTemplate>>[];
}

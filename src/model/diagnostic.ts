/** Holds what is said about a file that is wrong: a code with typed arguments, and a place. */
import { CATALOGUE } from './catalogue/catalogue.ts';
import type { Entry, Severity, Slip } from './catalogue/entry.ts';
import type { Range } from './source.ts';

/** Every code there is. Codes are part of the contract: never renamed, never reused. */
export type Code = keyof typeof CATALOGUE;

/** What a code needs to be put into words. */
export type ArgsOf<C extends Code> = Parameters<(typeof CATALOGUE)[C]['message']>[0];

/** Another place that explains the first. */
export interface Related {
  readonly path: string;
  readonly at: Range;
  readonly message: string;
}

/** A replacement of text that mends the complaint. */
export interface Fix {
  readonly description: string;
  readonly edits: readonly { readonly at: Range; readonly text: string }[];
}

/** One complaint about one place of one file. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly suggestion: string;
  readonly path: string;
  readonly at: Range;
  readonly related?: readonly Related[];
  readonly fix?: Fix;
  /** The word that was meant; a fix is made of it once the source is at hand. */
  readonly slip?: Slip;
}

/** Puts a complaint into words, which stand in one table. */
export function diagnose<C extends Code>(
  code: C,
  path: string,
  at: Range,
  args: ArgsOf<C>,
  more: { readonly related?: readonly Related[]; readonly fix?: Fix } = {},
): Diagnostic {
  const entry = CATALOGUE[code] as unknown as Entry<ArgsOf<C>>;
  const slip = entry.slip?.(args);
  return {
    code,
    severity: entry.severity,
    message: entry.message(args),
    suggestion: entry.suggestion(args),
    path,
    at,
    ...(slip === undefined ? {} : { slip }),
    ...more,
  };
}

/** Sorts complaints by place and drops the ones that say the same of the same place. */
export function sorted(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return [...diagnostics]
    .sort(
      (a, b) =>
        compare(a.path, b.path) || a.at.start - b.at.start || a.at.end - b.at.end || compare(a.code, b.code),
    )
    .filter((d) => {
      const key = `${d.path}\0${d.at.start}\0${d.at.end}\0${d.code}\0${d.message}`;
      return seen.has(key) ? false : seen.add(key) !== undefined;
    });
}

/** Whether the file is refused. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

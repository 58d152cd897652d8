/** Tells the paths behind `--` from the words before it, which a parser of flags does not. */

/** The command line as far as `--`, and the paths behind it. */
export function splitPaths(words: readonly string[]): {
  readonly argv: string[];
  readonly paths: readonly string[];
} {
  const at = words.indexOf('--');
  return at === -1
    ? { argv: [...words], paths: [] }
    : { argv: words.slice(0, at), paths: words.slice(at + 1) };
}

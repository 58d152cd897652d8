/** Holds a text that was read and the places in it. */

/** A file as it was read. `path` is how people are shown it: relative to the root where that is possible. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A stretch of a text in UTF-16 offsets; `end` is exclusive. Lines and columns are computed only when printing. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A place as people and editors count it: both from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Gives the line and column of an offset; one per file, since it indexes the lines once. */
export function locator(text: string): (offset: number) => Position {
  const starts = [0];
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** The path that people are shown for a file named in the file at `path`. */
export function besides(path: string, written: string): string {
  if (written.startsWith('/')) return written;
  const parts = path.split('/').slice(0, -1);
  for (const part of written.split('/')) {
    const last = parts[parts.length - 1];
    if (part === '..' && last !== undefined && last !== '..' && last !== '') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

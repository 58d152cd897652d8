/** Leads from a character of a block scalar's value back to the place in the source it came from. */

/**
 * The source offsets of the characters of a block scalar, with the place after the last.
 * @param first where the line after the header begins
 * @param end where the scalar ends
 */
export function alignBlock(value: string, source: string, first: number, end: number): readonly number[] {
  const table: number[] = [];
  const indent = indentOf(value, source, first, end);
  let at = skipIndent(source, first, end, indent);
  for (let i = 0; i < value.length; i++) {
    table.push(Math.min(at, end));
    if (!endsLine(source, at)) {
      at++;
      continue;
    }
    at = nextLine(source, at, end, indent);
    // Folding drops one of several line ends: the last, so that each one before it stays its own.
    while (i + 1 < value.length && value[i + 1] !== '\n' && endsLine(source, at))
      at = nextLine(source, at, end, indent);
  }
  table.push(Math.min(at, end));
  return table;
}

// The header's indicator says how much further than its parent the block stands, which takes knowing the parent; the first
// line with text shows it without: what it has left of its spaces in the value stood behind the indentation.
function indentOf(value: string, source: string, first: number, end: number): number {
  const kept = spacesBeforeText(value, 0, value.length, (i) => value[i] === '\n');
  const written = spacesBeforeText(source, first, end, (i) => endsLine(source, i));
  // Without text the value has nothing but line ends, so every space is indentation.
  return kept === undefined || written === undefined ? Infinity : written - kept;
}

function spacesBeforeText(
  text: string,
  first: number,
  end: number,
  isLineEnd: (index: number) => boolean,
): number | undefined {
  for (let line = first; line < end; line = text.indexOf('\n', line) + 1 || end) {
    let i = line;
    while (i < end && text[i] === ' ') i++;
    if (i < end && !isLineEnd(i)) return i - line;
  }
  return undefined;
}

/** Whether a line end stands at `at`; a carriage return alone is text. */
export function endsLine(source: string, at: number): boolean {
  return source[at] === '\n' || (source[at] === '\r' && source[at + 1] === '\n');
}

function nextLine(source: string, at: number, end: number, indent: number): number {
  return skipIndent(source, source.indexOf('\n', at) + 1, end, indent);
}

function skipIndent(source: string, line: number, end: number, indent: number): number {
  let i = line;
  while (i < end && i - line < indent && source[i] === ' ') i++;
  return i;
}

/** Holds the way back from a scalar's characters to their places. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/workflow/document.ts';
import type { ScalarNode } from '../../src/workflow/tree.ts';
import { child } from '../../src/workflow/tree.ts';

function scalarIn(text: string): ScalarNode {
  const root = readDocument({ path: 'case.yml', text }, (d) => {
    throw new Error(d.message);
  });
  const node = child(root, 'a');
  if (node?.kind !== 'scalar') throw new Error('no scalar');
  return node;
}

/** The last value of a last value and so on; undefined where the source is no YAML. */
function deepest(text: string): ScalarNode | undefined {
  let node = readDocument({ path: 'case.yml', text }, () => undefined);
  while (node !== undefined && node.kind !== 'scalar') {
    node = node.kind === 'map' ? [...node.entries.values()].at(-1)?.value : node.items.at(-1);
  }
  return node;
}

/** What stands in the source where `word` stands in the value. */
function back(source: string, word: string): string {
  const text = scalarIn(source).text();
  const index = text.value.indexOf(word);
  return source.slice(text.offset(index), text.offset(index + word.length));
}

describe('places of scalars', () => {
  test.each([
    ['plain', 'a: one WORD two\n'],
    ['single quotes', "a: 'it''s a WORD'\n"],
    ['double quotes', 'a: "tab\\t \\u263a \\U0001F600 \\x41 \\"WORD\\" "\n'],
    ['double quotes over lines', 'a: "one\n  two\n\n\n  three \\\n  WORD four"\n'],
    ['plain over lines', 'a: one\n  two\n\n  three WORD\n  four\n'],
    ['single quotes over lines', "a: 'one\n\n  two   \n  WORD'\n"],
    ['literal block', 'a: |\n    one\n      two\n\n    three WORD\n'],
    ['literal block with an empty first line', 'a: |\n\n  one WORD\n'],
    ['folded block', 'a: >-\n  one\n  two\n\n\n  three\n  WORD four\n'],
    ['CRLF block', 'a: |\r\n  one\r\n  two WORD\r\n'],
    ['CRLF over lines', 'a: one\r\n  two WORD\r\n'],
    ['after a byte order mark', '\ufeffa: one WORD\n'],
    ['block with a comment in its header', 'a: | # why\n  one WORD\n'],
    ['block that begins with spaces', 'a: |2\n    one\n  two WORD\n'],
    ['sign and indicator', 'a: |+2\n    one WORD\n\n'],
    ['indicator, sign, tag, anchor and comment', 'a: !!str &b |2-  # why\n      one\n  two WORD\n'],
    ['folded block that begins with spaces', 'a: >2\n    one\n     \n  two\n\n  three WORD\n'],
    ['empty lines longer than the indentation', 'a: |2\n     \n\n    one\n    \n  two WORD\n'],
    ['empty lines shorter than the indentation', 'a: |\n  \n \n    one\n  \n    two WORD\n'],
    ['block that begins with a tab', 'a: |2\n  \tone\n  \t\n  two WORD\n'],
    ['CRLF block that begins with spaces', 'a: |2\r\n     \r\n    one\r\n  two WORD\r\n'],
    ['folded CRLF block that begins with spaces', 'a: >-2\r\n    one\r\n\r\n  two\r\n  WORD\r\n'],
    ['block whose first letter is a lone carriage return', 'a: |1\n  \r one\n two WORD\n'],
    ['an escaped line end before an empty line', 'a: "one \\\n\n  WORD"\n'],
    ['folded line ends before an escaped one', 'a: "one\n\n  \\n WORD"\n'],
    ['a pair of surrogates as two escapes', 'a: "\\ud83d\\ude00 WORD"\n'],
    ['a lone carriage return at the beginning of a line', 'a: "one\n  \rtwo WORD"\n'],
    ['a plain text over many empty lines', 'a: one\n\n\n\n  WORD\n'],
  ])('%s', (_, source) => {
    expect(back(source, 'WORD')).toBe('WORD');
  });

  test('an offset never leaves the scalar and never goes back', () => {
    const piece = fc.constantFrom('x', ' ', '\n', "'", '"', '\\', ':', '😀', '\t', '#', '${{ y }}', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom('"', "'", '|'), (pieces, style) => {
        const value = pieces.join('');
        const body = value
          .split('\n')
          .map((line) => `  ${line}`)
          .join('\n');
        const written =
          style === '"'
            ? JSON.stringify(value)
            : style === "'"
              ? `'${value.replaceAll("'", "''").replaceAll('\n', '\n\n  ')}'`
              : `|+2\n${body}\n`;
        const source = `a: ${written}\n`;
        const node = scalarIn(source);
        const text = node.text();
        let before = node.at.start;
        for (let i = 0; i <= text.value.length; i++) {
          const offset = text.offset(i);
          expect(offset).toBeGreaterThanOrEqual(before);
          expect(offset).toBeLessThanOrEqual(node.at.end);
          before = offset;
        }
      }),
      { examples: [[[' ', ' ', 'x'], '|']] },
    );
  });

  // The indicator counts from the indentation of the parent, which is another one in each of these.
  const parents = [
    ['top', '', 0],
    ['mapping', 'm:\n    n:\n     ', 5],
    ['list at the indentation of its key', 'm:\n-\x20', 0],
    ['list in a list', 'm:\n  - -\x20', 4],
    ['mapping in a list', 'm:\n  - b: c\n    ', 4],
    ['mapping on the line of its dash', 'm:\n   -   ', 7],
  ] as const;

  test('each character of a block is itself, wherever it stands and whatever its header says', () => {
    const line = fc
      .array(fc.constantFrom('x', ' ', '  ', '\t', '😀', '${{ y }}', '#', '\r.'), { maxLength: 5 })
      .map((pieces) => pieces.join(''));
    const header = fc.record({
      style: fc.constantFrom('|', '>'),
      chomp: fc.constantFrom('', '+', '-'),
      digit: fc.constantFrom(undefined, 1, 2, 4, 9),
      rest: fc.constantFrom('', ' ', '  # why'),
    });
    const places = fc.constantFrom(...parents);
    const ends = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(places, header, fc.array(line), ends, ([, before, indent], head, lines, end) => {
        const { style, chomp, digit, rest } = head;
        const margin = ' '.repeat(indent + (digit ?? 2));
        const key = before.endsWith('- ') && !before.includes('   -') ? '' : 'a: ';
        const body = lines.map((each) => `${margin}${each}\n`).join('');
        const source = `${before}${key}${style}${digit ?? ''}${chomp}${rest}\n${body}`.replaceAll('\n', end);
        const text = deepest(source)?.text();
        // Without a digit, more spaces on the first lines than on a later one are an error.
        if (text === undefined) return;
        let next = source.indexOf(end, text.at.start) + end.length;
        for (let i = 0; i < text.value.length && text.offset(i) < text.at.end; i++) {
          const place = text.offset(i);
          const [meant, written] = [text.value[i], source[place]];
          if (meant !== written)
            expect([meant, source.startsWith(end, place)]).toEqual([meant === '\n' ? '\n' : ' ', true]);
          expect(place).toBeGreaterThanOrEqual(next);
          expect(source.slice(next, place)).toMatch(/^\s*$/);
          next = place + 1;
        }
      }),
    );
  });

  test.each(['""', "''''", '"\\\\"', "'it''s '", '"\\t"', '"a\\\n  "', '"a\n  "'])(
    'the place after the last of %j is its quote',
    (written) => {
      const text = scalarIn(`a: ${written}\n`).text();
      expect(text.offset(text.value.length)).toBe(3 + written.length - 1);
    },
  );

  test('each character between quotes or without them is itself, an escape or the end of a line', () => {
    const pieces = ['x', ' ', '\t', '\n', '\n  ', ' \n\n ', '😀', "''", ':', '#', '\r.'];
    const escapes = ['x41', 'u263a', 'U0001F600', 't', '"', '\\', 'n', ' ', '\n ', '\n  \\ ', '/', '\t'];
    const piece = fc.constantFrom(...pieces, ...escapes.map((each) => `\\${each}`));
    const ends = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom('"', "'", ''),
        ends,
        (drawn, quote, end) => {
          const body = quote === '"' ? drawn.join('') : drawn.join('').replaceAll('\\', 'b');
          const source = `m:\n a: ${quote}${quote === '' ? 'w' : ''}${body}${quote}\n`.replaceAll('\n', end);
          const text = deepest(source)?.text();
          // What is drawn may also be nothing, or a key of its own.
          if (text === undefined || text.at.start === text.at.end) return;
          if (text.at.start !== source.indexOf('a: ') + 3) return;
          let before = text.at.start;
          for (const [i, meant] of text.value.split('').entries()) {
            const place = text.offset(i);
            const written = source[place];
            expect(place).toBeGreaterThanOrEqual(before);
            if (quote === '"' && written === '\\') expect('A☺😀"\\/\t\n ').toContain(meant);
            else if (/[ \t\n]/.test(meant)) expect(written).toMatch(/\s/);
            else expect(written).toBe(meant);
            before = place;
          }
          expect(text.offset(text.value.length)).toBe(text.at.end - quote.length);
        },
      ),
    );
  });

  test('a character of a literal block is itself', () => {
    const source = 'a: |\n  one ${{ x }}\n\n    two ${{ y }}\n';
    const text = scalarIn(source).text();
    for (let i = 0; i < text.value.length; i++) expect(source[text.offset(i)]).toBe(text.value[i]);
  });
});

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
    );
  });

  test('a character of a literal block is itself', () => {
    const source = 'a: |\n  one ${{ x }}\n\n    two ${{ y }}\n';
    const text = scalarIn(source).text();
    for (let i = 0; i < text.value.length; i++) expect(source[text.offset(i)]).toBe(text.value[i]);
  });
});

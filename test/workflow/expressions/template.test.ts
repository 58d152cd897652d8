/** Shows where expressions are found in texts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/model/diagnostic.ts';
import type { Template } from '../../../src/model/expression.ts';
import { callsStatusFunction, readBare, readTemplate } from '../../../src/workflow/template.ts';
import { textOf } from './build.ts';

function read(value: string) {
  const found: Diagnostic[] = [];
  const template = readTemplate(textOf(value), 'w.yml', (diagnostic) => found.push(diagnostic));
  return { template, found };
}

function bare(value: string, block = false) {
  const found: Diagnostic[] = [];
  const expr = readBare(textOf(value, { block }), 'w.yml', (diagnostic) => found.push(diagnostic));
  return { text: expr?.text, codes: found.map(({ code }) => code), found };
}

const partsOf = (template: Template) =>
  template.parts.map((part) => (typeof part === 'string' ? part : { expr: part.text }));

describe('a text with fences', () => {
  test.each([
    ['no fence', ['no fence']],
    ['', []],
    ['${{ inputs.a }}', [{ expr: 'inputs.a' }]],
    ['a ${{ inputs.a }} b', ['a ', { expr: 'inputs.a' }, ' b']],
    ['${{inputs.a}}${{ inputs.b }}', [{ expr: 'inputs.a' }, { expr: 'inputs.b' }]],
    ["${{ '}}' }}!", [{ expr: "'}}'" }, '!']],
    ["${{ 'it''s }}' }}!", [{ expr: "'it''s }}'" }, '!']],
    ["${{ '${{' }} is how", [{ expr: "'${{'" }, ' is how']],
    ['}} alone', ['}} alone']],
    ['$HOME ${HOME} $$ $(date) $${{ inputs.a }}', ['$HOME ${HOME} $$ $(date) $', { expr: 'inputs.a' }]],
    ['${{ \n inputs.a\n }}', [{ expr: 'inputs.a' }]],
  ])('%j', (value, parts) => {
    const { template, found } = read(value);
    expect(found).toEqual([]);
    expect(partsOf(template)).toEqual(parts);
  });

  test('keeps its type only as exactly one fence', () => {
    expect(read('${{ inputs.a }}').template.whole).toBe(true);
    for (const value of [
      ' ${{ inputs.a }}',
      '${{ inputs.a }}\n',
      '${{ inputs.a }}${{ inputs.b }}',
      'text',
      '',
    ]) {
      expect(read(value).template.whole, value).toBe(false);
    }
  });

  test.each([
    ['a ${{ inputs.a', 'open-fence', '${{'],
    ["${{ 'a }}", 'open-fence', '${{'],
    ['x ${{ }}', 'empty-expression', '${{ }}'],
    ['${{ inputs.a == }}', 'expression-syntax', '='],
    ['${{ inputs.a and inputs.b }}', 'expression-syntax', 'and'],
    ['${{ inputs.a == "b" }}', 'expression-syntax', '"b"'],
    ['${{ inputs.a = 1 }}', 'expression-syntax', '='],
    ['${{ inputs.a + 1 }}', 'expression-syntax', '+'],
    ['${{ (inputs.a }}', 'expression-syntax', 'a'],
    ['${{ inputs. }}', 'expression-syntax', '.'],
    ["${{ contains('a') }}", 'arity', 'contains'],
    [`\${{ ${'('.repeat(60)}1${')'.repeat(60)} }}`, 'expression-limit', undefined],
    [`\${{ ${'1=='.repeat(3000)}1 }}`, 'expression-limit', undefined],
    [`\${{ '${'a'.repeat(22_000)}' }}`, 'expression-limit', undefined],
  ])('%#: what does not parse is reported at its place', (value, code, marked) => {
    const { found } = read(value);
    expect(found.map((diagnostic) => diagnostic.code)).toEqual([code]);
    const at = found[0]!.at;
    if (marked !== undefined) expect(value.slice(at.start, at.end)).toBe(marked);
  });

  test('every broken fence of a text is reported', () => {
    expect(
      read('${{ a b }} ${{ }} ${{ 1')
        .found.map(({ code }) => code)
        .toSorted(),
    ).toEqual(['empty-expression', 'expression-syntax', 'open-fence']);
  });

  test('a place after a line end inside a string is right', () => {
    const value = "${{ contains('a\n\nb', inputs.a) ? }}";
    const [only] = read(value).found;
    expect(value.slice(only!.at.start, only!.at.end)).toBe('?');
  });
});

describe('reading', () => {
  const piece = fc.oneof(
    fc.constantFrom('$', '{', '}', '${', '}}', "'", '\n', ' ', 'text', 'é😀'),
    fc.constantFrom('inputs.a', "'}}'", "'${{'", 'inputs.a == 1').map((expr) => `\${{ ${expr} }}`),
  );

  test('never loses text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const value = pieces.join('');
        const { template } = read(value);
        let end = 0;
        for (const part of template.parts) {
          if (typeof part === 'string') {
            expect(value.slice(end, end + part.length)).toBe(part);
            end += part.length;
          } else {
            expect(value.slice(end, end + 3)).toBe('${{');
            // The place of an empty expression is its whole fence.
            end = value.indexOf('}}', part.text === '' ? part.at.start : part.at.end) + 2;
          }
        }
        expect(end).toBe(value.length);
      }),
      { examples: [[['${', '{', '}}']], [['${', '{', ' ', '}}', '${{ inputs.a }}']]] },
    );
  });

  test('a text without fences stays as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', '\n', '\0', '😀', '\ud800', "'") }),
        (value) => {
          fc.pre(!value.includes('${{'));
          expect(read(value).template.parts.join('')).toBe(value);
        },
      ),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."'()[].,!=<>&|*-+1aE \n${}é") }), (value) => {
        read(value);
        read(`\${{${value}}}`);
        bare(value);
      }),
    );
  });
});

describe('a key that takes one expression', () => {
  test.each([
    ['inputs.a == 1', 'inputs.a == 1'],
    ['  inputs.a\n', 'inputs.a'],
    ['${{ inputs.a }}', 'inputs.a'],
    ['${{inputs.a}}', 'inputs.a'],
    ['true', 'true'],
  ])('%j', (value, text) => {
    expect(bare(value)).toMatchObject({ text, codes: [] });
  });

  test.each([
    ['', 'empty-expression'],
    ['  \n', 'empty-expression'],
    ['${{ }}', 'empty-expression'],
    ['not ${{ inputs.a }}', 'text-around-fence'],
    ['${{ inputs.a }} == 1', 'text-around-fence'],
    [' ${{ inputs.a }}', 'text-around-fence'],
    ['${{ inputs.a }} && ${{ inputs.b }}', 'several-fences'],
    ['${{ inputs.a', 'open-fence'],
    ['inputs.a ==', 'expression-syntax'],
    ['${{ inputs.a == }}', 'expression-syntax'],
  ])('refuses %j', (value, code) => {
    expect(bare(value)).toMatchObject({ text: undefined, codes: [code] });
  });

  test('refuses the line end that a block scalar leaves after a fence', () => {
    expect(bare('${{ inputs.a }}\n', true).codes).toEqual(['fence-newline']);
    expect(bare('${{ inputs.a }}', true).codes).toEqual([]);
    expect(bare('inputs.a\n', true)).toMatchObject({ text: 'inputs.a', codes: [] });
  });

  test('says how a habit of another language is written here', () => {
    const hint = (value: string) => bare(value).found[0]?.suggestion;
    expect(hint('inputs.a == "b"')).toContain('single quotes');
    expect(hint('inputs.a and inputs.b')).toContain('&&');
    expect(hint('inputs.a or inputs.b')).toContain('||');
    expect(hint('inputs.a = 1')).toContain('==');
  });
});

test('a status function is seen wherever it is called, in any case', () => {
  const calls = (text: string) => callsStatusFunction({ text, at: { start: 0, end: 0 } });
  for (const text of [
    'always()',
    '!Cancelled()',
    "contains('a', 'b') && (failure() || false)",
    'case(true, success(), 1)',
  ]) {
    expect(calls(text), text).toBe(true);
  }
  for (const text of ["'always()'", 'inputs.always', 'hashFiles(inputs.a)', 'always('])
    expect(calls(text), text).toBe(false);
});

/** Holds how complaints look on a terminal and to programs. */
import { describe, expect, test } from 'vitest';
import { type Diagnostic, diagnose } from '../../src/model/diagnostic.ts';
import { diagnosticsJson, printDiagnostics } from '../../src/report/squiggle.ts';

function at(text: string, marked: string): { start: number; end: number } {
  const start = text.indexOf(marked);
  return { start, end: start + marked.length };
}

function unknownKey(text: string, key: string, nearest?: string): Diagnostic {
  return diagnose('unknown-key', 'a.yml', at(text, key), { key, owner: 'a step', nearest, known: [] });
}

function print(text: string, ...diagnostics: Diagnostic[]): string {
  return printDiagnostics(diagnostics, new Map([['a.yml', text]]), { color: false });
}

/** Lines of the excerpt: source line and marks, without what is said beside these. */
function excerpt(text: string, marked: string): readonly string[] {
  return print(text, unknownKey(text, marked))
    .replace(/ take it out$/m, '')
    .split('\n')
    .slice(3, 5);
}

describe('printing', () => {
  test('the line, the place and the next move', () => {
    const text = 'name: x\nsteps:\n  - promt: hello\n';
    expect(print(text, unknownKey(text, 'promt', 'prompt'))).toBe(
      [
        'error[unknown-key]: `promt` is not a key of a step',
        ' --> a.yml:3:5',
        '  |',
        '3 |   - promt: hello',
        '  |     ^^^^^ did you mean `prompt`?',
        '',
        '1 error',
        '',
      ].join('\n'),
    );
  });

  test('line numbers share one gutter with related places', () => {
    const text = `a: 1\n${'\n'.repeat(10)}a: 2\n`;
    const second = text.lastIndexOf('a');
    const related = [{ path: 'a.yml', at: { start: 0, end: 1 }, message: 'the first stands here' }];
    const printed = print(
      text,
      diagnose('duplicate-key', 'a.yml', { start: second, end: second + 1 }, { key: 'a' }, { related }),
    );
    expect(printed.split('\n').slice(1, 9)).toEqual([
      '  --> a.yml:12:1',
      '   |',
      '12 | a: 2',
      '   | ^ take one of them out; the first is not overwritten silently',
      '  ::: a.yml:1:1',
      '   |',
      ' 1 | a: 1',
      '   | - the first stands here',
    ]);
  });

  test('tabs are widened, and the marks with them', () => {
    expect(excerpt('\ta\tBAD: x\n', 'BAD')).toEqual(['1 |     a   BAD: x', '  |         ^^^']);
  });

  test('wide characters take two cells, marks on letters none', () => {
    expect(excerpt('修复 😀 BAD', 'BAD')).toEqual(['1 | 修复 😀 BAD', '  |         ^^^']);
    expect(excerpt('e\u0301 BAD', 'BAD')).toEqual(['1 | e\u0301 BAD', '  |   ^^^']);
    expect(excerpt('a 修复 b', '修复')).toEqual(['1 | a 修复 b', '  |   ^^^^']);
  });

  test('a line of CRLF has no carriage return', () => {
    expect(excerpt('a\r\nBAD\r\nb', 'BAD')).toEqual(['2 | BAD', '  | ^^^']);
  });

  test('a long line is cut around the mark', () => {
    const [line, marks] = excerpt(`${'x'.repeat(5000)}BAD${'y'.repeat(5000)}`, 'BAD');
    expect(line?.length).toBeLessThan(110);
    expect(line?.indexOf('BAD')).toBe(marks?.indexOf('^^^'));
    expect(excerpt(`BAD${'y'.repeat(200)}`, 'BAD')[0]).toBe(`1 | BAD${'y'.repeat(97)}…`);
  });

  test('a stretch over several lines shows its first', () => {
    const text = 'a: BAD\n  worse\n  worst\nb: 1\n';
    const printed = print(text, unknownKey(text, 'BAD\n  worse\n  worst\n'));
    expect(printed.split('\n').slice(3, 6)).toEqual([
      '1 | a: BAD',
      '  |    ^^^… take it out',
      '  ⋮ 2 more lines',
    ]);
  });

  test('the end of the file and nothing at all can be pointed at', () => {
    expect(excerpt('', '')).toEqual(['1 |', '  | ^']);
    const end = { start: 4, end: 4 };
    const printed = print('a: 1', diagnose('unknown-key', 'a.yml', end, { key: 'k', owner: 'x', known: [] }));
    expect(printed.split('\n')[4]).toBe('  |     ^ take it out');
  });

  test('what stands in the file cannot play tricks on the terminal', () => {
    const text = 'BAD: \u001b[31m \u202e \u0007 \ufeff\n';
    const printed = print(
      text,
      unknownKey(text, 'BAD'),
      diagnose('unknown-key', 'a.yml', at(text, 'BAD'), { key: 'a\n\u001b[2Jb', owner: 'x', known: [] }),
    );
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e\ufeff]/);
  });

  test('a file that is not at hand is named', () => {
    const printed = printDiagnostics([unknownKey('BAD', 'BAD', 'good')], new Map(), { color: false });
    expect(printed).toBe(
      'error[unknown-key]: `BAD` is not a key of a step\n --> a.yml\n  = did you mean `good`?\n\n1 error\n',
    );
  });

  test('colours frame, never replace, the words', () => {
    const text = 'BAD: 1\n';
    const colored = printDiagnostics([unknownKey(text, 'BAD', 'good')], new Map([['a.yml', text]]), {
      color: true,
    });
    expect(colored).toContain('\u001b[1;31merror[unknown-key]\u001b[0m');
    expect(colored.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(print(text, unknownKey(text, 'BAD', 'good')));
  });

  test('nothing wrong prints nothing; the last line counts', () => {
    const text = 'BAD: 1\n';
    const warning = diagnose('access-unsaid', 'a.yml', at(text, 'BAD'), {});
    expect(print(text)).toBe('');
    expect(print(text, warning, warning, unknownKey(text, 'BAD')).trimEnd().split('\n').at(-1)).toBe(
      '1 error, 2 warnings',
    );
  });
});

describe('diagnostics for programs', () => {
  test('lines and columns count from 1', () => {
    const text = 'a: 1\n  BAD: 2\n';
    const related = [{ path: 'a.yml', at: { start: 0, end: 1 }, message: 'here' }];
    const diagnostic = { ...unknownKey(text, 'BAD', 'good'), related };
    expect(diagnosticsJson([diagnostic], new Map([['a.yml', text]]))).toEqual({
      diagnostics: [
        {
          code: 'unknown-key',
          severity: 'error',
          message: '`BAD` is not a key of a step',
          path: 'a.yml',
          range: { start: { line: 2, column: 3 }, end: { line: 2, column: 6 } },
          related: [
            {
              path: 'a.yml',
              range: { start: { line: 1, column: 1 }, end: { line: 1, column: 2 } },
              message: 'here',
            },
          ],
          suggestion: 'did you mean `good`?',
        },
      ],
    });
  });
});

/** Holds the JUnit XML of workflow tests to a parser of XML, and to what Jenkins and GitLab read. */
import { describe, expect, test } from 'vitest';
import { junit } from '../../src/report/junit.ts';
import { type TestResult, totalsOf } from '../../src/report/tests.ts';
import { parsed, SaxesParser } from '../support/xml.ts';

const passed: TestResult = {
  ...{ file: 'a.test.yml', name: 'works', line: 3, column: 5, status: 'passed', 'duration-ms': 1234 },
  failures: [],
};

function failing(text: string): TestResult {
  const failure = { path: 'b.test.yml', line: 7, column: 9, message: text, expected: text, found: text };
  return {
    ...{ ...passed, file: 'b.test.yml', name: text, status: 'failed' },
    failures: [{ ...failure, detail: text, help: text }],
  };
}

const write = (...results: TestResult[]) =>
  junit(results, totalsOf(results, 2000), '2026-11-20T10:11:12.345Z');

describe.skipIf(SaxesParser === undefined)('JUnit XML', () => {
  test('has a suite per file, with the numbers that are read from it', () => {
    const skipped: TestResult = { ...passed, name: 'left out', status: 'skipped', 'duration-ms': 0 };
    const tags = parsed(write(passed, skipped, failing('broken')));
    expect(tags.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['testsuites', { name: 'codemachine test', tests: '3', failures: '1', errors: '0', time: '2.000' }],
      [
        'testsuite',
        {
          ...{ name: 'a.test.yml', tests: '2', failures: '0', errors: '0', skipped: '1', time: '1.234' },
          timestamp: '2026-11-20T10:11:12',
        },
      ],
      ['testcase', { name: 'works', classname: 'a.test.yml', file: 'a.test.yml', time: '1.234' }],
      ['testcase', { name: 'left out', classname: 'a.test.yml', file: 'a.test.yml', time: '0.000' }],
      ['skipped', {}],
      [
        'testsuite',
        {
          ...{ name: 'b.test.yml', tests: '1', failures: '1', errors: '0', skipped: '0', time: '1.234' },
          timestamp: '2026-11-20T10:11:12',
        },
      ],
      ['testcase', { name: 'broken', classname: 'b.test.yml', file: 'b.test.yml', time: '1.234' }],
      ['failure', { message: 'broken', type: 'expectation' }],
    ]);
    expect(tags.at(-1)?.text.trim()).toBe(
      'b.test.yml:7:9: broken\nexpected: broken\nfound: broken\nbroken\nbroken',
    );
  });

  test('every unit of text is well-formed in every place, and read back where XML can say it', () => {
    for (let start = 0; start < 0x10000; start += 0x400) {
      const units = Array.from({ length: 0x400 }, (_, i) => String.fromCharCode(start + i));
      // Each by itself: two halves of a character side by side would be a whole one.
      const text = `[${units.join('|')}]`;
      const tags = parsed(write(failing(text)));
      const sayable = text
        .replace(/\r/g, '\n')
        .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/g, (unit) => {
          return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
        });
      expect(tags.find(({ name }) => name === 'failure')?.attributes['message']).toBe(sayable);
      expect(tags.find(({ name }) => name === 'testcase')?.attributes['name']).toBe(sayable);
      expect(tags.at(-1)?.text).toContain(`expected: ${sayable}\nfound: ${sayable}`);
    }
  });

  test('whole characters beyond 16 bits stay, and nothing ends a section', () => {
    const text = ']]> <!-- &amp; </failure> 🦕 \u{10ffff} "\'';
    const tags = parsed(write(failing(text)));
    expect(tags.at(-1)?.attributes['message']).toBe(text);
  });

  test('a line end in a name is one line in every reader', () => {
    const tags = parsed(write(failing('two\r\nlines\tand a tab')));
    expect(tags.find(({ name }) => name === 'testcase')?.attributes['name']).toBe('two\nlines\tand a tab');
  });
});

import { describe, expect, test } from 'vitest';
import { fileName, fileNames } from '../../src/model/file-name.ts';
import { makeRepository } from '../workspace/repository.ts';

describe('the name of a file', () => {
  test.each(['a.txt', 'with blank', 'größe.md', '文件', '-rf', ':(top)x', "it's", 'a,b', 'a→b', '🙂'])(
    'is itself where it is plain: %s',
    (name) => expect(fileName(name)).toBe(name),
  );

  test.each([
    [' lead', '" lead"'],
    ['trail ', '"trail "'],
    ['a, b', '"a, b"'],
    ['a → b', '"a → b"'],
    ['\u202etxt.exe', '"\\342\\200\\256txt.exe"'],
    ['zero\u200bwidth', '"zero\\342\\200\\213width"'],
    ['\u0085', '"\\302\\205"'],
    ['\u007f', '"\\177"'],
  ])('is quoted where it could be read as another: %j', (name, shown) => expect(fileName(name)).toBe(shown));

  test('is quoted as git does', () => {
    const repository = makeRepository({ 'a.txt': 'a' });
    const odd = ['line\nbreak', 'tab\tand"quote"', 'back\\slash', 'bell\x07\b\v\f\r', 'low\x01\x1b[31m'];
    for (const name of odd) repository.write(name, 'x');
    const listed = repository.git('-c', 'core.quotePath=false', 'ls-files', '--others').split('\n');
    expect([...odd].sort().map((name) => fileName(name))).toEqual(
      listed.filter((line) => line !== '').sort(),
    );
    repository.remove();
  });

  test('is cut where it is too long, and never in the middle of a letter', () => {
    expect(fileName('x'.repeat(300))).toBe(`${'x'.repeat(159)}…`);
    expect(fileName(`${'x'.repeat(8)}🙂x`, 10)).toBe(`${'x'.repeat(8)}…`);
    expect(fileName(`\n${'x'.repeat(300)}`, 5)).toBe('"\\nxxx"…');
  });

  test('stands in a list that is read in one way only', () => {
    expect(fileNames(['a', 'b, c', 'd', 'e'], 3)).toBe('a, "b, c", d and 1 more');
  });
});

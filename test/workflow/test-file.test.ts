/** Holds the reading of test files: what they mean, and that nothing in them is too strange to be said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { locator } from '../../src/model/source.ts';
import { validate } from '../../src/workflow/generated/test.mjs';
import { readTestFile } from '../../src/workflow/test-file.ts';
import { TEST_OWNERS } from '../../src/workflow/test-owners.ts';
import { runs } from '../support/seed.ts';

const read = (text: string) => readTestFile({ path: 'a.test.yml', text });
const codes = (text: string) => read(text).diagnostics.map(({ code }) => code);

const GOOD = `x-same: &same { plan: { text: x } }
workflow: fix
tests:
  - name: one
    env: { VERSION: 1.10, ON: yes }
    answers: *same
    timeout: 90s
    expect:
      steps: { plan: succeeded, "build[2].code": { attempts: 2 } }
      not-run: pr
  - { name: two, expect: { status: failed } }
`;

describe('a test file', () => {
  test('is what it says, variables as they are written', () => {
    const { file, diagnostics } = read(GOOD);
    expect(diagnostics).toEqual([]);
    expect(file?.workflow).toBe('fix');
    expect(file?.cases).toMatchObject([
      {
        name: 'one',
        env: { VERSION: '1.10', ON: 'yes' },
        answers: { plan: { text: 'x' } },
        timeoutMs: 90_000,
      },
      { name: 'two', timeoutMs: 300_000, expect: { status: 'failed' } },
    ]);
  });

  test('knows where everything stands', () => {
    const { file } = read(GOOD);
    const place = (...path: (string | number)[]) => locator(GOOD)(file?.at(path).start ?? 0);
    expect(place('tests', 0, 'expect', 'steps', 'plan')).toEqual({ line: 9, column: 22 });
    expect(place('tests', 0, 'expect', 'steps', 'build[2].code', 'attempts')).toEqual({
      line: 9,
      column: 62,
    });
    expect(place('tests', 0, 'expect', 'steps')).toEqual({ line: 9, column: 7 });
    expect(place('tests', 1)).toEqual({ line: 11, column: 7 });
    expect(place('tests', 0, 'expect', 'files', 'gone')).toEqual({ line: 8, column: 5 });
  });

  test.each([
    ['', ['wrong-type']],
    ['workflow: a', ['missing-key']],
    ['workflow: a\ntests: []', ['empty']],
    ['workflow: a\ntests: [{ name: a }]', ['missing-key']],
    ['workflow: a\ntests: [{ name: a, expect: {} }]', ['empty']],
    ['workflow: a\ntests: [{ name: a, expect: { satus: failed } }]', ['unknown-key']],
    ['workflow: a\ntests: [{ name: a, expect: { steps: { x: done } } }]', ['bad-value']],
    ['workflow: a\ntests: [{ name: a, gates: { x: {} }, expect: { status: failed } }]', ['missing-key']],
    [
      'workflow: a\ntests: [{ name: a, gates: { x: [{ decison: b }] }, expect: { status: failed } }]',
      ['unknown-key'],
    ],
    [
      'workflow: a\ntests: [{ name: a, answers: { x: { usage: { usd: -1 } } }, expect: { status: failed } }]',
      ['out-of-range'],
    ],
    [
      'workflow: a\ntests: [{ name: a, runs: { x: { exit-code: 256 } }, expect: { status: failed } }]',
      ['out-of-range'],
    ],
    [
      'workflow: a\ntests: [{ name: a, runs: { x: { files: { ../y: z } } }, expect: { status: failed } }]',
      ['outside-workspace'],
    ],
    ['workflow: a\ntests: [{ name: a, expect: { order: [] } }]', ['empty']],
    [
      'workflow: a\ntests: [{ name: a, answers: "${{ inputs.a }}", expect: { status: failed } }]',
      ['wrong-type'],
    ],
    ['workflow: [\n', ['yaml-syntax']],
  ])('%j is refused', (text, wanted) => {
    expect(codes(text)).toEqual(wanted);
  });

  test('whatever stands where, there are words for it, at a place in the file', () => {
    const words = [...new Set(Object.values(TEST_OWNERS).flatMap(({ keys }) => keys as readonly string[]))];
    const key = fc.oneof(fc.constantFrom(...words), fc.constantFrom('__proto__', 'a/b', 'a~b', 'x-y', ''));
    const leaf = fc.oneof(
      fc.constantFrom<unknown>('succeeded', 'failed', 'quota', '3h', '(', 'a', '', null, true, -1, 0.5, 300),
      fc.constant('${{ inputs.a }}'),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 7, depthSize: 'large' },
        leaf,
        fc.array(tie('tree'), { maxLength: 2 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const body = fc.record(
      { name: leaf, answers: tree, runs: tree, gates: tree, expect: tree },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(body, tree), { maxLength: 3 }),
        fc.dictionary(key, tree),
        (tests, rest) => {
          const text = stringify({ ...rest, workflow: 'a', tests });
          const { diagnostics } = read(text);
          if (!validate(parse(text))) expect(diagnostics).not.toEqual([]);
          for (const { at, message, suggestion } of diagnostics) {
            expect(at.start).toBeLessThanOrEqual(text.length);
            expect(`${message}${suggestion}`).not.toMatch(/undefined|\[object/);
          }
        },
      ),
      runs(400),
    );
  });
});

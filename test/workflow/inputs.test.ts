/** Holds what a run is given to what its workflow declares. */
import { describe, expect, test } from 'vitest';
import type { InputSpec } from '../../src/model/workflow.ts';
import { readInputs } from '../../src/workflow/inputs.ts';

const at = { start: 0, end: 0 };
const spec = (more: Partial<InputSpec>): InputSpec => ({ type: 'string', required: false, at, ...more });

describe('inputs', () => {
  test('texts are read as their type says', () => {
    const specs = {
      issue: spec({ type: 'number' }),
      fast: spec({ type: 'boolean' }),
      data: spec({ type: 'json' }),
      text: spec({}),
      level: spec({ type: 'choice', options: ['low', 'high'] }),
    };
    const given = { issue: '12', fast: 'false', data: '{"a":[1]}', text: '12', level: 'high' };
    expect(readInputs(specs, given)).toEqual({
      ok: true,
      value: { issue: 12, fast: false, data: { a: [1] }, text: '12', level: 'high' },
    });
  });

  test('values of a JSON file are taken as they are', () => {
    const specs = { issue: spec({ type: 'number' }), data: spec({ type: 'json' }) };
    expect(readInputs(specs, { issue: 12, data: [null] })).toEqual({
      ok: true,
      value: { issue: 12, data: [null] },
    });
  });

  test('what is not given is its default, or null', () => {
    const specs = {
      a: spec({ default: 'x', required: true }),
      b: spec({}),
      c: spec({ type: 'boolean', default: false }),
    };
    expect(readInputs(specs, {})).toEqual({ ok: true, value: { a: 'x', b: null, c: false } });
  });

  test('everything that is wrong is said at once', () => {
    const specs = {
      issue: spec({ type: 'number', required: true, description: 'The issue to fix' }),
      count: spec({ type: 'number' }),
      fast: spec({ type: 'boolean' }),
      level: spec({ type: 'choice', options: ['low', 'high'] }),
      data: spec({ type: 'json' }),
    };
    expect(
      readInputs(specs, { isue: '1', count: '0x1f', fast: 'yes', level: 'hihg', data: '{', other: 1 }),
    ).toEqual({
      ok: false,
      error: [
        'there is no input `isue`: did you mean `issue`?',
        'there is no input `other`: declared are `issue`, `count`, `fast`, `level`, `data`',
        'the input `issue` (The issue to fix) is required: give it with `--input issue=…`',
        'the input `count` must be a number, and `0x1f` is not',
        'the input `fast` must be `true` or `false`, and `yes` is not',
        'the input `level` must be one of `low`, `high`, and is `hihg` – did you mean `high`?',
        'the input `data` must be JSON, and `{` is not',
      ],
    });
  });

  test.each(['', ' ', 'Infinity', 'NaN', '1e999', '1,5', '0b1', '١'])('`%s` is no number', (text) => {
    expect(readInputs({ n: spec({ type: 'number' }) }, { n: text }).ok).toBe(false);
  });

  test('a text input does not take a number', () => {
    expect(readInputs({ n: spec({}) }, { n: 5 })).toEqual({
      ok: false,
      error: ['the input `n` must be a text, and is `5`'],
    });
  });

  test('names that every object has are unknown', () => {
    expect(
      readInputs({}, JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, string>).ok,
    ).toBe(false);
  });
});

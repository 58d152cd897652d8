/** Shows what a JSON Schema lets one know of an answer. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/model/result.ts';
import { complaints } from './build.ts';

/** What is said of reading `text` of an answer that fits a schema. */
function said(schema: JsonObject, text: string): string[] {
  const steps = [
    { id: 'a', prompt: 'p', output: schema },
    { id: 'b', if: text.replaceAll('$', 'steps.a.output') },
  ];
  return complaints({ steps }).map((complaint) => complaint.replaceAll('steps.a.output', '$'));
}

describe('an answer', () => {
  test.each<[string, JsonObject, string]>([
    ['of any kind', {}, '$.a.b == 1'],
    ['a string', { type: 'string' }, "$ == 'x'"],
    ['an integer', { type: 'integer' }, '$ >= 1'],
    ['one of two kinds', { type: ['string', 'number'] }, "$ == 'x' || $ == 1"],
    ['a constant', { const: 'x' }, "$ == 'x'"],
    ['an enum with other kinds', { enum: ['x', 1, null] }, "$ == 'x' || $ == 1 || $ == null"],
    ['properties alone', { properties: { a: { type: 'string' } } }, "$.a == 'x'"],
    ['open', { type: 'object', properties: { a: {} }, additionalProperties: true }, '$.b.c'],
    ['with patterns', { type: 'object', patternProperties: { '^x': {} } }, '$.xyz'],
    ['a choice of shapes', { anyOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }, '$.a || $.b'],
    ['a shape or null', { oneOf: [{ type: 'null' }, { type: 'object', properties: { a: {} } }] }, '$.a'],
    ['what is composed is not judged', { allOf: [{ properties: { a: {} } }] }, '$.anything'],
    ['lists in lists', { type: 'array', items: { type: 'array', items: { type: 'number' } } }, '$[0][1] > 2'],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' } },
      "$[0] == 'x'",
    ],
    ['escaped references', { $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'number' } } }, '$ > 1'],
    ['a reference elsewhere', { $ref: 'https://example.com/x' }, '$.a'],
  ])('%s', (_, schema, text) => {
    expect(said(schema, text)).toEqual([]);
  });

  test.each<[string, JsonObject, string, string]>([
    ['closed without a word', { type: 'object' }, '$.a', 'unknown-property: $.a'],
    [
      'closed',
      { type: 'object', properties: { a: {} }, additionalProperties: false },
      '$.b',
      'unknown-property: $.b',
    ],
    [
      'neither of two shapes',
      { anyOf: [{ properties: { a: {} } }, { properties: { b: {} } }] },
      '$.c',
      'unknown-property: $.c',
    ],
    ['a constant', { const: 'x' }, "$ == 'y'", "not-a-value: $ == 'y'"],
    ['an enum', { enum: ['x', null] }, "$ == 'y'", "not-a-value: $ == 'y'"],
    ['a kind', { type: ['string', 'null'] }, '$ == 1', 'never-equal: $ == 1'],
    ['items', { type: 'array', items: { type: 'string' } }, '$[0] == 1', 'never-equal: $[0] == 1'],
    [
      'values of a map',
      { type: 'object', additionalProperties: { type: 'string' } },
      '$.x == 1',
      'never-equal: $.x == 1',
    ],
    [
      'behind a reference',
      { $ref: '#/$defs/a', $defs: { a: { type: 'object', properties: { b: {} } } } },
      '$.c',
      'unknown-property: $.c',
    ],
  ])('%s', (_, schema, text, complaint) => {
    expect(said(schema, text)).toEqual([complaint]);
  });

  test('a property that is not required may be null', () => {
    const schema = {
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string' }, b: { type: 'string' } },
    };
    expect(said(schema, '$.b == null')).toEqual([]);
    expect(said({ type: 'array', items: schema }, '$[0].b == null')).toEqual([]);
  });

  test('a schema that refers to itself in many places is followed once', () => {
    const names = Array.from({ length: 30 }, (_, i) => `p${i}`);
    const node = {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { $ref: '#/$defs/node' }])),
    };
    expect(said({ $ref: '#/$defs/node', $defs: { node } }, '$.p1.p2.p3.anything')).toEqual([]);
    expect(said({ $ref: '#/$defs/node', $defs: { node } }, '$.q')).toEqual(['unknown-property: $.q']);
    expect(said({ $ref: '#' }, '$.a')).toEqual([]);
  });
});

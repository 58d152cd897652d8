/** Holds that an answer is compared with its schema as JSON, whatever its keys are called. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/model/result.ts';
import { schemaProblem, validateAnswer } from '../../src/workflow/answer.ts';
import { readDocument } from '../../src/workflow/document.ts';
import { findTwins, sameJson } from '../../src/workflow/same-json.ts';
import { plainValue } from '../../src/workflow/tree.ts';

/** A schema as it comes out of a workflow file. */
function schemaIn(text: string): JsonObject {
  const root = readDocument({ path: 'case.yml', text }, (d) => {
    throw new Error(d.message);
  });
  const schema = root === undefined ? null : (plainValue(root) as JsonObject);
  if (schema === null) throw new Error('no schema');
  expect(schemaProblem(schema)).toBeUndefined();
  return schema;
}

describe('an answer', () => {
  test.each([
    ['const: { a: 1, b: [2] }', '{"b":[2],"a":1}', []],
    ['const: { a: 1 }', '{"a":2}', ['the answer must be equal to constant']],
    ['enum: [{ a: 1 }, [2]]', '{"a":1}', []],
    ['enum: [{ a: 1 }, [2]]', '[2]', []],
    ['enum: [x, 1]', '"y"', ['the answer must be equal to one of the allowed values: ["x",1]']],
    ['const: { valueOf: 1 }', '{"valueOf":1}', []],
    ['enum: [{ toString: 1 }]', '{"toString":1}', []],
    ['uniqueItems: true', '[{"valueOf":1},{"valueOf":2},{"toString":1},{"constructor":{}}]', []],
    [
      'properties: { list: { uniqueItems: true } }',
      '{"list":[1,{"constructor":{}},{"constructor":{}}]}',
      ['`list` must NOT have duplicate items (items ## 1 and 2 are identical)'],
    ],
    ['uniqueItems: true', '[1,"1",true,null,[1],{"0":1}]', []],
    ['required: [valueOf]', '{}', ["the answer must have required property 'valueOf'"]],
    ['properties: { constructor: { type: string } }', '{}', []],
    ['uniqueItems: false', '[1,1]', []],
    ['uniqueItems: true', '"text"', []],
  ])('by %s: %s', (schema, answer, wrong) => {
    expect(validateAnswer(schemaIn(schema), JSON.parse(answer))).toEqual(wrong);
  });
});

test('two values are the same when their texts are, whatever their keys are called', () => {
  const word = fc.constantFrom('valueOf', 'toString', 'constructor', '__proto__', 'hasOwnProperty', '0', 'a');
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>(null, true, 0, -0, 1.5, '', 'a'),
      fc.array(tie('json'), { maxLength: 2 }),
      fc.dictionary(word, tie('json'), { maxKeys: 2 }),
    ),
  }));
  fc.assert(
    fc.property(json, json, (one, other) => {
      expect(sameJson(one, JSON.parse(JSON.stringify(one)) as Json)).toBe(true);
      expect(findTwins([1, one, JSON.parse(JSON.stringify(one)) as Json])).toBeDefined();
      const same = sameJson(one, other);
      expect(sameJson(other, one)).toBe(same);
      expect(findTwins([one, other])).toEqual(same ? [0, 1] : undefined);
    }),
  );
});

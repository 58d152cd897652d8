/** Holds the check of answers to JSON Schema 2020-12, keyword by keyword: the verdict of the standard, or a refusal. */
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/model/result.ts';
import { schemaProblem, validateAnswer } from '../../../src/workflow/answer.ts';

/** A schema as JSON, what is valid against it, what is not. */
type Row = readonly [schema: string, valid: readonly string[], invalid: readonly string[]];

const ROWS: readonly Row[] = [
  // Types: a number without a fraction is an integer however it is written.
  ['{"type":"integer"}', ['1', '1.0', '-0', '1e2'], ['1.5', '"1"', 'null', 'true', '[]', '{}']],
  ['{"type":"number"}', ['1', '1.5', '1e300'], ['"1"', 'false', 'null']],
  ['{"type":"string"}', ['""', '"1"'], ['1', 'null', '[]']],
  ['{"type":"boolean"}', ['true', 'false'], ['0', '""', 'null', '"true"']],
  ['{"type":"null"}', ['null'], ['0', '""', 'false', '[]', '{}']],
  ['{"type":"object"}', ['{}'], ['[]', 'null', '"{}"']],
  ['{"type":"array"}', ['[]'], ['{}', 'null', '"[]"']],
  ['{"type":["array","null"]}', ['[]', 'null'], ['0', '{}']],
  // Values: compared as JSON, so 1 is 1.0 and neither is true.
  ['{"const":1}', ['1', '1.0'], ['true', '"1"', '[1]']],
  ['{"const":false}', ['false'], ['0', '[0]', '""', 'null']],
  ['{"const":[false]}', ['[false]'], ['[0]', '[[false]]', '[]']],
  ['{"const":{"a":0,"b":[]}}', ['{"b":[],"a":0}'], ['{"a":0}', '{"a":0,"b":{}}', '{"a":0,"b":[],"c":1}']],
  ['{"const":null}', ['null'], ['0', '{}']],
  ['{"const":"a\\u0000b"}', ['"a\\u0000b"'], ['"ab"', '"a"']],
  ['{"const":9007199254740992}', ['9007199254740992'], ['9007199254740990']],
  ['{"enum":[6,"x",[],true,{"y":1}]}', ['6', '[]', '{"y":1}'], ['null', '1', '{"y":true}', '"6"']],
  // Numbers.
  ['{"minimum":-2}', ['-2', '-2.0', '0', '"-3"'], ['-2.0001']],
  ['{"maximum":3.0}', ['3', '3.0', '"x"'], ['3.5']],
  ['{"exclusiveMinimum":1.1}', ['1.2', 'null'], ['1.1', '0.6']],
  ['{"exclusiveMaximum":3.0}', ['2.2'], ['3', '3.5']],
  ['{"multipleOf":2}', ['10', '0', '-4', '"7"'], ['7', '1.5']],
  ['{"multipleOf":1.5}', ['0', '4.5'], ['35']],
  // Texts: counted in code points, patterns are searched and know Unicode.
  ['{"minLength":2}', ['"fo"', '100', '"💩💩"'], ['"f"', '"💩"', '""']],
  ['{"maxLength":2}', ['"fo"', '"💩💩"', '""'], ['"foo"', '"💩💩💩"']],
  ['{"pattern":"^a*$"}', ['"aaa"', '""', '{}', '1'], ['"abc"']],
  ['{"pattern":"a+"}', ['"xxaayy"'], ['"xx"']],
  ['{"pattern":"^\\\\p{Letter}+$"}', ['"é"', '"ж"'], ['"1"', '"💩"']],
  ['{"pattern":"^🐲*$"}', ['""', '"🐲🐲"'], ['"🐲x"']],
  // Formats are notes, no checks.
  ['{"format":"email"}', ['"nonsense"', '1'], []],
  ['{"format":"date-time"}', ['"nonsense"'], []],
  ['{"contentMediaType":"application/json","contentEncoding":"base64"}', ['"{:}"', '"%"'], []],
  // Lists.
  ['{"minItems":1}', ['[1]', '""', '{}'], ['[]']],
  ['{"maxItems":2}', ['[1,2]', '"foo"'], ['[1,2,3]']],
  ['{"items":{"type":"integer"}}', ['[]', '[1,2]', '{"0":"x"}'], ['["x"]', '[1,"x"]']],
  ['{"items":false}', ['[]', '1'], ['[1]', '[null]']],
  [
    '{"prefixItems":[{"type":"integer"},{"type":"string"}]}',
    ['[]', '[1]', '[1,"a",true]'],
    ['["a"]', '[1,2]'],
  ],
  ['{"prefixItems":[{},{}],"items":{"type":"integer"}}', ['["a",null,3]'], ['[1,2,"x"]']],
  ['{"prefixItems":[{},{}],"items":false}', ['[1,2]'], ['[1,2,3]']],
  ['{"contains":{"minimum":5}}', ['[3,4,5]', '{}'], ['[]', '[2,3]']],
  ['{"contains":{"const":1},"minContains":2}', ['[1,2,1]'], ['[1]', '[1,2]']],
  ['{"contains":{"const":1},"maxContains":1}', ['[1,2]'], ['[1,1]', '[2]']],
  ['{"contains":{"const":1},"minContains":0,"maxContains":1}', ['[]', '[1]'], ['[1,1]']],
  ['{"contains":false}', ['1'], ['[1]', '[]']],
  [
    '{"uniqueItems":true}',
    ['[1,true]', '[0,false]', '[[1],[true]]', '[{"a":1},{"a":"1"}]', '["a","A"]'],
    ['[1,1.0]', '[{"a":1,"b":2},{"b":2,"a":1}]', '[[],[]]', '[null,null]'],
  ],
  ['{"uniqueItems":false}', ['[1,1]'], []],
  // Objects.
  ['{"required":["a"]}', ['{"a":null}', '[]', '1'], ['{}', '{"A":1}']],
  [
    '{"required":["toString","constructor","__proto__"]}',
    ['{"toString":1,"constructor":1,"__proto__":1}'],
    ['{}', '{"toString":1}'],
  ],
  ['{"required":["a\\nb","a\\"b","a\\\\b"]}', ['{"a\\nb":1,"a\\"b":1,"a\\\\b":1}'], ['{"a\\nb":1}']],
  ['{"minProperties":1}', ['{"a":1}', '[]'], ['{}']],
  ['{"maxProperties":1}', ['{}', '{"a":1}'], ['{"a":1,"b":2}']],
  [
    '{"properties":{"a":{"type":"integer"},"b":false}}',
    ['{}', '{"a":1,"c":[]}', '[]'],
    ['{"a":"x"}', '{"b":1}'],
  ],
  [
    '{"properties":{"toString":{"type":"integer"},"constructor":{"type":"integer"}}}',
    ['{}', '{"toString":1}'],
    ['{"toString":"x"}', '{"constructor":"x"}'],
  ],
  [
    '{"patternProperties":{"^f.*o$":{"type":"integer"}}}',
    ['{"foo":1,"bar":"x"}', '[]'],
    ['{"foo":"x"}', '{"fooo":1,"foo":"x"}'],
  ],
  [
    '{"properties":{"a":{}},"additionalProperties":false}',
    ['{"a":1}', '[1]'],
    ['{"b":1}', '{"__proto__":1}'],
  ],
  [
    '{"properties":{"a":{}},"patternProperties":{"^v":{}},"additionalProperties":{"type":"boolean"}}',
    ['{"a":1,"vx":2,"c":true}'],
    ['{"c":12}'],
  ],
  ['{"propertyNames":{"maxLength":3}}', ['{}', '{"foo":1}', '1'], ['{"fooo":1}']],
  ['{"dependentRequired":{"b":["a"]}}', ['{}', '{"a":1}', '{"a":1,"b":2}', '["b"]'], ['{"b":1}']],
  [
    '{"dependentSchemas":{"b":{"required":["a"],"properties":{"b":{"type":"integer"}}}}}',
    ['{"a":1,"b":1}', '{"c":1}'],
    ['{"b":1}', '{"a":1,"b":"x"}'],
  ],
  ['{"properties":{"a":{}},"unevaluatedProperties":false}', ['{"a":1}'], ['{"b":1}']],
  [
    '{"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}],"unevaluatedProperties":false}',
    ['{"a":1,"b":1}'],
    ['{"a":1,"c":1}'],
  ],
  [
    '{"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":1}},"required":["b"]}],"unevaluatedProperties":false}',
    ['{"a":1}', '{"a":1,"b":1}'],
    ['{"a":1,"b":2}'],
  ],
  [
    '{"$ref":"#/$defs/x","$defs":{"x":{"properties":{"a":{}}}},"unevaluatedProperties":false}',
    ['{"a":1}'],
    ['{"b":1}'],
  ],
  // Combinations.
  ['{"allOf":[{"minimum":1},{"maximum":3}]}', ['2', '"x"'], ['0', '4']],
  ['{"allOf":[true,false]}', [], ['1', 'null']],
  ['{"anyOf":[{"type":"integer"},{"minimum":2}]}', ['1', '2.5', '"x"'], ['1.5']],
  ['{"oneOf":[{"type":"integer"},{"minimum":2}]}', ['1', '2.5'], ['3', '1.5']],
  ['{"oneOf":[true,true]}', [], ['1']],
  ['{"not":{"type":"integer"}}', ['"x"', '1.1'], ['1']],
  ['{"not":{"not":{}}}', ['1'], []],
  [
    '{"if":{"exclusiveMaximum":0},"then":{"minimum":-10},"else":{"multipleOf":2}}',
    ['-1', '-10', '4'],
    ['-100', '3'],
  ],
  ['{"if":true,"then":{"const":1},"else":{"const":2}}', ['1'], ['2']],
  // References, beside which other keywords count.
  [
    '{"$defs":{"a":{"type":"integer"}},"properties":{"x":{"$ref":"#/$defs/a","maximum":3}}}',
    ['{"x":3}', '{}'],
    ['{"x":4}', '{"x":"a"}'],
  ],
  [
    '{"$defs":{"a~b":{"type":"integer"},"c/d":{"type":"string"},"e%f":{"type":"null"}},"properties":{"x":{"$ref":"#/$defs/a~0b"},"y":{"$ref":"#/$defs/c~1d"},"z":{"$ref":"#/$defs/e%25f"}}}',
    ['{"x":1,"y":"","z":null}'],
    ['{"x":"a"}', '{"y":1}', '{"z":0}'],
  ],
  [
    '{"properties":{"below":{"$ref":"#"}},"additionalProperties":false}',
    ['{"below":{"below":{}}}'],
    ['{"below":{"other":1}}'],
  ],
  [
    '{"$defs":{"node":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["children"]}},"$ref":"#/$defs/node"}',
    ['{"children":[{"children":[]}]}'],
    ['{"children":[{}]}', '{}'],
  ],
  ['{"properties":{"$ref":{"type":"string"}}}', ['{"$ref":"a"}'], ['{"$ref":2}']],
  // Of older drafts, which 2020-12 lets a validator know.
  [
    '{"definitions":{"a":{"type":"string"}},"dependencies":{"a":["b"]}}',
    ['{}', '{"a":1,"b":1}'],
    ['{"a":1}'],
  ],
  // What only looks like a keyword.
  [
    '{"const":{"$dynamicRef":"#x","unevaluatedItems":1}}',
    ['{"$dynamicRef":"#x","unevaluatedItems":1}'],
    ['{}'],
  ],
  [
    '{"properties":{"unevaluatedItems":{"type":"string"},"if":{"type":"string"}},"unevaluatedProperties":false}',
    ['{"unevaluatedItems":"","if":""}'],
    ['{"if":1}'],
  ],
  // Notes.
  [
    '{"title":"t","description":"d","$comment":"c","default":1,"examples":[2],"deprecated":true,"readOnly":true,"writeOnly":false}',
    ['"x"', 'null'],
    [],
  ],
  ['{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"string"}', ['"x"'], ['1']],
];

/** Right by the standard, refused here; each with its reason. */
const REFUSED: readonly (readonly [schema: string, words: string, reason: string])[] = [
  [
    '{"$dynamicRef":"#a","$defs":{"x":{"$dynamicAnchor":"a"}}}',
    '$dynamic',
    'ajv follows it to the wrong place',
  ],
  ['{"$anchor":"a","type":"string"}', '$anchor', 'an engine need not know it; `#/$defs/…` says the same'],
  [
    '{"contains":{"type":"string"},"unevaluatedItems":false}',
    'unevaluatedItems',
    'ajv counts wrongly what `contains` saw',
  ],
  [
    '{"anyOf":[{"items":{"type":"string"}},true],"unevaluatedItems":{"type":"boolean"}}',
    'unevaluatedItems',
    'ajv forgets the `items`',
  ],
  [
    '{"if":{"properties":{"a":{}}},"else":{"required":["b"]},"unevaluatedProperties":false}',
    '`then`',
    'ajv forgets what `if` saw',
  ],
  ['{"properties":{"__proto__":{"type":"number"}}}', '__proto__', 'ajv never looks at it'],
  ['{"items":{"patternProperties":{"__proto__":{"type":"number"}}}}', '__proto__', 'ajv never looks at it'],
  ['{"$ref":"#"}', 'itself', 'no answer could be checked'],
  ['{"not":{"allOf":[{"$ref":"#/not"}]}}', 'itself', 'no answer could be checked'],
  ['{"if":{"required":["a"]},"then":{"$ref":"#"}}', 'itself', 'an answer with `a` could not be checked'],
  ['{"$ref":"other.json"}', "can't resolve", 'nothing is fetched'],
  ['{"$schema":"https://example.com/mine"}', 'no schema with key', 'nothing is fetched'],
  ['{"$schema":"http://json-schema.org/draft-07/schema#"}', 'no schema with key', 'one version is read'],
  ['{"if":{"type":"string"}}', '"if" without', 'a keyword without effect is a mistake'],
  ['{"then":{"type":"string"}}', '"then" without', 'a keyword without effect is a mistake'],
  ['{"minContains":2}', '"minContains" without', 'a keyword without effect is a mistake'],
  [
    '{"contains":true,"minContains":0}',
    '"contains" keyword ignored',
    'a keyword without effect is a mistake',
  ],
  [
    '{"properties":{"fao":{}},"patternProperties":{"f.o":{}}}',
    'matches pattern',
    'two rules for one property',
  ],
  ['{"tpye":"string"}', 'unknown keyword', 'a misspelling would check nothing'],
  [
    '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}',
    'circle',
    'no answer could be checked',
  ],
];

/** No schema at all. */
const WRONG = [
  '{"type":"text"}',
  '{"type":[]}',
  '{"required":"a"}',
  '{"required":["a","a"]}',
  '{"minimum":"1"}',
  '{"minLength":-1}',
  '{"minItems":1.5}',
  '{"pattern":"("}',
  '{"patternProperties":{"[":{}}}',
  '{"properties":[]}',
  '{"items":[{}]}',
  '{"allOf":[]}',
  '{"enum":[]}',
  '{"enum":1}',
  '{"multipleOf":0}',
  '{"exclusiveMinimum":true}',
  '{"$ref":1}',
  '{"not":1}',
];

const parse = (text: string) => JSON.parse(text) as JsonObject;

describe('a schema of 2020-12', () => {
  test.each(ROWS)('%s', (text, valid, invalid) => {
    const schema = parse(text);
    expect(schemaProblem(schema)).toBeUndefined();
    for (const answer of valid)
      expect(validateAnswer(schema, JSON.parse(answer) as Json), answer).toEqual([]);
    for (const answer of invalid) {
      const problems = validateAnswer(schema, JSON.parse(answer) as Json);
      expect(problems.length, `${answer} is not valid`).toBeGreaterThan(0);
      for (const problem of problems) expect(problem).not.toContain('undefined');
    }
  });

  test.each(REFUSED)('%s is refused: %s', (text, words) => {
    expect(schemaProblem(parse(text))).toContain(words);
  });

  test.each(WRONG)('%s is none', (text) => {
    expect(schemaProblem(parse(text))).toBeTypeOf('string');
  });

  test('is said as it is by the answer, not by the prototype of anything', () => {
    const schema = parse(
      '{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}',
    );
    for (const name of ['toString', 'constructor', 'valueOf', 'hasOwnProperty', '__proto__'])
      expect(validateAnswer(schema, JSON.parse(`{"${name}":1}`) as Json).length, name).toBe(1);
  });

  test('is not seen from another, also not by its `$id`', () => {
    const named = (type: string) => ({ $id: 'https://example.com/one', type });
    expect([schemaProblem(named('string')), schemaProblem(named('integer'))]).toEqual([undefined, undefined]);
    expect(validateAnswer(named('string'), 'x')).toEqual([]);
    expect(validateAnswer(named('integer'), 'x')).toEqual(['the answer must be integer']);
    expect(schemaProblem({ $ref: 'https://example.com/one' })).toContain("can't resolve");
  });
});

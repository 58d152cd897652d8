/** Shows what expressions come to. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/model/result.ts';
import { evaluate, toText } from '../../../src/workflow/evaluate.ts';

const NOWHERE = { start: 0, end: 0 };

function run(text: string, contexts: Record<string, Json> = {}, functions = {}) {
  return evaluate({ text, at: NOWHERE }, { contexts, functions });
}

function value(text: string, contexts: Record<string, Json> = {}, functions = {}): Json {
  const result = run(text, contexts, functions);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function trouble(text: string, contexts: Record<string, Json> = {}): string {
  const result = run(text, contexts);
  if (result.ok) throw new Error(`${text} came to ${JSON.stringify(result.value)}`);
  return result.error;
}

describe('equality', () => {
  const samples: Json[] = [null, 0, 1, 1.1, '', '0', '1.10', 'null', 'true', false, true, [], {}];

  test('values of different types are never equal', () => {
    for (const a of samples) {
      for (const b of samples) {
        const different = kindOf(a) !== kindOf(b);
        if (!different) continue;
        expect(value('inputs.a == inputs.b', { inputs: { a, b } }), `${JSON.stringify([a, b])}`).toBe(false);
        expect(value('inputs.a != inputs.b', { inputs: { a, b } })).toBe(true);
        expect(value('contains(inputs.a, inputs.b)', { inputs: { a: [a], b } })).toBe(false);
      }
    }
  });

  test.each<[string, Json]>([
    ['null == null', true],
    ['null == 0', false],
    ["null == ''", false],
    ["'1.10' == 1.1", false],
    ["'Abc' == 'aBC'", true],
    ["'a' == 'b'", false],
    ['1 == 1.0', true],
    ['NaN == NaN', false],
    ['true != false', true],
    ["'it''s ''two'' quotes'", "it's 'two' quotes"],
    ['inputs.list == inputs.list', true],
    ['steps.never.exit-code == 0', false],
  ])('%s is %j', (text, expected) => {
    expect(value(text, { inputs: { list: [1] }, steps: { never: { 'exit-code': null } } })).toBe(expected);
  });
});

describe('order', () => {
  test.each<[string, Json]>([
    ['1 < 2', true],
    ['2 <= 2', true],
    ['3 >= 4', false],
    ["'a' < 'B'", true],
    ["'a' >= 'A'", true],
    ['false < true', true],
    ['NaN < 1', false],
    ['NaN >= NaN', false],
  ])('%s is %j', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  test.each([
    ["1 < '2'", 'a number', 'a string'],
    ['null < 1', 'null', 'a number'],
    ["'a' >= null", 'a string', 'null'],
    ['true > 0', 'a boolean', 'a number'],
    ['inputs.list < inputs.object', 'a list', 'an object'],
  ])('%s has none', (text, left, right) => {
    const error = trouble(text, { inputs: { list: [], object: {} } });
    expect(error).toContain(`cannot order ${left} and ${right}`);
  });

  test('lists, objects and nulls have none among themselves', () => {
    for (const text of ['inputs.list < inputs.list', 'null <= null']) {
      expect(trouble(text, { inputs: { list: [] } })).toContain('cannot order two values');
    }
  });
});

describe('access', () => {
  const object = {
    constructor: 'c',
    toString: 't',
    A: 1,
    a: 2,
    'with space': 3,
    list: [{ x: 1 }, { x: 2 }, { y: 3 }],
    deep: { er: { value: null } },
  };
  test.each<[string, Json]>([
    ['inputs.constructor', 'c'],
    ['inputs.toString', 't'],
    ['inputs.A', 1],
    ['inputs.a', 2],
    ["inputs['with space']", 3],
    ['inputs.LIST[1].X', 2],
    ['inputs.list[9]', null],
    ['inputs.list.*.x', [1, 2]],
    ['inputs.nothing', null],
    ['inputs.nothing.more', null],
    ['inputs.hasOwnProperty', null],
    ['inputs.deep.er.value', null],
    ['INPUTS.a', 2],
  ])('%s', (text, expected) => {
    expect(value(text, { inputs: object })).toEqual(expected);
  });

  test('a name of the prototype is no property', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'valueOf']) {
      expect(value(`inputs.${name}`, { inputs: {} })).toBe(null);
      expect(value(`inputs['${name}']`, { inputs: {} })).toBe(null);
    }
    expect(value('fromJSON(\'{"__proto__": 1, "b": 2}\').__proto__')).toBe(1);
    expect(toText(value('toJSON(fromJSON(inputs.a))', { inputs: { a: '{"__proto__":1}' } }))).toContain(
      '__proto__',
    );
  });

  test('only what is read is looked at', () => {
    const steps = new Proxy<Record<string, Json>>(
      { a: { stdout: 'x' } },
      {
        ownKeys: () => {
          throw new Error('all steps were listed');
        },
      },
    );
    expect(value('steps.a.stdout', { steps })).toBe('x');
  });

  test('a context that is not handed in is an error, not nothing', () => {
    expect(trouble('secrets.a')).toBe('`secrets.a`: `secrets` cannot be read here');
  });
});

describe('functions', () => {
  test.each<[string, Json]>([
    ["contains('Hello', 'ELL')", true],
    ['contains(inputs.list, 1)', true],
    ["contains(inputs.list, '1')", false],
    ["startsWith('Hello', 'he')", true],
    ["endsWith('Hello', 'LO')", true],
    ["format('{0} {{x}} {1}', 'a', 2)", 'a {x} 2'],
    ["format('{0}', inputs.object)", '{"a":[1]}'],
    ["format('{0}', inputs.rows.*.n)", '[1,2]'],
    ['join(inputs.list)', '1,two,[3]'],
    ["join(inputs.rows.*.n, '+')", '1+2'],
    ['fromJSON(inputs.json).a[0]', 1.5],
    ["fromJSON('null')", null],
    ['toJSON(inputs.object)', '{\n  "a": [\n    1\n  ]\n}'],
    ["case(false, 'a', true, 'b', 'c')", 'b'],
    ["inputs.none || 'else'", 'else'],
    ["true && 'then'", 'then'],
    ['!inputs.none', true],
  ])('%s is %j', (text, expected) => {
    const inputs = {
      list: [1, 'two', [3]],
      object: { a: [1] },
      rows: [{ n: 1 }, { n: 2 }],
      json: '{"a": [1.5]}',
      none: null,
    };
    expect(value(text, { inputs })).toEqual(expected);
  });

  test('those that depend on the run are asked of the run, under one spelling', () => {
    const asked: Json[][] = [];
    const note =
      (name: string) =>
      (...args: Json[]) =>
        asked.push([name, ...args]) > 0;
    const functions = { canceled: note('canceled'), always: note('always'), hashFiles: note('hashFiles') };
    expect(
      value("cancelled() && Always() && hashfiles('*.ts', inputs.a)", { inputs: { a: [1] } }, functions),
    ).toBe(true);
    expect(asked).toEqual([['canceled'], ['always'], ['hashFiles', '*.ts', [1]]]);
  });

  test('names of the prototype are no functions', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__defineGetter__']) {
      expect(trouble(`${name}('a')`)).toContain('cannot be called here');
    }
  });

  test.each([
    ["fromJSON('')", 'empty'],
    ['fromJSON(null)', 'empty'],
    ["fromJSON('{')", 'is not JSON'],
    ["format('{1}', 'a')", 'more arguments'],
    ['case(1, 2, 3)', 'boolean'],
    ['1 ==', 'is not an expression'],
    ['Infinity', 'no number'],
  ])('%s is an error in one sentence', (text, words) => {
    expect(trouble(text)).toContain(words);
  });
});

test('an error is a short sentence, whatever it is about', () => {
  const long = `{x${'a'.repeat(100_000)}\n`;
  expect(trouble('format(inputs.a, 1)', { inputs: { a: long } }).length).toBeLessThan(500);
  expect(trouble(`format('${long.slice(0, 10_000)}', 1)`).length).toBeLessThan(500);
});

describe('size', () => {
  const MIB = 1024 * 1024;

  test('a value of 1 MiB is taken, a larger one is refused, in bytes', () => {
    expect(run('inputs.a', { inputs: { a: 'a'.repeat(MIB) } }).ok).toBe(true);
    expect(trouble('inputs.a', { inputs: { a: 'a'.repeat(MIB + 1) } })).toContain('1 MiB');
    expect(run('inputs.a', { inputs: { a: 'é'.repeat(MIB / 2) } }).ok).toBe(true);
    expect(trouble('inputs.a', { inputs: { a: 'é'.repeat(MIB / 2 + 1) } })).toContain('1 MiB');
    expect(trouble('inputs', { inputs: { a: 'a'.repeat(MIB) } })).toContain('1 MiB');
  });

  test('a nest of formats that would double a text thirty times is stopped on the way', () => {
    let text = "'0123456789'";
    for (let i = 0; i < 30; i++) text = `format('{0}{0}', ${text})`;
    expect(trouble(text)).toContain('1 MiB');
  });

  test('what is nested too deeply to be printed is an error', () => {
    const json = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expect(trouble('fromJSON(inputs.a)', { inputs: { a: json } })).toContain('nested too deeply');
  });
});

describe('text', () => {
  test.each<[Json, string]>([
    [null, ''],
    ['', ''],
    [' a\n', ' a\n'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-0, '0'],
    [1.5, '1.5'],
    [0.1 + 0.2, '0.3'],
    [1e21, '1e+21'],
    [[1, 'a', null], '[1,"a",null]'],
    [{ a: { b: 1 } }, '{"a":{"b":1}}'],
    [{}, '{}'],
  ])('%j is %j', (json, text) => {
    expect(toText(json)).toBe(text);
  });

  test('naughty strings come out as they went in', () => {
    for (const naughty of NAUGHTY) {
      const inputs: JsonObject = { a: naughty, list: [naughty], object: { [naughty]: naughty } };
      expect(toText(value('inputs.a', { inputs }))).toBe(naughty);
      expect(toText(value('inputs.list[0]', { inputs }))).toBe(naughty);
      expect(toText(value("format('{0}', inputs.a)", { inputs }))).toBe(naughty);
      expect(toText(value('fromJSON(toJSON(inputs.a))', { inputs: { a: naughty } }))).toBe(naughty);
      expect(value('inputs.object', { inputs })).toEqual(inputs.object);
      expect(value('inputs.object[inputs.a]', { inputs })).toBe(naughty);
    }
  });

  test('any JSON comes out as it went in', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (json) => {
        const inputs = { a: json as Json };
        expect(value('inputs.a', { inputs })).toEqual(json);
        expect(value('fromJSON(toJSON(inputs.a))', { inputs })).toEqual(JSON.parse(JSON.stringify(json)));
      }),
    );
  });
});

test('whatever the expression, there is a value or a sentence', () => {
  const atom = fc.constantFrom(
    'null',
    'true',
    '0',
    '-1.5',
    "'a'",
    "''",
    'NaN',
    'inputs',
    'inputs.a',
    'inputs.list',
    'inputs.*',
    'nope',
  );
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc
        .tuple(tie('tree'), fc.constantFrom('==', '!=', '<', '>=', '&&', '||'), tie('tree'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(
          fc.constantFrom('contains', 'join', 'format', 'case', 'hashFiles', 'toString'),
          tie('tree'),
          tie('tree'),
        )
        .map(([f, a, b]) => `${f}(${a}, ${b})`),
      fc
        .tuple(fc.constantFrom('toJSON', 'fromJSON', 'always', '!'), tie('tree'))
        .map(([f, a]) => `${f}(${a})`),
      fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a})[${b}]`),
    ),
  }));
  fc.assert(
    fc.property(tree, (text) => {
      const result = run(text, { inputs: { a: 'x', list: [1, [2]], object: { n: null } } });
      expect(typeof (result.ok ? 'value' : result.error)).toBe('string');
    }),
  );
});

function kindOf(json: Json): string {
  if (json === null) return 'null';
  return Array.isArray(json) ? 'list' : typeof json;
}

const NAUGHTY = [
  '',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\0',
  '\u0001\u001b[31m',
  '\ufeff',
  '\u00a0',
  '\u2028\u2029',
  '\u202e',
  '\u200b',
  '\ud800',
  '\udfff\ud800',
  '😀',
  '👩‍👩‍👧‍👦',
  'é',
  'e\u0301',
  'ıİſß',
  'ǅ',
  '-',
  '--help',
  '-rf /',
  '$',
  '$$',
  '$HOME',
  '${HOME}',
  '$(id)',
  '`id`',
  '${{',
  '}}',
  '${{ secrets.A }}',
  '{0}',
  '{{}}',
  '{',
  '}',
  "'",
  "''",
  "'''",
  '"',
  '\\',
  '\\n',
  '%s%n',
  '%00',
  '::set-output name=a::b',
  '##[group]',
  '; rm -rf /',
  '| cat',
  '&& true',
  '> /dev/null',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '../../etc/passwd',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  'true',
  '0',
  '1e309',
  '0x1F',
  '__proto__',
  'constructor',
  'toString',
  '[object Object]',
  'Object',
  '{"__proto__":{"a":1}}',
  'a'.repeat(70_000),
];

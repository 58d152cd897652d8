/**
 * Holds our expressions against GitHub's, topic by topic: `expressions/<topic>.txt` says `expression -> value`, and behind a
 * bar the value here where it is another, with the name of the reason. GitHub's side is asked of its own evaluator as well.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Dictionary } from '@actions/expressions/data/dictionary';
import { StringData } from '@actions/expressions/data/string';
import { Evaluator } from '@actions/expressions/evaluator';
import { wellKnownFunctions } from '@actions/expressions/funcs';
import { Lexer } from '@actions/expressions/lexer';
import { Parser } from '@actions/expressions/parser';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/model/result.ts';
import { evaluate } from '../../../src/workflow/evaluate.ts';
import { toJson } from '../../../src/workflow/expression-values.ts';

/** Why a value here is not GitHub's. */
const REASONS = {
  equal: 'values of different types are never equal: a step that never ran has no exit code 0',
  order: 'values of different types have no order, and neither have lists, objects and nulls',
  json: 'a list or object in a text is JSON, where GitHub prints `Array` or `Object`',
};

const INPUTS: JsonObject = {
  text: 'Hello',
  number: 42,
  key: 'a',
  'a-b_c': 'dash',
  list: ['one', 'two', 'three'],
  numbers: [1, 2],
  empty: [],
  mixed: [null, true, 1.5, 'text'],
  object: { a: 1, B: 'two' },
  people: [{ name: 'Ann', tags: ['x', 'y'] }, { name: 'Bob' }],
};

const ERROR = 'error';

interface Line {
  readonly text: string;
  readonly github: string;
  readonly here: string;
  readonly reason: string | undefined;
}

const directory = path.join(import.meta.dirname, 'expressions');
const topics = readdirSync(directory).map((file) => [file.replace('.txt', ''), linesOf(file)] as const);

function linesOf(file: string): readonly Line[] {
  const lines = readFileSync(path.join(directory, file), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [, text = '', github = '', reason, other] =
      /^(.*?) -> (.*?)(?: \| (\w+) -> (.*))?$/.exec(line) ?? [];
    return { text: text.trim(), github, here: other ?? github, reason };
  });
}

function ofGithub(text: string): string {
  try {
    const { tokens } = new Lexer(text).lex();
    const root = new Parser(tokens, ['inputs'], Object.values(wellKnownFunctions)).parse();
    const inputs = wellKnownFunctions['fromjson']?.call(new StringData(JSON.stringify(INPUTS)));
    if (inputs === undefined) throw new Error('the library reads no JSON');
    return said(toJson(new Evaluator(root, new Dictionary({ key: 'inputs', value: inputs })).evaluate()));
  } catch {
    return ERROR;
  }
}

function ofOurs(text: string): string {
  const at = { start: 0, end: text.length };
  const result = evaluate({ text, at }, { contexts: { inputs: INPUTS }, functions: {} });
  return result.ok ? said(result.value) : ERROR;
}

function said(value: Json): string {
  return JSON.stringify(value);
}

const plain = (expected: string) => (expected === ERROR ? ERROR : said(JSON.parse(expected) as Json));

describe.each(topics)('%s', (_, lines) => {
  test.each(lines)('$text', ({ text, github, here, reason }) => {
    expect(ofGithub(text), 'GitHub').toBe(plain(github));
    expect(ofOurs(text), 'here').toBe(plain(here));
    expect(here === github, 'a reason stands where we differ').toBe(reason === undefined);
  });
});

test('the topics are 28, and each reason is given somewhere', () => {
  expect(topics.length).toBe(28);
  const given = new Set(topics.flatMap(([, lines]) => lines.flatMap(({ reason }) => reason ?? [])));
  expect([...given].sort()).toEqual(Object.keys(REASONS).sort());
});

describe('any two values', () => {
  const texts = [
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1',
    '1.5',
    '-1',
    'Infinity',
    'NaN',
    "''",
    "' '",
    "'0'",
    "'1'",
    "'a'",
    "'A'",
    "'b'",
    "'true'",
    "'NaN'",
    'inputs.list',
    'inputs.empty',
    'inputs.object',
  ];
  const kindOf = (text: string) => {
    if (text.startsWith('inputs.')) return text === 'inputs.object' ? 'object' : 'list';
    if (text.startsWith("'")) return 'string';
    if (text === 'null') return 'null';
    return text === 'true' || text === 'false' ? 'boolean' : 'number';
  };

  test.each(['==', '!=', '<', '<=', '>', '>=', '&&', '||'])(
    'with %s are as at GitHub, but for what deviates',
    (operator) => {
      for (const left of texts) {
        for (const right of texts) {
          const text = `toJSON(${left} ${operator} ${right})`;
          const ours = ofOurs(text);
          const differ = kindOf(left) !== kindOf(right);
          const unordered = differ || ['null', 'list', 'object'].includes(kindOf(left));
          if (operator === '==' || operator === '!=') {
            if (differ) expect(ours, text).toBe(operator === '==' ? '"false"' : '"true"');
            else expect(ours, text).toBe(ofGithub(text));
          } else if (/[<>]/.test(operator) && unordered) expect(ours, text).toBe(ERROR);
          else if (!/NaN|Infinity/.test(text)) expect(ours, text).toBe(ofGithub(text));
        }
      }
    },
  );
});

/** Shows that complaints point at the words they are about, however the expression is written. */
import { expect, test } from 'vitest';
import { placeOf } from '../../../src/workflow/expression-place.ts';
import { nodesOf, parseExpression } from '../../../src/workflow/expression-syntax.ts';

/** The stretches of `source` that the nodes of the expression in it are said to stand at. */
function places(text: string, source: string, start = 0): string[] {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw new Error(`no expression: ${text}`);
  const expr = { text, at: { start, end: source.length } };
  return [...nodesOf(parsed.value.root)].map((node) => {
    const at = placeOf(node, parsed.value, expr, source);
    return source.slice(at.start, at.end);
  });
}

test('brackets come in pairs', () => {
  const text = '((inputs.a)) == steps[inputs.b].c[0]';
  expect(places(text, text).slice(0, 2)).toEqual([text, 'inputs.a']);
  expect(places(text, text)).toContain('steps[inputs.b].c[0]');
  const call = "contains(inputs.list, f('x')) || !(a == b)";
  expect(places(call, call).slice(0, 2)).toEqual([call, 'contains']);
});

test('lines that YAML joins are followed', () => {
  expect(places('inputs.a &&\ninputs.b', '>  inputs.a &&\n      inputs.b', 3)).toContain('inputs.b');
  expect(places('inputs.a && inputs.b', 'inputs.a &&\r\n   inputs.b')).toContain('inputs.b');
});

test('what cannot be followed is the whole expression', () => {
  const source = "inputs.a == ''x''";
  expect(places("inputs.a == 'x'", source).at(-1)).toBe(source);
});

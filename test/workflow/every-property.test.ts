// Shows that each property of the schema is used rightly by one workflow, and refused where it is wrong.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from 'yaml';
import { workflowOf, worldAt } from './fixtures.ts';

type Schema = { readonly [key: string]: unknown };

const directory = path.join(import.meta.dirname, 'good');
const schemaFile = path.join(import.meta.dirname, '../../schemas/workflow.schema.json');
const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema;
const definitions = schema['$defs'] as Record<string, Schema>;
const text = readFileSync(path.join(directory, 'kitchen-sink.yml'), 'utf8');
const document = parseDocument(text, { merge: true });

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A use of a property: where its value stands in the file. */
interface Use {
  readonly start: number;
  readonly end: number;
}

/** Every property that a mapping may have, as `definition/property`; not those that a condition only forbids. */
function* declared(value: unknown, where: string): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* declared(item, where);
  if (!isSchema(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'examples') continue;
    if (key === '$defs')
      for (const [name, each] of Object.entries(inner as Schema)) yield* declared(each, name);
    else if (key !== 'properties') yield* declared(inner, where);
    else
      for (const [name, property] of Object.entries(inner as Schema)) {
        if (property === false) continue;
        yield `${where}/${name}`;
        yield* declared(property, `${where}/${name}`);
      }
  }
}

/** Writes down each use of each property below a node of the file. */
function look(node: Node | null | undefined, by: unknown, where: string, uses: Map<string, Use>): void {
  if (!isSchema(by) || node === null || node === undefined) return;
  if (typeof by['$ref'] === 'string') {
    const name = by['$ref'].replace('#/$defs/', '');
    look(node, definitions[name], name, uses);
  }
  const resolved = node.toString().startsWith('*') ? undefined : node;
  if (isSeq(resolved)) for (const item of resolved.items) look(item as Node, by['items'], where, uses);
  if (!isMap(resolved)) return;
  const properties = isSchema(by['properties']) ? by['properties'] : {};
  for (const pair of resolved.items as Pair<Node, Node | null>[]) {
    const name = isScalar(pair.key) ? String(pair.key.value) : '';
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property !== undefined && property !== false) {
      const [start = 0, end = 0] = pair.value?.range ?? [];
      if (!uses.has(`${where}/${name}`)) uses.set(`${where}/${name}`, { start, end });
      look(pair.value, property, `${where}/${name}`, uses);
    } else look(pair.value, by['additionalProperties'], where, uses);
  }
}

const uses = new Map<string, Use>();
look(document.contents, schema, '', uses);
const all = [...new Set(declared(schema, ''))];

/** These take any value of JSON or any text. */
const ANY = ['input/default'];

/** What is wrong anywhere: a list of lists is no text, no number, no mapping and no list of any of them. */
const WRONG = '[[[]]]';

/** Where that is a value like others. */
const WRONG_HERE: Readonly<Record<string, string>> = { 'jsonSchema/enum': 'high' };

test('the kitchen sink uses every property of the schema', () => {
  expect(all.length).toBeGreaterThan(140);
  expect(all.filter((name) => !uses.has(name))).toEqual([]);
});

test.each(all.filter((name) => !ANY.includes(name)))('a wrong %s is refused at its place', async (name) => {
  const { start, end } = uses.get(name) ?? { start: 0, end: 0 };
  const value = WRONG_HERE[name] ?? WRONG;
  const wrong = `${text.slice(0, start)}${value}${text.slice(end).startsWith('\n') || text[end - 1] !== '\n' ? '' : '\n'}${text.slice(end)}`;
  const { diagnostics } = await workflowOf({ path: 'kitchen-sink.yml', text: wrong }, worldAt(directory));
  const there = diagnostics.filter(
    ({ severity, at }) => severity === 'error' && at.start >= start && at.end <= start + value.length,
  );
  expect(there.map(({ code }) => code)).not.toEqual([]);
});

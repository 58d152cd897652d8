/** Holds the schemas to what editors and the reader need of them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FAILURE_REASONS } from '../../src/model/failure.ts';
import { ACCESS_LEVELS, EFFORT_LEVELS } from '../../src/model/workflow.ts';
import {
  CONFIG_OWNERS,
  KEYS_OF_KINDS,
  KIND_KEYS,
  type Owner,
  WORKFLOW_OWNERS,
} from '../../src/workflow/shape-keys.ts';
import { TEST_OWNERS } from '../../src/workflow/test-owners.ts';

type Schema = { readonly [key: string]: unknown };

const directory = path.join(import.meta.dirname, '../../schemas');
const load = (name: string) =>
  JSON.parse(readFileSync(path.join(directory, `${name}.schema.json`), 'utf8')) as Schema;
const workflow = load('workflow');
const config = load('config');
const tests = load('test');
const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const properties = (schema: unknown) =>
  isSchema(schema) && isSchema(schema['properties']) ? schema['properties'] : {};
const definitions = (schema: Schema) => schema['$defs'] as Record<string, Schema>;

/** Every property of every mapping, but not those that a condition only forbids. */
function* allProperties(schema: unknown, where: string): Generator<readonly [string, unknown]> {
  if (Array.isArray(schema))
    for (const [i, item] of schema.entries()) yield* allProperties(item, `${where}/${i}`);
  if (!isSchema(schema)) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'examples') continue;
    if (!['properties', 'patternProperties', '$defs'].includes(key))
      yield* allProperties(value, `${where}/${key}`);
    else if (isSchema(value)) {
      for (const [name, property] of Object.entries(value)) {
        if (key !== '$defs' && property !== false) yield [`${where}/${name}`, property];
        yield* allProperties(property, `${where}/${name}`);
      }
    }
  }
}

describe('schemas', () => {
  test.each(readdirSync(directory).map((file) => file.replace('.schema.json', '')))(
    'every property of %s is described',
    (name) => {
      const bare = [...allProperties(load(name), name)].filter(
        ([, property]) => !isSchema(property) || typeof property['description'] !== 'string',
      );
      expect(bare.map(([where]) => where)).toEqual([]);
    },
  );

  test.each([
    ['workflow', workflow, WORKFLOW_OWNERS, {}],
    ['config', config, CONFIG_OWNERS, { access: 'accessArguments', session: 'sessionArguments' }],
    ['test', tests, TEST_OWNERS, {}],
  ] as const)(
    'the mappings of %s have the keys that messages know',
    (_, schema, owners, renamed: Readonly<Record<string, string>>) => {
      for (const [name, owner] of Object.entries(owners as Readonly<Record<string, Owner>>)) {
        const defined = name === '' ? schema : definitions(schema)[renamed[name] ?? name];
        expect([...owner.keys].sort(), name).toEqual(Object.keys(properties(defined)).sort());
      }
      const closed = Object.entries(definitions(schema)).filter(
        ([, each]) => each['additionalProperties'] === false,
      );
      const known = new Set(Object.keys(owners).map((name) => renamed[name] ?? name));
      for (const [name] of closed) expect(known, name).toContain(name);
    },
  );

  test('the words of the model are the words of the schema', () => {
    const reasons = definitions(workflow)['retry'] as { properties: { on: { items: { enum: string[] } } } };
    expect([...reasons.properties.on.items.enum].sort()).toEqual(
      ['any', 'transient', ...FAILURE_REASONS].sort(),
    );
    expect(definitions(tests)['reason']?.['enum']).toEqual(FAILURE_REASONS);
    expect(definitions(workflow)['access']?.['enum']).toEqual(ACCESS_LEVELS);
    expect((properties(definitions(workflow)['agent'])['effort'] as Schema)['enum']).toEqual(EFFORT_LEVELS);
  });

  test('schema and reader agree on which key belongs to which kind of step', () => {
    const conditions = definitions(workflow)['step']?.['allOf'] as {
      if: { required: string[] };
      then: { properties: Schema };
    }[];
    for (const kindKey of KIND_KEYS) {
      const forbidden =
        conditions.find((condition) => condition.if.required[0] === kindKey)?.then.properties ?? {};
      const kind = kindKey === 'prompt-file' ? 'prompt' : kindKey;
      const strange = Object.keys(KEYS_OF_KINDS).filter(
        (key) => KEYS_OF_KINDS[key]?.includes(kind) === false,
      );
      expect(Object.keys(forbidden).sort(), kindKey).toEqual(strange.sort());
    }
  });
});

// Holds the reference to the schemas: it is what they say, and they say what a reader needs of every key.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { NO_LOOK } from '../../src/workflow/expression-check.ts';
import { CONTEXTS } from '../../src/workflow/expression-contexts.ts';
import { SIGNATURES } from '../../src/workflow/expression-functions.ts';
import { TEMPLATE_KEYS } from '../../src/workflow/static-keys.ts';
import { SAFE } from '../../src/workflow/taint.ts';
import { tableUnder } from './snippets.ts';

type Schema = { readonly [key: string]: unknown };

const ROOT = path.resolve(import.meta.dirname, '../..');
const load = (name: string) =>
  JSON.parse(readFileSync(path.join(ROOT, `schemas/${name}.schema.json`), 'utf8')) as Schema;
const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every definition with properties, the file itself as `''`. */
function mappingsOf(schema: Schema): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
  const all: readonly (readonly [string, unknown])[] = [
    ['', schema],
    ...Object.entries(schema['$defs'] ?? {}),
  ];
  return all.flatMap(([name, one]) =>
    isSchema(one) && isSchema(one['properties']) ? [[name, one['properties']] as const] : [],
  );
}

/** Whether words say all that a value can be, so that an example would add nothing. */
function speaksForItself(property: Schema, definitions: Readonly<Record<string, unknown>>): boolean {
  const name = typeof property['$ref'] === 'string' ? property['$ref'].replace('#/$defs/', '') : undefined;
  const meant = name === undefined ? property : (definitions[name] as Schema);
  if (meant['enum'] !== undefined || meant['type'] === 'boolean') return true;
  // What has a section of its own has an example there.
  const items = isSchema(meant['items']) ? meant['items'] : {};
  return isSchema(meant['properties']) || items['$ref'] !== undefined;
}

test('the pages are what the schemas say', () => {
  const script = path.join(ROOT, 'bin/dev/reference-page.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe.each(['workflow', 'config', 'test'])('%s.schema.json', (file) => {
  const schema = load(file);
  const definitions = schema['$defs'] as Readonly<Record<string, unknown>>;
  const mappings = mappingsOf(schema);
  const keys = mappings.flatMap(([owner, properties]) =>
    Object.entries(properties).flatMap(([key, one]) =>
      isSchema(one) ? [[`${owner}/${key}`, owner, key, one] as const] : [],
    ),
  );

  test('each key has an example where its type does not say enough', () => {
    const bare = keys.filter(
      ([, , , one]) => one['examples'] === undefined && !speaksForItself(one, definitions),
    );
    expect(bare.map(([where]) => where)).toEqual([]);
  });

  test('each example is one', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...schema, $id: 'it' });
    const shown = keys.flatMap(([where, owner, key, one]) =>
      ((one['examples'] ?? []) as readonly unknown[]).map((value) => {
        const at = owner === '' ? `properties/${key}` : `$defs/${owner}/properties/${key}`;
        return { where, value, fits: ajv.validate(`it#/${at}`, value) };
      }),
    );
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter(({ fits }) => !fits)).toEqual([]);
  });

  test('a description is a sentence, or some', () => {
    const texts = keys.map(([where, , , one]) => [where, String(one['description'])] as const);
    expect(texts.filter(([, text]) => !/^[\w`“(].*\.$/.test(text) || / {2}/.test(text))).toEqual([]);
  });
});

test('a key that takes expressions says so where an editor shows it, and no other does', () => {
  const mappings = Object.fromEntries(mappingsOf(load('workflow')));
  // These hold keys or values that do, and tell of them there; the commands of `checks` are refused where they are read.
  const holders = [
    '/agents',
    '/defaults',
    '/steps',
    '/finally',
    '/concurrency',
    'loop/steps',
    'reduce/checks',
  ];
  for (const [owner, takes] of Object.entries(TEMPLATE_KEYS))
    for (const [key, property] of Object.entries(mappings[owner] ?? {})) {
      const where = `${owner}/${key}`;
      const text = isSchema(property) ? String(property['description']) : '';
      if (!takes.has(key)) expect(text, where).not.toMatch(/[Mm]ay hold `\$\{\{/);
      else if (!holders.includes(where) && key !== 'matrix')
        expect(text, where).toMatch(/`\$\{\{|n expression|expressions/);
    }
});

test('expressions are told of as they are checked', () => {
  const page = 'docs/reference.md';
  const functions = tableUnder(page, 'Functions', 'function');
  const names = functions.map(([call = '']) => /`(\w+)\(/.exec(call)?.[1]);
  expect([...names, 'cancelled'].sort()).toEqual(SIGNATURES.map(({ name }) => name).sort());
  const changed = functions.find(([call = '']) => call.includes('changed('))?.[2] ?? '';
  for (const place of NO_LOOK) expect(changed).toContain(`\`${place}\``);
  expect(tableUnder(page, 'Contexts').map(([name]) => name)).toEqual(CONTEXTS.map((name) => `\`${name}\``));
  const inRun = tableUnder(page, 'What can be read where').find(([where]) => where === '`run`')?.[1] ?? '';
  for (const safe of SAFE) expect(inRun).toContain(`\`${safe}\``);
});

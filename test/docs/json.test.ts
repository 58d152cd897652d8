// Holds JSON in the documentation to the schemas that are shipped.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { PAGES, snippetsOf } from './snippets.ts';

const SCHEMAS = path.resolve(import.meta.dirname, '../../schemas');
const names = readdirSync(SCHEMAS).map((file) => file.replace('.schema.json', ''));
const blocks = PAGES.flatMap(snippetsOf).filter(({ language }) => language === 'json');

/** Made once for each schema: making it takes longer than using it. */
const made = new Map<string, ValidateFunction>();

function validatorOf(name: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const schema = JSON.parse(readFileSync(path.join(SCHEMAS, `${name}.schema.json`), 'utf8')) as object;
  const validate = made.get(name) ?? ajv.compile(schema);
  made.set(name, validate);
  return validate;
}

describe('JSON in the documentation', () => {
  test.each(blocks.map((block) => [`${block.file}:${block.line}`, block] as const))(
    '%s is of the schema behind its fence, line by line',
    (_, { words: [name = ''], text }) => {
      expect(names).toContain(name);
      const validate = validatorOf(name);
      for (const line of text.trim().split('\n')) {
        validate(JSON.parse(line));
        expect(validate.errors ?? []).toEqual([]);
      }
    },
  );
});

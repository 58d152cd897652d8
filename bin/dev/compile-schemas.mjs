// Compiles schemas/*.schema.json into validators, so that no run pays for the schema compiler.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');
const schemas = path.join(root, 'schemas');
const target = path.join(root, 'src/workflow/generated');
const suffix = '.schema.json';

// Of what people write, and of what tests read often; the others are there for whoever reads what is printed.
const wanted = ['workflow', 'config', 'test', 'test-report', 'export', 'import', 'init', 'templates'];

const declaration = `/** What a validator says about one place that does not fit. */
export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer to the value. */
  readonly instancePath: string;
  /** JSON pointer to the rule in the schema. */
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Set for errors about a property name. */
  readonly propertyName?: string;
  readonly message?: string;
}
/** True when the data fits; otherwise \`errors\` holds every complaint about the newest data. */
export declare const validate: ((data: unknown) => boolean) & { errors?: readonly SchemaError[] | null };
`;

// Ajv's own comparison throws for mappings without a prototype.
const comparison = path.join(root, 'src/workflow/same-json.ts');
const comparingJson = {
  name: 'comparing-json',
  setup(build) {
    build.onResolve({ filter: /^ajv\/dist\/runtime\/equal$/ }, ({ path }) => ({ path, namespace: 'ours' }));
    build.onLoad({ filter: /./, namespace: 'ours' }, () => ({
      contents: `export { sameJson as default } from ${JSON.stringify(comparison)};`,
      resolveDir: root,
    }));
  },
};

const NAMES = new Set(['properties', 'patternProperties', '$defs']);

// What is said to people judges nothing, and would be carried along by every start.
function withoutWords(schema) {
  if (Array.isArray(schema)) return schema.map(withoutWords);
  if (typeof schema !== 'object' || schema === null) return schema;
  const said = Object.entries(schema).filter(([key]) => key !== 'description' && key !== 'examples');
  return Object.fromEntries(
    said.map(([key, value]) => [
      key,
      NAMES.has(key)
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutWords(each)]))
        : key === 'enum' || key === 'const'
          ? value
          : withoutWords(value),
    ]),
  );
}

async function compile(file) {
  const { build } = await import('esbuild');
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const { default: standalone } = await import('ajv/dist/standalone/index.js');
  const ajv = new Ajv2020({
    allErrors: true,
    allowUnionTypes: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    validateFormats: false,
    code: { source: true, esm: true, lines: true },
  });
  const schema = withoutWords(JSON.parse(readFileSync(path.join(schemas, file), 'utf8')));
  const id = schema.$id ?? file;
  ajv.addSchema(schema, id);
  // The standalone code requires small helpers of ajv; they are bundled in, so that it runs without ajv.
  const { outputFiles } = await build({
    stdin: { contents: standalone.default(ajv, { validate: id }), resolveDir: root, loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'node20',
    mainFields: ['main'],
    write: false,
    plugins: [comparingJson],
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

// Others may be reading the file right now: they see the old text or the new one, never half of it.
function put(file, text) {
  let before;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    before = undefined;
  }
  if (before === text) return;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text);
  renameSync(fresh, file);
}

/** Makes the validators that are missing or older than their schema. */
export async function compileSchemas() {
  let files;
  try {
    files = readdirSync(schemas).filter((file) => wanted.some((name) => file === name + suffix));
  } catch {
    files = [];
  }
  mkdirSync(target, { recursive: true });
  for (const file of files) {
    const name = file.slice(0, -suffix.length);
    const stamp = `// ${hash(...[path.join(schemas, file), import.meta.filename, comparison].map((each) => readFileSync(each)))}\n`;
    const module = path.join(target, `${name}.mjs`);
    if (!isFresh(module, stamp)) put(module, stamp + (await compile(file)));
    put(path.join(target, `${name}.d.mts`), declaration);
  }
}

function isFresh(file, stamp) {
  try {
    return readFileSync(file, 'utf8').startsWith(stamp);
  } catch {
    return false;
  }
}

function hash(...parts) {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest('hex');
}

// The name under which vitest calls it before the first test.
export { compileSchemas as setup };

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await compileSchemas();

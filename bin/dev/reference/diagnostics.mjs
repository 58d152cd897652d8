// Finds out from the corpus of bad files which diagnostics stand at which key of the schemas.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { nameOf } from './schema.mjs';
import { WHOLE } from './section.mjs';

/** What is wrong with the form of a value, whichever key it stands at. */
const OF_EVERY_KEY = new Set([
  ...['bad-value', 'duplicate-item', 'empty', 'ignored-error', 'missing-key', 'no-kind', 'not-a-value'],
  ...['not-in-finally', 'not-supported-yet', 'out-of-range', 'static-key', 'two-kinds', 'unknown-key'],
  ...['unreachable', 'wrong-kind-key', 'wrong-type'],
]);

/** Told with expressions, and at the keys that they are about as well. */
const AT_KEYS_TOO = new Set([
  'data-in-run',
  'data-in-variable',
  'lethal-three',
  'model-dash',
  'secret-by-env',
]);

/** Owner → key → codes; owners are the definitions of the schema, `''` its root. `elsewhere` are the codes that other sections tell of. */
export function codesByKey(corpus, schema, isConfig, elsewhere) {
  const found = new Map();
  for (const code of readdirSync(corpus).sort()) {
    if (OF_EVERY_KEY.has(code) || (elsewhere.has(code) && !AT_KEYS_TOO.has(code))) continue;
    const files = readdirSync(path.join(corpus, code)).filter((file) => file.endsWith('.yml'));
    for (const file of files.filter((name) => name.endsWith('.config.yml') === isConfig))
      for (const [owner, key] of placesIn(path.join(corpus, code, file), code, schema)) {
        const keys = found.get(owner) ?? new Map();
        keys.set(key, new Set([...(keys.get(key) ?? []), code]));
        found.set(owner, keys);
      }
  }
  return found;
}

function placesIn(file, code, schema) {
  const printed = readFileSync(file.replace(/\.yml$/, '.txt'), 'utf8');
  const text = readFileSync(file, 'utf8');
  const lines = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter: lines, merge: true });
  const name = path.basename(file);
  const said = [...printed.matchAll(/^(?:error|warning)\[([\w-]+)\][^\n]*\n *--> ([^\n:]+):(\d+):(\d+)$/gm)];
  return said
    .filter(([, found, where]) => found === code && where === name)
    .flatMap(([, , , line, column]) => {
      const offset = (lines.lineStarts[Number(line) - 1] ?? 0) + Number(column) - 1;
      const place = placeAt(contents, offset, schema, schema, '');
      return place === undefined ? [] : [place];
    });
}

// The innermost key that the schema knows and that has the offset in it or in its value.
function placeAt(node, offset, by, schema, owner) {
  const name = nameOf(by);
  if (name !== undefined) return placeAt(node, offset, schema.$defs[name], schema, name);
  if (isSeq(node)) {
    const item = node.items.find((one) => inside(one, offset));
    if (item === undefined) return undefined;
    // What begins where an item does is about all of it.
    if (isMap(item) && startOf(item.items[0]?.key) === offset && by?.items?.$ref !== undefined)
      return [nameOf(by.items), WHOLE];
    return placeAt(item, offset, by?.items, schema, owner);
  }
  if (!isMap(node) || by === undefined) return undefined;
  const pair = node.items.find(({ key, value }) => inside(key, offset) || inside(value, offset));
  if (pair === undefined) return undefined;
  const key = isScalar(pair.key) ? String(pair.key.value) : '';
  const property = by.properties?.[key];
  if (property === undefined) return placeAt(pair.value, offset, by.additionalProperties, schema, owner);
  const deeper = inside(pair.value, offset)
    ? placeAt(pair.value, offset, property, schema, owner)
    : undefined;
  return deeper ?? [owner, key];
}

function startOf(node) {
  return node?.range?.[0];
}

function inside(node, offset) {
  const [start = -1, , end = -1] = node?.range ?? [];
  return start <= offset && offset < Math.max(end, start + 1);
}

// Writes the page about what is printed for programs from the schemas of it.
import { nameOf } from './schema.mjs';

const OPENING = `# Reference: JSON

What commands print with \`--json\`, key by key; written by \`npm run commands-page\` from the schemas that \`codemachine schema\` prints. What
holds for all of it is told in [commands](commands.md#for-programs), and [events](reference-events.md) have a page of their own. A key that is
not marked as always there may be missing, and new keys may come.`;

/** The page; `schemas` by name, in the order in which they are told. */
export function jsonPage(schemas) {
  const contents = Object.keys(schemas).map((name) => `[\`${name}\`](#${name})`);
  const sections = Object.entries(schemas).map(([name, schema]) => sectionOf(name, schema));
  return `${[OPENING, `${contents.join(', ')}.`, ...sections].join('\n\n')}\n`;
}

/** Every key of a schema, as a path: `steps[].failure.reason`, with the definition of it. Definitions are looked into where they are first met. */
function keysOf(schema) {
  const met = new Set();
  const found = [];
  const look = (at, one) => {
    const name = nameOf(one);
    const meant = name === undefined ? one : { ...schema.$defs[name], ...one };
    if (name !== undefined && met.has(name)) return;
    if (name !== undefined) met.add(name);
    const required = [
      ...(meant.required ?? []),
      ...(name === undefined ? [] : (schema.$defs[name].required ?? [])),
    ];
    const properties = { ...(name === undefined ? {} : schema.$defs[name].properties), ...meant.properties };
    for (const [key, own] of Object.entries(properties)) {
      const place = at === '' ? key : `${at}.${key}`;
      found.push({ place, schema: own, always: required.includes(key) });
      look(place, own);
    }
    if (meant.items !== undefined) look(`${at}[]`, meant.items);
    if (typeof meant.additionalProperties === 'object') look(`${at}.*`, meant.additionalProperties);
  };
  look('', schema);
  return found;
}

function sectionOf(name, schema) {
  const keys = keysOf(schema).map((one) => ({ ...one, place: one.place.replace(/^\[\]\./, '') }));
  const bare = keys.filter((one) => one.schema.description === undefined);
  if (bare.length > 0)
    throw new Error(`${name}.schema.json: say what ${bare.map(({ place }) => `\`${place}\``).join(', ')} is`);
  const kind = schema.type === 'array' ? 'A list of objects:' : 'One object:';
  const rows = keys.map(({ place, schema: one, always }) => {
    const cells = [`\`${place}\``, kindOf(one, schema), always ? 'yes' : '', one.description];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    `## ${name}`,
    `${schema.title}. ${schema.description === undefined ? '' : `${schema.description} `}${kind}`,
    ['| key | is | always | says |', '|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

function kindOf(schema, whole) {
  const name = nameOf(schema);
  const meant = name === undefined ? schema : { ...whole.$defs[name], ...schema };
  if (meant.const !== undefined) return `\`${meant.const}\``;
  if (meant.enum !== undefined) return meant.enum.map((one) => `\`${one}\``).join(', ');
  if (meant.oneOf !== undefined) return meant.oneOf.map((one) => kindOf(one, whole)).join(' or ');
  if (meant.type === undefined) return 'any value';
  return [meant.type]
    .flat()
    .map((type) => wordOf(type, meant, whole))
    .join(' or ');
}

function wordOf(type, { items = {} }, whole) {
  switch (type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'array':
      return `list of ${kindOf(items, whole)}`;
    default:
      return type === 'null' ? '`null`' : type;
  }
}

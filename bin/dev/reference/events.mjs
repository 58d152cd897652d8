// Writes the page about events from the contract that they are held to.
import { nameOf, typeOf } from './schema.mjs';

const OPENING = `# Reference: events

What \`codemachine run --json\` prints, one JSON object a line, field by field; written by \`npm run reference-page\` from the contract that
\`codemachine schema event\` prints. What they mean and when they come is told in [runs.md](runs.md#events). New types and new optional
fields may come: skip what you do not know. A field that is not marked as always there may be missing.`;

/** The page. `before` is what it was: its examples are kept. */
export function eventsPage(schema, before) {
  const kept = keptExamples(before);
  const types = schema.oneOf.map(nameOf);
  const used = Object.keys(schema.$defs).filter((name) => !types.includes(name));
  const objects = used.filter((name) => schema.$defs[name].properties !== undefined);
  const places = Object.fromEntries(objects.map((name) => [name, { title: name, address: `#${name}` }]));
  const book = { definitions: schema.$defs, places };
  const isMilestone = (type) => schema.$defs[type].properties.seq !== undefined;
  const milestones = types.filter(isMilestone);
  const chatter = types.filter((type) => !isMilestone(type));
  const first = schema.$defs[milestones[0]];
  const envelope = Object.keys(first.properties).filter((key) =>
    milestones.every((type) => key in schema.$defs[type].properties),
  );
  const common = Object.fromEntries(envelope.map((key) => [key, first.properties[key]]));
  common.type = { ...common.type, const: undefined, type: 'string' };
  const text = [
    '## Every milestone',
    'These fields are not told again below.',
    tableOf({ ...first, properties: common }, book, []),
    '## Milestones',
    ...milestones.flatMap((type) => told(type, schema.$defs[type], book, envelope, exampleOf(kept, type))),
    '## Chatter',
    'Worth watching, and not kept: these have no `seq`.',
    ...chatter.flatMap((type) => told(type, schema.$defs[type], book, ['v', 'type'], exampleOf(kept, type))),
    '## What stands in fields',
    ...objects.flatMap((name) => told(name, schema.$defs[name], book, [])),
  ];
  return `${[OPENING, contents({ Milestones: milestones, Chatter: chatter, 'In fields': objects }), ...text].join('\n\n')}\n`;
}

function contents(groups) {
  return Object.entries(groups)
    .map(([title, names]) => `${title}: ${names.map((name) => `[\`${name}\`](#${name})`).join(', ')}.`)
    .join('\n\n');
}

function told(name, schema, book, known, example) {
  const own = Object.keys(schema.properties).filter((key) => !known.includes(key));
  return [
    `### ${name}`,
    schema.description,
    ...(example === undefined ? [] : [example]),
    ...(own.length === 0 ? [] : [tableOf(schema, book, known)]),
  ];
}

function exampleOf(kept, type) {
  const example = kept.get(type);
  if (example === undefined)
    throw new Error(
      `docs/reference-events.md: write an example of \`${type}\` (\`json event\`) below its heading`,
    );
  return example;
}

function keptExamples(text) {
  const sections = text.split(/^### /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const [example] = section.match(/^```json event\n[\s\S]*?^```$/m) ?? [];
      return example === undefined ? [] : [[section.split('\n')[0], example]];
    }),
  );
}

function tableOf({ properties, required = [] }, book, known) {
  const rows = Object.entries(properties)
    .filter(([key]) => !known.includes(key))
    .map(([key, schema]) => {
      const always = required.includes(key) ? 'yes' : '';
      const cells = [`\`${key}\``, jsonType(schema, book), always, schema.description ?? ''];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
  return ['| field | is | always | says |', '|---|---|---|---|', ...rows].join('\n');
}

// A mapping that has no name of its own is told by its fields.
function jsonType(schema, book) {
  const inner = schema.type === 'array' ? schema.items : schema;
  if (inner?.properties === undefined) return typeOf(schema, book);
  const fields = Object.keys(inner.properties)
    .map((key) => `\`${key}\``)
    .join(', ');
  return schema.type === 'array' ? `list of objects: ${fields}` : `object: ${fields}`;
}

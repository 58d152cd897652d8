// Writes the section of one mapping: where it stands, an example, its keys, the diagnostics they can lead to.
import { linkTo, nameOf, saidOf, typeOf, written } from './schema.mjs';

/** The key under which stands what is wrong with a mapping as a whole. */
export const WHOLE = '';

/** A section. `example` is kept from the page, `kinds` are the tables that its keys are shared out to. */
export function sectionOf({ place, schema, book, example, codes, tables }) {
  const required = new Set(schema.required ?? []);
  const whole = codes?.get(WHOLE);
  const parts = tables.map(({ title, about, keys }, index) => {
    const rows = keys.map((key) => rowOf(`\`${key}\``, schema.properties[key], required.has(key), book));
    const others = schema.additionalProperties;
    if (others?.description !== undefined) rows.push(rowOf('any other', others, false, book));
    const linked = keys.filter((key) => (codes?.get(key)?.size ?? 0) > 0);
    const leads = [
      ...(index === 0 && whole !== undefined ? [`as a whole: ${linksTo(whole)}`] : []),
      ...linked.map((key) => `\`${key}\`: ${linksTo(codes.get(key))}`),
    ];
    return [
      ...(title === undefined ? [] : [`### ${title}`]),
      ...(about === undefined ? [] : [about]),
      ['| key | takes | default | meaning |', '|---|---|---|---|', ...rows].join('\n'),
      ...(leads.length === 0 ? [] : [`Diagnostics: ${leads.join('; ')}.`]),
    ].join('\n\n');
  });
  return [
    `## ${place.title}`,
    place.about ?? saidOf(schema.description).text,
    ...(place.stands === undefined ? [] : [place.stands]),
    ...(example === undefined ? [] : [example]),
    ...parts,
  ].join('\n\n');
}

function rowOf(key, schema, isRequired, book) {
  const { text, fallback, takes } = saidOf(schema.description);
  const examples = (schema.examples ?? []).map((value) => `\`${written(value)}\``);
  const meaning = [
    text,
    ...(takes && !text.includes('${{') ? ['Takes `${{ }}`.'] : []),
    ...(examples.length === 0 ? [] : [`Such as ${examples.join(', ')}.`]),
  ].join(' ');
  const shown = isRequired ? '**required**' : fallback;
  return `| ${key} | ${[typeOf(schema, book), shown, meaning].map(cell).join(' | ')} |`;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

// To what the page of the diagnostics says of them.
function linksTo(codes) {
  return [...codes]
    .sort()
    .map((code) => `[\`${code}\`](errors.md#${code})`)
    .join(', ');
}

/** Where each definition is referred to: definition → `key of owner`, each once, owners as links. */
export function standsOf(schema, places) {
  const found = new Map();
  const note = (name, words) => found.set(name, new Set([...(found.get(name) ?? []), words]));
  const walk = (node, words) => {
    if (typeof node !== 'object' || node === null) return;
    const name = nameOf(node);
    if (name !== undefined) note(name, words);
    if (node.items !== undefined) walk(node.items, words);
    if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, words);
  };
  const owners = { '': schema, ...schema.$defs };
  for (const [owner, definition] of Object.entries(owners)) {
    const place = places[owner];
    for (const [key, property] of Object.entries(definition.properties ?? {}))
      if (place !== undefined) walk(property, `\`${key}\` of ${linkTo(place)}`);
  }
  return found;
}

// Says in words what a schema takes.
import { stringify } from 'yaml';

/** The keywords that name a reason of failure, which a page of its own lists. */
const isReasons = (words) => words.includes('rate-limit') && words.includes('exit-code');

/** The name of the definition that a schema refers to; undefined where it stands for itself. */
export function nameOf(schema) {
  return schema?.$ref?.replace('#/$defs/', '');
}

/** What a schema takes: a few words with links. `book` has the definitions, and of some the place where they are told. */
export function typeOf(schema, book) {
  const name = nameOf(schema);
  if (name !== undefined) return named(name, schema, book);
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return words(schema.enum);
  if (schema.oneOf !== undefined || schema.anyOf !== undefined)
    return any((schema.oneOf ?? schema.anyOf).map((one) => typeOf(one, book)));
  if (schema.description?.startsWith('An expression')) return '[expression](#expressions)';
  if (Array.isArray(schema.type)) return union(schema, book);
  return plain(schema, schema.type, book);
}

// A word that stands for a mapping of one key is the shorter way to write it.
function named(name, schema, book) {
  const definition = book.definitions[name];
  const place = book.places[name];
  const short = definition.then?.enum;
  if (place === undefined) return typeOf({ ...definition, ...schema, $ref: undefined }, book);
  const link = linkTo(place);
  if (short !== undefined) return any([words(short), link]);
  const many = Array.isArray(definition.type) && definition.type.includes('array');
  return many && definition.items !== undefined ? `${link}, or a list of them` : link;
}

function union(schema, book) {
  const { type, then } = schema;
  const text = then?.enum === undefined ? 'text' : words(then.enum);
  return any(
    type.map((one) => {
      if (one !== 'string') return plain(schema, one, book);
      return then?.$ref === undefined ? text : typeOf(then, book);
    }),
  );
}

function plain(schema, type, book) {
  switch (type) {
    case 'string':
      return 'text';
    case 'boolean':
      return 'boolean';
    case 'null':
      return '`null`';
    case 'integer':
      return `whole number${bounds(schema)}`;
    case 'number':
      return `number${bounds(schema)}`;
    case 'array':
      return `list of ${schema.items === undefined ? 'values' : many(typeOf(schema.items, book))}`;
    case 'object':
      return mapping(schema, book);
    default:
      return 'any value';
  }
}

function mapping({ additionalProperties: each, propertyNames }, book) {
  const key = propertyNames === undefined ? 'name' : typeOf(propertyNames, book);
  if (typeof each !== 'object' || Object.keys(each).length === 0) return `mapping: ${key} → any value`;
  return `mapping: ${key} → ${typeOf(each, book)}`;
}

function bounds({ minimum, maximum }) {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? '' : `, at least ${minimum}`;
}

function many(type) {
  return type === 'text' ? 'texts' : type;
}

function words(all) {
  if (isReasons(all))
    return `${all.includes('any') ? '`transient`, `any`, ' : ''}[reason](runs.md#why-an-attempt-failed)`;
  return any(all.map((word) => `\`${word}\``));
}

/** Some words with commas and an or between, each once. */
export function any(all) {
  const each = [...new Set(all)];
  const last = each.pop();
  return each.length === 0 ? last : `${each.join(', ')} or ${last}`;
}

/** A link to where a definition is told, as it stands within a sentence. */
export function linkTo({ title, address }) {
  return `[${/^[A-Z]{2}/.test(title) ? title : title.toLowerCase()}](${address})`;
}

/** An example as it is written in a file, on one line. */
export function written(value) {
  const text = stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: true,
  }).trim();
  // A text of several lines is more than a cell can hold.
  return text.includes('\n') ? JSON.stringify(value) : text;
}

/** A description in its parts: what it says, what holds where nothing is said, and whether it takes expressions. */
export function saidOf(description = '') {
  const sentences = description.split(/(?<=\.)\s+(?=[A-Z`“"(])/);
  const fallback = sentences.find((sentence) => /^Default\b/.test(sentence));
  const takes = sentences.some((sentence) => /^(May|Values may) hold `\$\{\{/.test(sentence));
  const rest = sentences.filter(
    (sentence) => sentence !== fallback && !/^May hold `\$\{\{ \}\}`\.$/.test(sentence),
  );
  return {
    text: rest.join(' '),
    fallback: fallback?.replace(/^Default:?\s+/, '').replace(/\.$/, '') ?? '',
    takes,
  };
}

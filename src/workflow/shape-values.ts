/** Says in our words why a value does not fit its key. */
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Range } from '../model/source.ts';
import type { SchemaError } from './generated/workflow.mjs';
import { nearest } from './suggest.ts';
import type { Node } from './tree.ts';

/** A value that does not fit, as far as a message needs it. */
export interface Misfit {
  readonly error: SchemaError;
  readonly node: Node;
  readonly path: string;
  readonly at: Range;
  /** What the value is called: "`timeout`", "an item of `needs`". */
  readonly key: string;
}

/** The definition of the schema that an error comes from: `step` for `#/$defs/step/properties/…`, `''` for the root. */
export function definition(schemaPath: string): string {
  return /^#\/\$defs\/([^/]+)/.exec(schemaPath)?.[1] ?? '';
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
  null: 'nothing',
};

/** A value of the wrong type. */
export function typeTrouble(misfit: Misfit): Diagnostic {
  const { error, node, path, at, key } = misfit;
  const wanted = error.params['type'];
  const types = Array.isArray(wanted) ? wanted.map(String) : String(wanted).split(',');
  const special = bySchema(misfit);
  if (special !== undefined && node.kind === 'scalar' && node.value !== null) return special;
  const expected = types.map((type) => NAMES[type] ?? type).join(' or ');
  return diagnose('wrong-type', path, at, {
    key,
    expected,
    got: describe(node),
    help: typeHelp(node, types, key),
    written: withoutQuotes(node, types),
  });
}

// What was put in quotes, or in the words of YAML 1.1, and means one value of the type that is wanted.
function withoutQuotes(node: Node, types: readonly string[]): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || types.includes('string')) return undefined;
  if (types.includes('boolean') && types.length === 1) {
    if (/^(yes|on|y|true)$/i.test(node.value)) return 'true';
    return /^(no|off|n|false)$/i.test(node.value) ? 'false' : undefined;
  }
  return types.includes('integer') && /^[1-9]\d{0,8}$/.test(node.value) ? node.value : undefined;
}

function typeHelp(node: Node, types: readonly string[], key: string): string | undefined {
  if (node.kind === 'scalar') {
    if (node.value === null) return 'write a value, or leave the key out';
    if (types.includes('string')) return `write \`"${node.written}"\` if the text is meant`;
    if (types.includes('boolean') && typeof node.value === 'string') {
      if (/^(yes|on|y|true)$/i.test(node.value)) return 'write `true`, without quotes';
      if (/^(no|off|n|false)$/i.test(node.value)) return 'write `false`, without quotes';
    }
    if ((types.includes('integer') || types.includes('number')) && /^-?\d+(\.\d+)?$/.test(node.written)) {
      return types.includes('integer') && node.written.includes('.')
        ? 'write a number without a point'
        : 'write it without quotes';
    }
    if (types.includes('array')) return `write \`[${node.written}]\``;
    if (key === 'a step') return `write \`run: ${node.written}\``;
    return undefined;
  }
  if (node.kind === 'map' && types.includes('array')) return 'start each item with `- `';
  if (node.kind === 'list' && types.includes('string'))
    return `write the lines as a block: \`${key.replaceAll('`', '')}: |\``;
  if (node.kind === 'list' && types.includes('object')) return 'write `key: value` lines, without `- `';
  if (node.kind === 'map' && types.includes('string'))
    return `put the text in quotes if it contains \`: \`, or start a block with \`${key.replaceAll('`', '')}: |\``;
  return undefined;
}

/** A value of the right type that is not one of those that are taken. */
export function valueTrouble(misfit: Misfit): Diagnostic {
  const { error, node, path, at, key } = misfit;
  const special = bySchema(misfit);
  if (special !== undefined) return special;
  const { params } = error;
  switch (error.keyword) {
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String);
      const value = writtenOf(node);
      return diagnose('bad-value', path, at, { key, value, allowed, nearest: nearest(value, allowed) });
    }
    case 'minimum':
    case 'maximum': {
      const bound = String(params['limit']);
      const least = error.keyword === 'minimum';
      return diagnose('out-of-range', path, at, {
        key,
        limit: `at ${least ? 'least' : 'most'} ${bound}`,
        better: `write \`${bound}\` or ${least ? 'more' : 'less'}, or leave the key out`,
      });
    }
    case 'maxProperties': {
      const limit = `a mapping with at most ${String(params['limit'])} key`;
      return diagnose('out-of-range', path, at, {
        key,
        limit,
        better: 'keep one key, and take the others out',
      });
    }
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return diagnose('empty', path, at, { key });
    case 'uniqueItems': {
      const twice =
        node.kind === 'list' ? node.items[Math.max(Number(params['i']), Number(params['j']))] : undefined;
      return diagnose('duplicate-item', path, twice?.at ?? at, { key, value: writtenOf(twice ?? node) });
    }
  }
  throw new Error(`no words for the schema's ${error.keyword} at ${error.schemaPath}`);
}

// Some definitions of the schema are scalars with words of their own.
function bySchema({ error, node, path, at, key }: Misfit): Diagnostic | undefined {
  const value = writtenOf(node);
  switch (definition(error.schemaPath)) {
    case 'duration':
      return diagnose('bad-duration', path, at, {
        key,
        value,
        better: durationFrom(value),
        sure: SPELLED.test(value),
      });
    case 'tokens':
      return diagnose('bad-tokens', path, at, { key, value });
    case 'id':
      return diagnose('bad-id', path, at, { id: value, better: idFrom(value) });
    case 'engineName':
      return diagnose('bad-id', path, at, { id: value, better: idFrom(value) });
    case 'name':
      return diagnose('bad-name', path, at, { name: value, owner: key });
    case 'variable':
      return diagnose('bad-variable', path, at, { name: value });
    case 'on-conflict': {
      if (!/^#\/\$defs\/on-conflict\/(type|then\/enum)$/.test(error.schemaPath)) return undefined;
      const near = nearest(value, ['fail']);
      return diagnose('bad-value', path, at, {
        ...{ key, value, nearest: near },
        allowed: ['fail', `{ agent: ${isName(node) ? value : '<name>'} }`],
      });
    }
    default:
      return undefined;
  }
}

function isName(node: Node): boolean {
  return node.kind === 'scalar' && typeof node.value === 'string' && /^[A-Za-z_][\w-]*$/.test(node.value);
}

/** Units that are written out and mean one thing. Of a bare number nobody knows whether it is seconds or minutes. */
const SPELLED = /^\d+ *(ms|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$/i;

function durationFrom(value: string): string | undefined {
  if (/^\d+$/.test(value)) return `${value}s`;
  const spelled = /^(\d+)\s*(ms|millis|s|sec|m|min|h|hour|d|day)[a-z]*$/i.exec(value.trim());
  if (spelled?.[1] === undefined || spelled[2] === undefined) return undefined;
  const unit = spelled[2].toLowerCase();
  return `${spelled[1]}${unit === 'ms' || unit === 'millis' ? 'ms' : unit[0]}`;
}

/** A name turned into an id, where there is one in it. */
export function idFrom(value: string): string | undefined {
  const slug = slugOf(value);
  return slug !== undefined && slug !== value ? slug : undefined;
}

/** The id that a name makes: `Fix the tests` becomes `fix-the-tests`; undefined when neither letter nor digit is left. */
export function slugOf(name: string): string | undefined {
  const slug = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 60)
    .replace(/-+$/, '');
  if (slug === '') return undefined;
  return /^[a-z]/.test(slug) ? slug : `step-${slug}`;
}

/** A value in a word or two. */
export function describe(node: Node): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'empty';
  if (typeof node.value === 'string') return 'a text';
  return typeof node.value === 'number' ? `the number ${node.written}` : `\`${node.written}\``;
}

function writtenOf(node: Node): string {
  return node.kind === 'scalar' ? node.written : describe(node);
}

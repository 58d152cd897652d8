/** Says in our words what a schema found wrong with a document. */
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Range } from '../model/source.ts';
import type { SchemaError } from './generated/workflow.mjs';
import type { Owner } from './shape-keys.ts';
import { definition, idFrom, typeTrouble, valueTrouble } from './shape-values.ts';
import { nearest } from './suggest.ts';
import { type Entry, entryOf, follow, type Node } from './tree.ts';

/** Which mapping stands where: by the key that leads to it or to its list, or by the JSON pointer of the place. */
export type Owners = Readonly<Record<string, Owner>> | ((pointer: string) => Owner | undefined);

/** What a schema says about `root`, one complaint per mistake. Whether a value may be what it is comes before its contents. */
export function shapeDiagnostics(
  errors: readonly SchemaError[],
  root: Node,
  path: string,
  owners: Owners,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const misspelt = meantKeys(errors, root, owners);
  const judged = new Set<string>();
  const wrongType = new Set(errors.filter((e) => e.keyword === 'type').map((e) => e.instancePath));
  for (const error of errors) {
    // What a kind of step forbids is checked with the kinds, where the message can name the kind.
    if (error.keyword === 'if' || error.keyword === 'false schema' || error.keyword === 'propertyNames')
      continue;
    if (error.keyword !== 'type' && wrongType.has(error.instancePath)) continue;
    const subject = `${error.instancePath}\0${String(error.params['additionalProperty'] ?? error.params['missingProperty'] ?? error.propertyName ?? '')}`;
    if (judged.has(subject) || (error.keyword === 'required' && misspelt.has(subject))) continue;
    judged.add(subject);
    const diagnostic = translate(error, root, path, owners);
    if (diagnostic !== undefined) found.push(diagnostic);
  }
  return found;
}

function translate(error: SchemaError, root: Node, path: string, owners: Owners): Diagnostic | undefined {
  const place = follow(root, error.instancePath);
  if (place === undefined) throw new Error(`no value at ${error.instancePath}`);
  const { node, key } = place;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(error, node, path, owners);
    case 'required': {
      const owner = ownerAt(error.instancePath, owners)?.words ?? `\`${key?.name ?? 'this'}\``;
      return diagnose('missing-key', path, headOf(node, key), {
        key: String(error.params['missingProperty']),
        owner,
      });
    }
    case 'pattern':
      if (error.propertyName !== undefined) return badName(error, node, key, path, error.propertyName);
      break;
  }
  // A fence where none may stand is one mistake, said where all of those are looked for. Tests know none: there it is a text.
  if (
    typeof owners !== 'function' &&
    node.kind === 'scalar' &&
    typeof node.value === 'string' &&
    node.value.includes('${{')
  )
    return undefined;
  const misfit = { error, node, path, at: placeOf(node, key), key: called(error.instancePath) };
  return error.keyword === 'type' ? typeTrouble(misfit) : valueTrouble(misfit);
}

// Which mapping of the language stands at a place. The paths that errors give into the schema do not say: a definition that
// is used often is a function of its own, and its paths start over.
function ownerAt(pointer: string, owners: Owners): Owner | undefined {
  if (typeof owners === 'function') return owners(pointer);
  const parts = pointer.split('/').slice(1);
  const last = parts[parts.length - 1];
  const above = parts[parts.length - 2] ?? '';
  if (last === undefined) return owners[''];
  const listed = LISTED[above];
  return owners[listed ?? last];
}

/** What stands under a name or a number of one's own. */
const LISTED: Readonly<Record<string, string | undefined>> = {
  steps: 'step',
  finally: 'step',
  inputs: 'input',
  fields: 'input',
  agents: 'agent',
  mcp: 'mcpServer',
  engines: 'engine',
  prices: 'price',
  failure: 'failurePattern',
  notify: 'notification',
};

// Keys that are missing only because they are misspelt: `step` is unknown, and `steps` is not missing besides.
function meantKeys(errors: readonly SchemaError[], root: Node, owners: Owners): ReadonlySet<string> {
  const meant = new Set<string>();
  for (const error of errors) {
    if (error.keyword !== 'additionalProperties') continue;
    const owner = ownerAt(error.instancePath, owners);
    const key =
      owner &&
      meantKey(String(error.params['additionalProperty']), owner, follow(root, error.instancePath)?.node);
    if (key !== undefined) meant.add(`${error.instancePath}\0${key}`);
  }
  return meant;
}

/** The key of `owner` that somebody who wrote `key` most likely meant; never one that stands in `node` already. */
export function meantKey(key: string, owner: Owner, node: Node | undefined): string | undefined {
  const free = owner.keys.filter((known) => entryOf(node, known) === undefined);
  const synonym = SYNONYMS[key.toLowerCase().replaceAll('_', '-')];
  if (synonym !== undefined && free.includes(synonym)) return synonym;
  const ours = nearest(key, free);
  if (ours !== undefined) return ours;
  const theirs = SYNONYMS[nearest(key, Object.keys(SYNONYMS)) ?? ''];
  return theirs !== undefined && free.includes(theirs) ? theirs : undefined;
}

function unknownKey(error: SchemaError, node: Node, path: string, owners: Owners): Diagnostic | undefined {
  const key = String(error.params['additionalProperty']);
  const owner = ownerAt(error.instancePath, owners);
  const entry = entryOf(node, key);
  if (owner === undefined || entry === undefined)
    throw new Error(`no mapping is known at ${error.instancePath}`);
  return diagnose('unknown-key', path, entry.at, {
    key,
    owner: owner.words,
    nearest: meantKey(key, owner, node),
    known: owner.keys,
  });
}

/** What other tools call our keys. */
const SYNONYMS: Readonly<Record<string, string | undefined>> = {
  'timeout-minutes': 'timeout',
  'depends-on': 'needs',
  cwd: 'working-directory',
  dir: 'working-directory',
  command: 'run',
  script: 'run',
  retries: 'retry',
  environment: 'env',
  jobs: 'steps',
  tasks: 'steps',
  when: 'if',
  cmd: 'run',
};

function badName(
  error: SchemaError,
  node: Node,
  key: Entry | undefined,
  path: string,
  name: string,
): Diagnostic {
  const at = entryOf(node, name)?.at ?? placeOf(node, key);
  if (definition(error.schemaPath) === 'variable') return diagnose('bad-variable', path, at, { name });
  const isEngine = definition(error.schemaPath) === 'engineName';
  return diagnose('bad-name', path, at, {
    name,
    ...(isEngine ? { better: idFrom(name) ?? 'my-agent' } : {}),
    owner: key === undefined ? 'this mapping' : `\`${key.name}\``,
  });
}

// A missing value has no place of its own; its key has.
function placeOf(node: Node, key: Entry | undefined): Range {
  return node.at.start === node.at.end && key !== undefined ? key.at : node.at;
}

function headOf(node: Node, key: Entry | undefined): Range {
  if (key !== undefined) return key.at;
  const first = node.kind === 'map' ? node.entries.values().next().value : undefined;
  return first === undefined ? { start: node.at.start, end: node.at.start } : first.at;
}

function called(pointer: string): string {
  const parts = pointer.split('/').slice(1);
  const last = parts[parts.length - 1];
  if (last === undefined) return 'the file';
  const name = last.replaceAll('~1', '/').replaceAll('~0', '~');
  if (!/^\d+$/.test(last)) return `\`${name}\``;
  const list = parts[parts.length - 2] ?? '';
  return list === 'steps' || list === 'finally' ? 'a step' : `an item of \`${list}\``;
}

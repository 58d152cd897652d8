// Puts all that somebody can call, set or read into lines, so that a change of it is seen.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { PRINTED_BY } from '../../src/app/schemas.ts';
import { childEnv } from '../../src/engines/child-env.ts';
import { EXIT } from '../../src/model/exit.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A flag or an argument as the manifest has it. */
interface Word {
  readonly name: string;
  readonly description?: string;
  readonly type?: string;
  readonly char?: string;
  readonly aliases?: readonly string[];
  readonly options?: readonly string[];
  readonly default?: unknown;
  readonly env?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly exclusive?: readonly string[];
  readonly helpValue?: string;
}

/** One command of the manifest. */
interface Command {
  readonly id: string;
  readonly summary?: string;
  readonly strict?: boolean;
  readonly aliases?: readonly string[];
  readonly args: Readonly<Record<string, Word>>;
  readonly flags: Readonly<Record<string, Word>>;
}

/** Part of a JSON schema, or any other JSON. */
export type Node = { readonly [key: string]: unknown };

/** Everything that the surface is made of. */
export interface World {
  readonly manifest: { readonly commands: Readonly<Record<string, Command>> };
  readonly printed: Readonly<Record<string, readonly string[]>>;
  readonly exit: Readonly<Record<string, number>>;
  /** Variables that the program reads, or sets for what it starts. */
  readonly env: readonly string[];
  readonly schemas: Readonly<Record<string, Node>>;
  readonly action: {
    readonly inputs: Readonly<Record<string, Node>>;
    readonly outputs: Readonly<Record<string, Node>>;
  };
}

const json = (file: string): unknown => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));

/** The world as it is: the manifest is that of the last build. */
export function worldNow(): World {
  const names = readdirSync(path.join(ROOT, 'schemas')).map((file) => file.replace('.schema.json', ''));
  return {
    manifest: json('oclif.manifest.json') as World['manifest'],
    printed: PRINTED_BY,
    exit: EXIT,
    env: variables(),
    schemas: Object.fromEntries(names.map((name) => [name, json(`schemas/${name}.schema.json`) as Node])),
    action: parse(readFileSync(path.join(ROOT, 'action.yml'), 'utf8')) as World['action'],
  };
}

/** Names of variables as the sources read them: `env['NAME']`, or by a constant. */
function variables(): readonly string[] {
  const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    // Variables of engines are told with the engines, and held to them there.
    .filter((file) => file.endsWith('.ts') && !file.startsWith('engines/dialects/'))
    .map((file) => readFileSync(path.join(ROOT, 'src', file), 'utf8'));
  const found = sources.flatMap((text) =>
    [
      ...text.matchAll(/\benv(?:iron)?\??\.?(?:\[')?\b([A-Z][A-Z\d_]+)\b/g),
      ...text.matchAll(/\bset\('([A-Z_]+)'/g),
      ...text.matchAll(/= '(CODEMACHINE_[A-Z_]+)'/g),
      ...text.matchAll(/\bos\.tmpdir\(\)()/g),
    ].map(([, name = '']) => (name === '' ? 'TMPDIR' : name)),
  );
  const about = { run: 'r', step: 's', attempt: 1, workspace: '/w', mark: 'm', output: '/o' };
  // Of git's own, what is set for a git that we start.
  const ours = found.filter((name) => !name.startsWith('GIT_'));
  return [...new Set([...ours, ...Object.keys(childEnv({}, {}, about))])].sort();
}

/** Every key that a schema knows, as a path that begins at a definition, with what it takes. */
export function keysIn(schema: Node): readonly string[] {
  const found = new Set<string>();
  const walk = (value: unknown, at: string): void => {
    if (Array.isArray(value)) for (const one of value) walk(one, at);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const [key, inner] of Object.entries(value as Node)) {
      if (['examples', 'default', 'const', 'enum'].includes(key)) continue;
      if (key === '$defs') for (const [name, one] of Object.entries(inner as Node)) walk(one, name);
      else if (key === 'properties')
        for (const [name, one] of Object.entries(inner as Node)) {
          const place = at === '' ? name : `${at}.${name}`;
          found.add(`${place} ${takes(one as Node)}`);
          walk(one, place);
        }
      else if (key === 'items') walk(inner, `${at}[]`);
      else if (key === 'additionalProperties') walk(inner, `${at}.*`);
      else walk(inner, at);
    }
  };
  walk(schema, '');
  return [...found];
}

function takes(schema: Node): string {
  const { type, enum: words, const: only, $ref, default: unsaid } = schema;
  const what = [
    ...(type === undefined ? [] : [[type].flat().join('|')]),
    ...(words === undefined ? [] : [(words as readonly unknown[]).join('|')]),
    ...(only === undefined ? [] : [`= ${String(only)}`]),
    ...($ref === undefined ? [] : [String($ref).replace('#/$defs/', '→ ')]),
    ...(unsaid === undefined ? [] : [`default ${JSON.stringify(unsaid)}`]),
  ];
  return what.join(' ');
}

function wordLine({ name, description, ...rest }: Word): string {
  const facts = Object.entries(rest)
    .filter(([key, value]) => key !== 'hasDynamicHelp' && value !== false && value !== undefined)
    .map(([key, value]) => (value === true ? key : `${key}=${[value].flat().join('|')}`));
  return `${[name, ...facts.sort()].join(' ')}: ${description ?? ''}`;
}

/** One line for each fact. */
export function surfaceOf({ manifest, printed, exit, env, schemas, action }: World): readonly string[] {
  const commands = Object.values(manifest.commands).sort((a, b) => (a.id < b.id ? -1 : 1));
  return [
    ...Object.entries(exit).map(([name, code]) => `exit ${code} ${name}`),
    ...env.map((name) => `variable ${name}`),
    ...commands.flatMap(({ id, summary, strict, aliases = [], args, flags }) => [
      `command ${id}${strict === false ? ' takes many' : ''}${aliases.length === 0 ? '' : ` or ${aliases.join()}`}: ${summary ?? ''}`,
      ...Object.values(args).map((one) => `command ${id} argument ${wordLine(one)}`),
      ...Object.values(flags).map((one) => `command ${id} flag ${wordLine(one)}`),
      `command ${id} prints ${(printed[id] ?? []).join(', ')}`,
    ]),
    ...(['inputs', 'outputs'] as const).flatMap((kind) =>
      Object.entries(action[kind]).map(
        ([name, { default: unsaid }]) =>
          `action ${kind} ${name}${unsaid === undefined || unsaid === '' ? '' : ` default ${String(unsaid)}`}`,
      ),
    ),
    ...Object.entries(schemas).flatMap(([name, schema]) => keysIn(schema).map((key) => `${name} ${key}`)),
  ];
}

/** Reads what a configuration says of engines, its own ones included. */
import type { DeclarationMistake } from '../model/catalogue/engine.ts';
import type { Config, DeclaredEngine, EngineConfig, FailurePattern, MappedField } from '../model/config.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import { FAILURE_REASONS } from '../model/failure.ts';
import type { Result } from '../model/result.ts';
import type { SourceFile } from '../model/source.ts';
import { ACCESS_LEVELS, BUILT_IN_ENGINES } from '../model/workflow.ts';
import { meantEngine } from './agents.ts';
import { textOf } from './declarations.ts';
import { child, entriesOf, entryOf, type Node, oneOrMany, stringAt } from './tree.ts';

/** The keys of an engine that make a program of one's own an engine. */
const DECLARING = ['prompt', 'output', 'map', 'access', 'session', 'model', 'failure'] as const;

const FIELDS: readonly MappedField[] = [
  ...([
    'text',
    'session',
    'input-tokens',
    'output-tokens',
    'cached-tokens',
    'usd',
    'error',
    'model',
  ] as const),
];

/** What reading an engine needs beside the text. */
export interface Around {
  /** The engines of files that this one ranks above. */
  readonly below: Config['engines'];
  /** Says what is wrong with a pattern; patterns are not looked at where it is not given. */
  /** It is the repository's own, which opens nothing of its user's. */
  readonly ofRepository?: boolean;
  readonly pattern?: ((source: string) => Result<(text: string) => string | undefined, string>) | undefined;
}

const isBuiltIn = (name: string): boolean => (BUILT_IN_ENGINES as readonly string[]).includes(name);

/** The engines of a configuration, by name. */
export function readEngines(node: Node | undefined, file: string): Config['engines'] {
  const engines = [...entriesOf(node)].map(({ name, value }): [string, EngineConfig] => {
    const command = oneOrMany(child(value, 'command')).flatMap(textOf);
    const env = [...entriesOf(child(value, 'env'))].flatMap((entry) =>
      entry.value.kind === 'scalar' ? [[entry.name, entry.value.written] as const] : [],
    );
    const pass = oneOrMany(child(value, 'pass')).flatMap(textOf);
    const parallel = child(value, 'max-parallel');
    const isCount = parallel?.kind === 'scalar' && typeof parallel.value === 'number';
    return [
      name,
      {
        ...(command.length > 0 ? { command, commandFrom: file } : {}),
        ...(env.length > 0 ? { env: Object.fromEntries(env) } : {}),
        ...(pass.length > 0 ? { pass } : {}),
        ...(isCount ? { maxParallel: parallel.value as number } : {}),
        ...(isBuiltIn(name) ? {} : { declared: readDeclared(value) }),
      },
    ];
  });
  return Object.fromEntries(engines);
}

function readDeclared(node: Node): DeclaredEngine {
  const lists = <K extends string>(at: Node | undefined, keys: readonly K[]) => {
    const found: Partial<Record<K, readonly string[]>> = {};
    for (const key of keys) {
      const list = child(at, key);
      if (list !== undefined) found[key] = oneOrMany(list).flatMap(textOf);
    }
    return found;
  };
  const one = <K extends string>(key: string, words: readonly K[]): K | undefined =>
    words.find((word) => word === stringAt(node, key));
  const prompt = one('prompt', ['stdin', 'file']);
  const output = one('output', ['text', 'jsonl']);
  const map = child(node, 'map');
  const paths = FIELDS.flatMap((field) => {
    const path = stringAt(map, field);
    return path === undefined ? [] : [[field, path] as const];
  });
  const failure = patternsOf(node).map(({ match, reason }): FailurePattern => ({ match, reason }));
  return {
    ...(prompt === undefined ? {} : { prompt }),
    ...(output === undefined ? {} : { output }),
    ...(map === undefined ? {} : { map: Object.fromEntries(paths) }),
    ...(child(node, 'access') === undefined ? {} : { access: lists(child(node, 'access'), ACCESS_LEVELS) }),
    ...(child(node, 'session') === undefined
      ? {}
      : { session: lists(child(node, 'session'), ['continue', 'fork']) }),
    ...lists(node, ['model']),
    ...(child(node, 'failure') === undefined ? {} : { failure }),
  };
}

function patternsOf(engine: Node): readonly (FailurePattern & { readonly at: Node['at'] })[] {
  return oneOrMany(child(engine, 'failure')).flatMap((item) => {
    const node = child(item, 'match');
    const match = stringAt(item, 'match');
    const reason = FAILURE_REASONS.find((one) => one === stringAt(item, 'reason'));
    return node === undefined || match === undefined || reason === undefined
      ? []
      : [{ match, reason, at: node.at }];
  });
}

/** The engine of a file on top of the same one of a file below: key by key, its variables one by one. */
export function mergeEngine(below: EngineConfig | undefined, engine: EngineConfig): EngineConfig {
  const env =
    below?.env === undefined && engine.env === undefined ? {} : { env: { ...below?.env, ...engine.env } };
  const declared =
    engine.declared === undefined ? {} : { declared: { ...below?.declared, ...engine.declared } };
  return { ...below, ...engine, ...env, ...declared };
}

/** Judges every engine that a file says something of. */
export function checkEngines(
  node: Node | undefined,
  source: SourceFile,
  around: Around,
  found: Diagnostic[],
): void {
  const read = readEngines(node, source.path);
  for (const { name, at, value } of entriesOf(node)) {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) continue;
    const pass = entryOf(value, 'pass');
    if (around.ofRepository === true && pass !== undefined)
      found.push(wrong(source, pass.at, name, 'pass-in-repository', 'pass'));
    found.push(...mistakesOfStart(name, value, source));
    const declares = DECLARING.map((key) => entryOf(value, key)).find((entry) => entry !== undefined);
    const isKnown = Object.hasOwn(around.below, name);
    if (isBuiltIn(name)) {
      if (declares === undefined) checkName(name, at, source, [], found);
      else found.push(wrong(source, declares.at, name, 'built-in', declares.name));
    } else if (declares === undefined && !isKnown && meantEngine(name, []) !== undefined) {
      checkName(name, at, source, [], found);
    } else {
      const whole = mergeEngine(isKnown ? around.below[name] : undefined, read[name] ?? {});
      found.push(...mistakesOf(name, { at, value }, whole, source, around));
    }
  }
}

/** Says of a name that there is no engine of that name. */
export function checkName(
  engine: string,
  at: Node['at'],
  source: SourceFile,
  declared: readonly string[],
  found: Diagnostic[],
): void {
  if (isBuiltIn(engine) || declared.includes(engine) || engine === '') return;
  const known = [...BUILT_IN_ENGINES, ...declared];
  const nearest = meantEngine(engine, declared);
  found.push(diagnose('unknown-engine', source.path, at, { engine, known, nearest }));
}

function wrong(
  source: SourceFile,
  at: Node['at'],
  engine: string,
  mistake: DeclarationMistake,
  key: string,
  detail?: string,
): Diagnostic {
  return diagnose('engine-declaration', source.path, at, { engine, mistake, key, detail });
}

/** What is wrong with how any engine is started. */
function mistakesOfStart(name: string, engine: Node, source: SourceFile): readonly Diagnostic[] {
  const [first] = oneOrMany(child(engine, 'command'));
  const program = first === undefined ? undefined : textOf(first)[0];
  // There are directories with a blank in their name, but hardly any programs.
  const isLine = program !== undefined && (/\s-/.test(program) || /^[^/]*\s/.test(program.trim()));
  const fenced = [...entriesOf(child(engine, 'env'))].filter(
    ({ value }) => value.kind === 'scalar' && /\$\{\{/.test(value.written),
  );
  return [
    ...(isLine ? [wrong(source, first?.at ?? engine.at, name, 'one-word', 'command', program)] : []),
    ...fenced.map(({ name: variable, value }) =>
      wrong(source, value.at, name, 'fence-in-env', `engines.${name}.env.${variable}`, variable),
    ),
  ];
}

/** What is wrong with a declared engine, said where this file says it, else at its name. */
function mistakesOf(
  name: string,
  { at, value }: { readonly at: Node['at']; readonly value: Node },
  { command = [name], declared = {} }: EngineConfig,
  source: SourceFile,
  { pattern }: Around,
): readonly Diagnostic[] {
  const place = (...keys: readonly string[]): Node['at'] =>
    keys.map((key) => entryOf(value, key)?.at).find((one) => one !== undefined) ?? at;
  const found: Diagnostic[] = [];
  const say = (mistake: DeclarationMistake, where: Node['at'], key: string, detail?: string): void =>
    void found.push(wrong(source, where, name, mistake, key, detail));
  const { prompt = 'stdin', output = 'text', map, session = {}, model } = declared;

  if (output === 'jsonl' && map?.text === undefined) say('no-text', place('map', 'output'), 'map');
  if (output === 'text' && map !== undefined) say('map-of-text', place('map', 'output'), 'map');
  for (const { name: field, value: path } of entriesOf(child(value, 'map'))) {
    const written = stringAt(child(value, 'map'), field) ?? '';
    if (written.split('.').includes('')) say('bad-path', path.at, `map.${field}`, written);
  }
  const named = command.slice(1).some((arg) => arg.includes('{prompt-file}'));
  if (prompt === 'file' && !named) say('no-prompt-file', place('command', 'prompt'), 'command');
  if (prompt === 'stdin' && named) say('prompt-on-stdin', place('command', 'prompt'), 'command');
  for (const { name: key, at: where } of entriesOf(child(value, 'session'))) {
    const args = session[key as 'continue' | 'fork'] ?? [];
    if (!args.some((arg) => arg.includes('{session}'))) say('no-session-id', where, `session.${key}`);
  }
  if (Object.keys(session).length > 0 && (output === 'text' || map?.session === undefined))
    say('no-session-path', place('session', 'map', 'output'), 'session');
  if (model?.some((arg) => arg.includes('{model}')) === false) say('no-model-name', place('model'), 'model');
  for (const { match, at: where } of patternsOf(value)) {
    const compiled = pattern?.(match);
    if (compiled?.ok === false) say('bad-pattern', where, 'failure', compiled.error);
    else if (compiled?.value('') !== undefined) say('idle-pattern', where, 'failure', match);
  }
  return found;
}

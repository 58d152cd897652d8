/** Turns the text of a configuration file into a configuration. */
import type { Price } from '../model/budget.ts';
import type { Config, EngineConfig, Retention, StepDefaults } from '../model/config.ts';
import { type Diagnostic, diagnose, sorted } from '../model/diagnostic.ts';
import type { SourceFile } from '../model/source.ts';
import { BUILT_IN_ENGINES } from '../model/workflow.ts';
import { meantEngine } from './agents.ts';
import { textOf } from './declarations.ts';
import { readDocument } from './document.ts';
import { validate } from './generated/config.mjs';
import { ignoresIn, settled } from './ignore.ts';
import { mergePolicies, readPolicy } from './policy.ts';
import { readRetry } from './retry.ts';
import { durationMs } from './scalars.ts';
import { shapeDiagnostics } from './shape.ts';
import { CONFIG_OWNERS } from './shape-keys.ts';
import { describe } from './shape-values.ts';
import { child, entriesOf, entryOf, type Node, oneOrMany, plainValue, stringAt } from './tree.ts';

/** The keys of an engine that make a program of one's own an engine. */
const DECLARING = ['prompt', 'output', 'map', 'access', 'session', 'failure'];

/** Parts of the configuration that are not followed yet, with what to do without them. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  notify: 'leave it out; `codemachine run --json` prints every milestone for others to act on',
};

/** Reads one configuration file, all its problems in one pass. An empty file is an empty configuration. `policy` is a file that is all policy. */
export function readConfig(
  source: SourceFile,
  as: 'config' | 'policy' = 'config',
): {
  readonly config: Config;
  readonly diagnostics: readonly Diagnostic[];
} {
  const found: Diagnostic[] = [];
  const written = readDocument(source, (diagnostic) => void found.push(diagnostic));
  const root = as === 'policy' ? under('policy', written) : written;
  if (root !== undefined && !isEmpty(root)) {
    if (root.kind === 'map') check(root, source, found);
    else {
      const help = 'start with `engines:` or `defaults:`';
      const at = { start: root.at.start, end: root.at.start };
      found.push(
        diagnose('wrong-type', source.path, at, {
          key: 'the config',
          expected: 'a mapping',
          got: describe(root),
          help,
        }),
      );
    }
  }
  return {
    config: {
      engines: readEngines(child(root, 'engines'), source.path),
      defaults: readDefaults(child(root, 'defaults')),
      ...readRetention(child(root, 'retention')),
      ...readPrices(child(root, 'prices')),
      ...policyOf(child(root, 'policy'), source),
    },
    diagnostics: settled(sorted(found), root === undefined ? [] : ignoresIn(source, root)),
  };
}

/** A file that holds what elsewhere stands under a key. */
function under(name: string, root: Node | undefined): Node | undefined {
  if (root === undefined || isEmpty(root)) return root;
  const at = { start: root.at.start, end: root.at.start };
  return { kind: 'map', at: root.at, entries: new Map([[name, { name, at, value: root }]]) };
}

function isEmpty(root: Node): boolean {
  return root.kind === 'scalar' && root.value === null;
}

function check(root: Node, source: SourceFile, found: Diagnostic[]): void {
  if (!validate(plainValue(root)))
    found.push(...shapeDiagnostics(validate.errors ?? [], root, source.path, CONFIG_OWNERS));
  for (const [key, since] of Object.entries(UNSUPPORTED)) {
    const entry = entryOf(root, key);
    if (entry !== undefined) found.push(diagnose('not-supported-yet', source.path, entry.at, { key, since }));
  }
  for (const engine of entriesOf(child(root, 'engines')))
    checkEngine(engine.name, engine.at, engine.value, source, found);
  for (const item of oneOrMany(child(child(root, 'defaults'), 'engine'))) {
    for (const name of textOf(item)) checkName(name, item.at, source, found);
  }
}

function checkEngine(
  name: string,
  at: Node['at'],
  value: Node,
  source: SourceFile,
  found: Diagnostic[],
): void {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) return;
  const declares = DECLARING.map((key) => entryOf(value, key)).find((entry) => entry !== undefined);
  const builtIn = (BUILT_IN_ENGINES as readonly string[]).includes(name);
  if (declares !== undefined || (!builtIn && meantEngine(name) === undefined)) {
    const key = declares !== undefined && builtIn ? declares.name : `engines.${name}`;
    const since = `only ${BUILT_IN_ENGINES.map((engine) => `\`${engine}\``).join(' and ')} are driven, each with \`command\`, \`env\` and \`max-parallel\``;
    found.push(
      diagnose('not-supported-yet', source.path, builtIn ? (declares?.at ?? at) : at, { key, since }),
    );
  } else checkName(name, at, source, found);
}

function checkName(engine: string, at: Node['at'], source: SourceFile, found: Diagnostic[]): void {
  if ((BUILT_IN_ENGINES as readonly string[]).includes(engine) || engine === '') return;
  found.push(
    diagnose('unknown-engine', source.path, at, {
      engine,
      known: BUILT_IN_ENGINES,
      nearest: meantEngine(engine),
    }),
  );
}

function readRetention(node: Node | undefined): { readonly retention?: Retention } {
  const [days, runs] = ['days', 'runs'].map((key) => numberAt(child(node, key)));
  if (days === undefined && runs === undefined) return {};
  return { retention: { ...(days === undefined ? {} : { days }), ...(runs === undefined ? {} : { runs }) } };
}

function readPrices(node: Node | undefined): Pick<Config, 'prices'> {
  const prices = [...entriesOf(node)].flatMap(({ name, value }): [string, Price][] => {
    const [input, output, cached] = ['input', 'output', 'cached'].map((key) => numberAt(child(value, key)));
    if (input === undefined || output === undefined) return [];
    return [[name, { input, output, ...(cached === undefined ? {} : { cached }) }]];
  });
  return prices.length === 0 ? {} : { prices: Object.fromEntries(prices) };
}

function policyOf(node: Node | undefined, source: SourceFile): Pick<Config, 'policy'> {
  const policy = readPolicy(node, source);
  return policy === undefined ? {} : { policy };
}

function numberAt(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
}

function readEngines(node: Node | undefined, file: string): Config['engines'] {
  const engines = [...entriesOf(node)].map(({ name, value }): [string, EngineConfig] => {
    const command = oneOrMany(child(value, 'command')).flatMap(textOf);
    const env = [...entriesOf(child(value, 'env'))].flatMap((entry) =>
      entry.value.kind === 'scalar' ? [[entry.name, entry.value.written] as const] : [],
    );
    const parallel = numberAt(child(value, 'max-parallel'));
    return [
      name,
      {
        ...(command.length > 0 ? { command, commandFrom: file } : {}),
        ...(env.length > 0 ? { env: Object.fromEntries(env) } : {}),
        ...(parallel === undefined ? {} : { maxParallel: parallel }),
      },
    ];
  });
  return Object.fromEntries(engines);
}

function readDefaults(node: Node | undefined): StepDefaults {
  const timeoutMs = durationMs(stringAt(node, 'timeout') ?? '');
  const shell = stringAt(node, 'shell');
  const workingDirectory = stringAt(node, 'working-directory');
  const engine = oneOrMany(child(node, 'engine')).flatMap(textOf);
  const model = stringAt(node, 'model');
  const access = (['read', 'write', 'full'] as const).find((level) => level === stringAt(node, 'access'));
  const retry = readRetry(child(node, 'retry'), undefined);
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(shell === undefined ? {} : { shell }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(engine.length > 0 ? { engine } : {}),
    ...(model === undefined ? {} : { model }),
    ...(access === undefined ? {} : { access }),
    ...(retry === undefined ? {} : { retry }),
  };
}

/** The user's configuration on top of the repository's: key by key, an engine's variables one by one. */
export function mergeConfig(repository: Config, user: Config): Config {
  const engines: Record<string, EngineConfig> = { ...repository.engines };
  for (const [name, engine] of Object.entries(user.engines)) {
    const below = Object.hasOwn(engines, name) ? engines[name] : undefined;
    const env =
      below?.env === undefined && engine.env === undefined ? {} : { env: { ...below?.env, ...engine.env } };
    engines[name] = { ...below, ...engine, ...env };
  }
  const retention = { ...repository.retention, ...user.retention };
  const prices = { ...repository.prices, ...user.prices };
  const policy = mergePolicies(repository.policy, user.policy);
  return {
    engines,
    defaults: { ...repository.defaults, ...user.defaults },
    ...(Object.keys(retention).length === 0 ? {} : { retention }),
    ...(Object.keys(prices).length === 0 ? {} : { prices }),
    ...(policy === undefined ? {} : { policy }),
  };
}

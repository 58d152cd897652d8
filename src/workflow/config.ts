/** Turns the text of a configuration file into a configuration. */
import type { Price } from '../model/budget.ts';
import {
  type Config,
  type EngineConfig,
  NOTIFY_WORDS,
  type Notification,
  type Retention,
  type StepDefaults,
} from '../model/config.ts';
import { type Diagnostic, diagnose, sorted } from '../model/diagnostic.ts';
import type { SourceFile } from '../model/source.ts';
import { type Around, checkEngines, checkName, mergeEngine, readEngines } from './config-engines.ts';
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
import { child, entriesOf, type Node, oneOrMany, plainValue, stringAt } from './tree.ts';

/**
 * Reads one configuration file, all its problems in one pass. An empty file is an empty configuration.
 * @param as `policy` is a file that is all policy
 */
export function readConfig(
  source: SourceFile,
  as: 'config' | 'policy' = 'config',
  around: Around = { below: {} },
): {
  readonly config: Config;
  readonly diagnostics: readonly Diagnostic[];
} {
  const found: Diagnostic[] = [];
  const written = readDocument(source, (diagnostic) => void found.push(diagnostic));
  const root = as === 'policy' ? under('policy', written) : written;
  if (root !== undefined && !isEmpty(root)) {
    if (root.kind === 'map') check(root, source, around, found);
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
      ...readNotify(child(root, 'notify'), source, around),
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

function check(root: Node, source: SourceFile, around: Around, found: Diagnostic[]): void {
  if (!validate(plainValue(root)))
    found.push(...shapeDiagnostics(validate.errors ?? [], root, source.path, CONFIG_OWNERS));
  const engines = child(root, 'engines');
  checkEngines(engines, source, around, found);
  const known = { ...around.below, ...readEngines(engines, source.path) };
  const declared = Object.keys(known).filter((name) => known[name]?.declared !== undefined);
  for (const item of oneOrMany(child(child(root, 'defaults'), 'engine'))) {
    for (const name of textOf(item)) checkName(name, item.at, source, declared, found);
  }
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

/** A webhook that does not answer should not keep a run. */
const NOTIFY_TIMEOUT = '30s';

function readNotify(
  node: Node | undefined,
  { path: from }: SourceFile,
  { ofRepository = false }: Around,
): Pick<Config, 'notify'> {
  const notify = oneOrMany(node).flatMap((item): Notification[] => {
    const words = oneOrMany(child(item, 'on')).flatMap(textOf);
    const on = NOTIFY_WORDS.filter((word) => words.includes(word));
    const run = stringAt(item, 'run');
    const timeoutMs = durationMs(stringAt(item, 'timeout') ?? NOTIFY_TIMEOUT);
    if (run === undefined || timeoutMs === undefined) return [];
    return [{ on, run, timeoutMs, from, ofRepository }];
  });
  return notify.length === 0 ? {} : { notify };
}

function numberAt(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
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
    engines[name] = mergeEngine(Object.hasOwn(engines, name) ? engines[name] : undefined, engine);
  }
  const retention = { ...repository.retention, ...user.retention };
  const prices = { ...repository.prices, ...user.prices };
  const policy = mergePolicies(repository.policy, user.policy);
  const notify = [...(repository.notify ?? []), ...(user.notify ?? [])];
  return {
    engines,
    defaults: { ...repository.defaults, ...user.defaults },
    ...(Object.keys(retention).length === 0 ? {} : { retention }),
    ...(Object.keys(prices).length === 0 ? {} : { prices }),
    ...(policy === undefined ? {} : { policy }),
    ...(notify.length === 0 ? {} : { notify }),
  };
}

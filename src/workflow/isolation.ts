/** Reads which steps work in a tree of their own. */
import type { Template } from '../model/expression.ts';
import type { Isolated, PromptStep } from '../model/workflow.ts';
import type { Layers } from './agents.ts';
import { complain, type Reading } from './reading.ts';
import { checkCommand } from './taint.ts';
import { readTemplate } from './template.ts';
import { child, entriesOf, entryOf, isWord, type MapNode, type Node } from './tree.ts';
import { readTreePaths } from './tree-paths.ts';

/** What one `workspace` asks for; `unclear` was complained about. */
type Mode = 'shared' | 'isolated' | 'unclear';

/** What the commands of a `workspace` can see, and who makes the step of an agent that resolves conflicts. */
export interface Around {
  readonly env: () => Readonly<Record<string, Template>>;
  readonly resolver: (conflict: MapNode) => PromptStep;
  /** Whether some step ends before; undefined where it is about no step. */
  readonly after?: boolean;
}

/**
 * What makes a step isolated; undefined where it works in the shared tree. A key of the step's own `workspace` wins over the
 * same key under `defaults`, so that a step can say `merge: never` without losing the `setup` that all have.
 */
export function readIsolated(reading: Reading, layers: Layers, around: Around): Isolated | undefined {
  const own = child(layers.step, 'workspace');
  const common = child(layers.defaults, 'workspace');
  if (own === undefined && common === undefined) return undefined;
  const mode = modeOf(own) ?? modeOf(common) ?? 'shared';
  if (mode === 'shared') refuseInShared(reading, own);
  if (mode !== 'isolated') return undefined;
  needGit(reading, modeOf(own) === undefined ? common : own);
  return readKeys(reading, own, common, around);
}

/** Judges the `workspace` of `defaults`, whether or not a step makes use of it. */
export function checkDefaultWorkspace(reading: Reading, around: Around): void {
  const common = child(child(reading.root, 'defaults'), 'workspace');
  if (common?.kind !== 'map') return;
  // Without a mode it says how those steps are isolated that ask for it.
  if (modeOf(common) === 'shared') refuseInShared(reading, common);
  else readKeys(reading, undefined, common, around);
}

function modeOf(node: Node | undefined): Mode | undefined {
  const word = node?.kind === 'map' ? child(node, 'mode') : node;
  if (word === undefined) return undefined;
  const known = word.kind === 'scalar' && (word.value === 'shared' || word.value === 'isolated');
  return known ? (word.value as Mode) : 'unclear';
}

function refuseInShared(reading: Reading, node: Node | undefined): void {
  if (node === undefined || reading.judged.has(node)) return;
  reading.judged.add(node);
  const [first, ...rest] = [...entriesOf(node)].filter(({ name }) => KEYS.has(name));
  if (first === undefined) return;
  const keys = [first, ...rest].map(({ name }) => name);
  complain(reading, 'isolated-only', first.at, { keys, said: child(node, 'mode') !== undefined });
}

/** What only a tree of its own can have. A key that is none is complained about as that. */
const KEYS: ReadonlySet<string> = new Set(['copy', 'link', 'setup', 'merge', 'on-conflict']);

function needGit(reading: Reading, said: Node | undefined): void {
  const word = said?.kind === 'map' ? child(said, 'mode') : said;
  if (reading.world.hasGit || word === undefined || reading.judged.has(word)) return;
  reading.judged.add(word);
  complain(reading, 'isolation-needs-git', word.at, {});
}

function readKeys(
  reading: Reading,
  own: Node | undefined,
  common: Node | undefined,
  around: Around,
): Isolated {
  const at = (key: string) => child(own, key) ?? child(common, key);
  const setup = readCommand(reading, at('setup'), '`setup`', around.env);
  const never = isWord(at('merge'), 'never');
  if (never) refuseUnmerged(reading, own, common);
  const conflict = at('on-conflict');
  // Judged in any case: what stands in the file has to be right.
  const resolved = conflict?.kind === 'map' ? readResolution(reading, conflict, around) : undefined;
  return {
    copy: readTreePaths(reading, at('copy'), 'copy', around.after),
    link: readTreePaths(reading, at('link'), 'link', around.after),
    ...(setup === undefined ? {} : { setup }),
    merge: never ? 'never' : 'auto',
    ...(never || resolved === undefined ? {} : { onConflict: resolved }),
  };
}

// A step that is not merged may do so beside an `on-conflict` that stands under `defaults` for the others.
function refuseUnmerged(reading: Reading, own: Node | undefined, common: Node | undefined): void {
  const inherited = entryOf(own, 'merge') === undefined;
  const entry = entryOf(own, 'on-conflict') ?? (inherited ? entryOf(common, 'on-conflict') : undefined);
  if (entry === undefined || reading.judged.has(entry.value)) return;
  reading.judged.add(entry.value);
  const apart = inherited && entryOf(own, 'on-conflict') !== undefined;
  complain(reading, 'never-merged', entry.at, { apart });
}

// Its checks are part of what the agent does, so they see what it sees.
function readResolution(reading: Reading, conflict: MapNode, { resolver }: Around): Isolated['onConflict'] {
  const agent = resolver(conflict);
  const list = child(conflict, 'checks');
  const items = list?.kind === 'list' ? list.items : [];
  const env = () => agent.env;
  return { agent, checks: items.flatMap((item) => readCommand(reading, item, '`checks`', env) ?? []) };
}

/** A shell command at another key than `run`; what stands there is fixed. */
export function readCommand(
  reading: Reading,
  node: Node | undefined,
  key: string,
  env: Around['env'],
): string | undefined {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  if (node.value.includes('${{') && !reading.judged.has(node)) {
    reading.judged.add(node);
    const template = readTemplate(node.text(), reading.source.path, reading.report);
    for (const found of checkCommand(template, key, env(), reading.source.path)) reading.report(found);
  }
  return node.value;
}

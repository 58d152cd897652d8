/** Finds out which engine does a step with which settings. */
import { BUILT_IN_ENGINES } from '../model/workflow.ts';
import { choiceNamed } from './choices.ts';
import { isFence, readMcp } from './declarations.ts';
import { complain, type Reading } from './reading.ts';
import { nearest } from './suggest.ts';
import { child, entriesOf, type Node, oneOrMany } from './tree.ts';

/** Where a step's settings are looked for, first to last: the step, its agent, the workflow's defaults. */
export interface Layers {
  readonly step: Node;
  readonly agent: Node | undefined;
  readonly defaults: Node | undefined;
}

/** Judges every agent, used or not, and the engine of `defaults`. */
export function checkAgents(reading: Reading): void {
  const { root } = reading;
  for (const agent of entriesOf(child(root, 'agents'))) {
    checkEngines(reading, child(agent.value, 'engine'));
    readMcp(reading, child(agent.value, 'mcp'));
  }
  checkEngines(reading, child(child(root, 'defaults'), 'engine'));
}

/**
 * The layers of a prompt step; its agent is looked up, and complained about when there is none of that name. `declared` agents
 * are named by what can say nothing of an engine itself.
 */
export function layersOf(reading: Reading, step: Node, declared = false): Layers {
  const agents = child(reading.root, 'agents');
  const named = child(step, 'agent');
  const defaults = child(reading.root, 'defaults');
  let agent: Node | undefined;
  if (named?.kind === 'scalar' && typeof named.value === 'string' && named.value !== '') {
    if (isFence(named)) fromData(reading, named, 'agent');
    else {
      agent = child(agents, named.value);
      if (agent === undefined && (agents === undefined || agents.kind === 'map')) {
        const known = [...entriesOf(agents)].map(({ name }) => name);
        complain(reading, 'unknown-agent', named.at, {
          agent: named.value,
          nearest: nearest(named.value, known),
          known,
          declared,
        });
        reading.opaque.add(step);
      }
    }
  }
  return { step, agent, defaults };
}

/** The value of a key that an agent may have too, then `defaults`. */
export function settingOf(layers: Layers, key: string): Node | undefined {
  return child(layers.step, key) ?? child(layers.agent, key) ?? child(layers.defaults, key);
}

/** The engines of a prompt step in the order in which they are tried. */
export function enginesOf(reading: Reading, layers: Layers, kindKey: Node): readonly string[] {
  checkEngines(reading, child(layers.step, 'engine'));
  const node = settingOf(layers, 'engine');
  if (node !== undefined) {
    return oneOrMany(node).flatMap((item) =>
      item.kind === 'scalar' && !isFence(item) ? [item.written] : [],
    );
  }
  const configured = reading.world.config.defaults.engine;
  if (configured !== undefined) return configured;
  // An agent that does not exist has no engine either: one mistake.
  if (child(layers.step, 'agent') !== undefined && layers.agent === undefined) return [];
  const agentName = child(layers.step, 'agent');
  complain(reading, 'no-engine', agentName?.at ?? kindKey.at, {});
  return [];
}

function checkEngines(reading: Reading, node: Node | undefined): void {
  for (const item of oneOrMany(node)) {
    if (
      item.kind !== 'scalar' ||
      typeof item.value !== 'string' ||
      item.value === '' ||
      reading.judged.has(item)
    )
      continue;
    reading.judged.add(item);
    const engine = item.value;
    if (isFence(item)) fromData(reading, item, 'engine');
    else if (!(BUILT_IN_ENGINES as readonly string[]).includes(engine)) {
      const declared = declaredIn(reading);
      if (declared.includes(engine)) continue;
      complain(reading, 'unknown-engine', item.at, {
        engine,
        known: [...BUILT_IN_ENGINES, ...declared],
        nearest: meantEngine(engine, declared),
      });
    }
  }
}

/** What people call the engines. */
const SHORT_NAMES: Readonly<Record<string, string | undefined>> = {
  claude: 'claude-code',
  'codex-cli': 'codex',
  openai: 'codex',
  'open-code': 'opencode',
  'opencode-ai': 'opencode',
  'aider-chat': 'aider',
  'block-goose': 'goose',
  'gemini-cli': 'gemini',
  google: 'gemini',
  anthropic: 'claude-code',
};

/** The names of the engines that the configuration declares. */
function declaredIn({ world }: Reading): readonly string[] {
  return Object.entries(world.config.engines).flatMap(([name, { declared }]) =>
    declared === undefined ? [] : [name],
  );
}

/** The engine that somebody who wrote `name` most likely meant, of the built-in and the declared ones. */
export function meantEngine(name: string, declared: readonly string[]): string | undefined {
  return SHORT_NAMES[name.toLowerCase()] ?? nearest(name, [...BUILT_IN_ENGINES, ...declared]);
}

// Where a choice may name it, the step is read for each option, and this is not come to.
function fromData(reading: Reading, node: Node, key: 'agent' | 'engine'): void {
  if (node.kind !== 'scalar') return;
  const spec = choiceNamed(reading, node.written);
  complain(reading, 'engine-from-data', node.at, { key, choice: spec !== undefined });
}

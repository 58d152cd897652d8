/** Builds the steps, with every shorthand resolved. */
import { literal } from '../model/expression.ts';
import type { GateStep, LoopStep, OutputType, RunStep, Step, UsesStep } from '../model/workflow.ts';
import { type Layers, settingOf } from './agents.ts';
import { checkCache } from './cache.ts';
import { isFence } from './declarations.ts';
import { readGate } from './gates.ts';
import { isolation } from './isolated-steps.ts';
import { readLoop } from './loops.ts';
import type { Place } from './order.ts';
import { readPromptStep } from './prompt-steps.ts';
import { complain, type Reading, templateAt } from './reading.ts';
import { linkReduces, readReduceStep } from './reduces.ts';
import { type Ground, isAfter, readCommon } from './step-common.ts';
import { nearest } from './suggest.ts';
import { child, entriesOf, type ListNode, type MapNode, type Node } from './tree.ts';
import { readUses } from './uses.ts';

const SHELLS = ['bash', 'sh', 'pwsh', 'python', 'node'];

/**
 * The steps of a list. A step that something is wrong with, or that is not run yet, is built from what is right about it,
 * so that the order of the others and their references can still be judged.
 */
export function readSteps(ground: Ground, list: Node | undefined): readonly Step[] {
  if (list?.kind !== 'list') return [];
  const written = (list as ListNode).items.flatMap((node) => {
    const place = ground.places.get(node);
    if (node.kind !== 'map' || place === undefined) return [];
    const step = readStep(ground, node, place);
    checkCache(ground.reading, node, step);
    return [{ node, step }];
  });
  return linkReduces(ground.reading, written);
}

function readStep(ground: Ground, node: MapNode, place: Place): Step {
  switch (ground.kinds.get(node)) {
    case 'prompt':
      return readPromptStep(ground, node, place);
    case 'gate':
      return readGateStep(ground, node, place);
    case 'loop':
      return readLoopStep(ground, node, place);
    case 'reduce':
      return readReduceStep(ground, node, place);
    case 'uses':
      return readUsesStep(ground, node, place);
    default:
      return readRun(ground, node, place);
  }
}

function readRun(ground: Ground, node: Node, place: Place): RunStep {
  const { reading } = ground;
  const layers: Layers = { step: node, agent: undefined, defaults: child(reading.root, 'defaults') };
  const shell = readShell(reading, settingOf(layers, 'shell')) ?? reading.world.config.defaults.shell;
  const outputs = [...entriesOf(child(node, 'outputs'))].flatMap(({ name, value }) =>
    value.kind === 'scalar' ? [[name, value.written as OutputType] as const] : [],
  );
  return {
    ...readCommon(ground, node, place, layers, 'run'),
    kind: 'run',
    script: templateAt(reading, node, 'run') ?? literal('', node.at),
    ...(shell === undefined ? {} : { shell }),
    outputs: Object.fromEntries(outputs),
    ...isolation(ground, layers, place),
  };
}

/** Nothing of `defaults` holds for a gate: it starts nothing, makes one attempt, and has a time of its own. */
function readGateStep(ground: Ground, node: MapNode, place: Place): GateStep {
  const layers: Layers = { step: node, agent: undefined, defaults: undefined };
  const { timeoutMs: _, workingDirectory: __, ...common } = readCommon(ground, node, place, layers, 'run');
  const once = { ...common.retry, attempts: 1, on: [] };
  return { ...common, retry: once, kind: 'gate', ...readGate(ground.reading, node) };
}

/** A loop. Its variables are those of its body, whose steps stand above them. */
function readLoopStep(ground: Ground, node: MapNode, place: Place): LoopStep {
  const layers: Layers = { step: node, agent: undefined, defaults: undefined };
  const { workingDirectory: _, timeoutMs: __, ...common } = readCommon(ground, node, place, layers, 'run');
  const steps = readSteps(
    {
      ...ground,
      env: common.env,
      inLoop: true,
      after: isAfter(ground, place),
      ...(common.written === undefined ? {} : { written: common.written }),
    },
    child(child(node, 'loop'), 'steps'),
  );
  const retry = { ...common.retry, attempts: 1 };
  return { ...common, retry, kind: 'loop', ...readLoop(ground.reading, node), steps };
}

/** A used workflow. Its file has its own defaults. */
function readUsesStep(ground: Ground, node: MapNode, place: Place): UsesStep | RunStep {
  const layers: Layers = { step: node, agent: undefined, defaults: undefined };
  const { workingDirectory: _, timeoutMs: __, ...common } = readCommon(ground, node, place, layers, 'run');
  const used = readUses(ground.reading, node, common.env, ground.inFinally === true);
  if (used === undefined) return readRun(ground, node, place);
  return { ...common, retry: { ...common.retry, attempts: 1 }, kind: 'uses', ...used };
}

function readShell(reading: Reading, node: Node | undefined): string | undefined {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const shell = node.value;
  if (
    !SHELLS.includes(shell) &&
    !shell.includes('{0}') &&
    !isFence(node) &&
    shell !== '' &&
    !reading.judged.has(node)
  ) {
    reading.judged.add(node);
    complain(reading, 'bad-shell', node.at, { shell, nearest: nearest(shell, SHELLS) });
  }
  return shell;
}

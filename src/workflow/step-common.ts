/** Reads what every step has, whatever its kind. */
import { literal, type Template } from '../model/expression.ts';
import type { StepCommon } from '../model/workflow.ts';
import { durationAt } from './agent-settings.ts';
import { type Layers, settingOf } from './agents.ts';
import { readArtifacts } from './artifacts.ts';
import { readCache } from './cache.ts';
import { isFence, isTrue, readEnv } from './declarations.ts';
import { matrixOf } from './matrix.ts';
import type { Place } from './order.ts';
import { complain, expressionOf, type Reading, templateAt, templateOf } from './reading.ts';
import { defaultRetry, readRetry } from './retry.ts';
import { leadsOut } from './scalars.ts';
import type { Kind } from './shape-keys.ts';
import { callsStatusFunction } from './template.ts';
import { child, type Node, stringAt } from './tree.ts';

const AGENT_TIMEOUT_MS = 3_600_000;

/** What the steps of a file are built from. */
export interface Ground {
  readonly reading: Reading;
  readonly kinds: ReadonlyMap<Node, Kind>;
  readonly places: ReadonlyMap<Node, Place>;
  readonly env: Readonly<Record<string, Template>>;
  /** Whether some step ends before the first of them starts. */
  readonly after?: boolean;
  /** Whether the steps are the body of a loop. */
  readonly inLoop?: boolean;
  /** Whether they are those of `finally`. */
  readonly inFinally?: boolean;
  /** The `written` of the loop around them. */
  readonly written?: readonly string[];
}

/** Whether some step ends before this one starts. */
export function isAfter(ground: Ground, { needs }: Place): boolean {
  return ground.after === true || needs.length > 0;
}

/** What a step of any kind says of itself. */
export function readCommon(
  ground: Ground,
  node: Node,
  place: Place,
  layers: Layers,
  kind: 'run' | 'prompt',
): StepCommon {
  const { reading } = ground;
  const name = stringAt(node, 'name');
  const condition = expressionOf(reading, child(node, 'if'));
  const directory = readDirectory(reading, layers);
  const concurrency = templateAt(reading, node, 'concurrency');
  const timeoutMs =
    durationAt(reading, settingOf(layers, 'timeout'), '`timeout`') ??
    reading.world.config.defaults.timeoutMs ??
    (kind === 'prompt' ? AGENT_TIMEOUT_MS : undefined);
  return {
    ...place,
    at: node.at,
    ...(name === undefined ? {} : { name }),
    ...(condition === undefined ? {} : { if: condition }),
    ifDecides: condition !== undefined && callsStatusFunction(condition),
    env: mergedEnv(ground, layers),
    ...(directory === undefined ? {} : { workingDirectory: directory }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry:
      readRetry(settingOf(layers, 'retry'), kind) ?? defaultRetry(reading.world.config.defaults.retry, kind),
    continueOnError: isTrue(child(node, 'continue-on-error')),
    ...readArtifacts(reading, node),
    ...readCache(reading, node),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...matrixOf(reading, node, ground.written),
  };
}

// Steps without variables of their own share one mapping; ten thousand of them are not ten thousand copies.
/** The variables that a step sees. */
export function mergedEnv(ground: Ground, layers: Layers): Readonly<Record<string, Template>> {
  const agent = child(layers.agent, 'env');
  const own = child(layers.step, 'env');
  if (agent === undefined && own === undefined) return ground.env;
  return { ...ground.env, ...readEnv(ground.reading, agent), ...readEnv(ground.reading, own) };
}

function readDirectory(reading: Reading, layers: Layers): Template | undefined {
  const node = settingOf(layers, 'working-directory');
  const configured = reading.world.config.defaults.workingDirectory;
  if (node === undefined)
    return configured === undefined ? undefined : literal(configured, { start: 0, end: 0 });
  if (node.kind === 'scalar' && !isFence(node) && leadsOut(node.written) && !reading.judged.has(node)) {
    reading.judged.add(node);
    complain(reading, 'outside-workspace', node.at, { key: '`working-directory`', value: node.written });
  }
  return templateOf(reading, node);
}

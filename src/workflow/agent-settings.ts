/** Reads how an agent is to work, wherever that is said. */
import { literal } from '../model/expression.ts';
import type { Access, PromptStep } from '../model/workflow.ts';
import { type Layers, settingOf } from './agents.ts';
import { readMcp, textOf } from './declarations.ts';
import { complain, type Reading, templateOf } from './reading.ts';
import { durationMs } from './scalars.ts';
import { child, type Node } from './tree.ts';

const IDLE_TIMEOUT_MS = 600_000;
const QUOTA_WAIT_MS = 6 * 3_600_000;

/** How far an agent may reach, and whether anything says so. A level that is none was said, and complained about. */
export function readAccess(
  reading: Reading,
  layers: Layers,
): { readonly access: Access; readonly said: boolean } {
  const node = settingOf(layers, 'access');
  const access = textIn(node, ['read', 'write', 'full'] as const) ?? reading.world.config.defaults.access;
  return { access: access ?? 'read', said: node !== undefined || access !== undefined };
}

/** How long an agent is waited for. */
export function readWaits(
  reading: Reading,
  layers: Layers,
): Pick<PromptStep, 'idleTimeoutMs' | 'quotaWaitMs'> {
  return {
    idleTimeoutMs:
      durationAt(reading, settingOf(layers, 'idle-timeout'), '`idle-timeout`') ?? IDLE_TIMEOUT_MS,
    quotaWaitMs: durationAt(reading, settingOf(layers, 'quota-wait'), '`quota-wait`') ?? QUOTA_WAIT_MS,
  };
}

type Settings = Pick<
  PromptStep,
  'model' | 'effort' | 'network' | 'tools' | 'mcp' | 'system' | 'maxTurns' | 'onQuota'
>;

/** What is handed to the engine. What only the step itself can say comes on top. */
export function readSettings(reading: Reading, layers: Layers): Settings {
  const configured = reading.world.config.defaults.model;
  const model =
    templateOf(reading, settingOf(layers, 'model')) ??
    (configured === undefined ? undefined : literal(configured, { start: 0, end: 0 }));
  const turns = settingOf(layers, 'max-turns');
  const tools = settingOf(layers, 'tools');
  return defined({
    model,
    effort: textIn(settingOf(layers, 'effort'), ['low', 'medium', 'high', 'max'] as const),
    network: textIn(settingOf(layers, 'network'), ['on', 'off'] as const),
    tools:
      tools === undefined
        ? undefined
        : defined({ allow: texts(child(tools, 'allow')), deny: texts(child(tools, 'deny')) }),
    mcp: readMcp(reading, settingOf(layers, 'mcp')),
    system: templateOf(reading, settingOf(layers, 'system')),
    maxTurns: turns?.kind === 'scalar' && typeof turns.value === 'number' ? turns.value : undefined,
    onQuota: textIn(settingOf(layers, 'on-quota'), ['wait', 'fallback', 'fail'] as const),
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function texts(node: Node | undefined): readonly string[] | undefined {
  return node?.kind === 'list' ? node.items.flatMap(textOf) : undefined;
}

function textIn<T extends string>(node: Node | undefined, words: readonly T[]): T | undefined {
  return node?.kind === 'scalar' ? words.find((word) => word === node.value) : undefined;
}

/** A duration in milliseconds; one of nothing at all is complained about. */
export function durationAt(reading: Reading, node: Node | undefined, key: string): number | undefined {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const ms = durationMs(node.value);
  if (ms === 0 && !reading.judged.has(node)) {
    reading.judged.add(node);
    complain(reading, 'out-of-range', node.at, {
      key,
      limit: 'longer than nothing',
      better: 'write `90s`, `30m` or `2h`, or leave the key out',
    });
  }
  return ms;
}

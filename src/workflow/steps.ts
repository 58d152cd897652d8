/** Builds the steps, with every shorthand resolved. */
import type { Template } from '../model/expression.ts';
import { literal } from '../model/expression.ts';
import type { JsonObject } from '../model/result.ts';
import {
  isWriter,
  type OutputType,
  type PromptStep,
  type RunStep,
  type Step,
  type StepCommon,
} from '../model/workflow.ts';
import { enginesOf, type Layers, layersOf, settingOf } from './agents.ts';
import { isFence, isTrue, readEnv, readMcp, textOf } from './declarations.ts';
import type { Place } from './order.ts';
import {
  complain,
  expressionOf,
  fileText,
  type Reading,
  readNamedFile,
  templateAt,
  templateOf,
} from './reading.ts';
import { defaultRetry, readRetry } from './retry.ts';
import { durationMs, leadsOut } from './scalars.ts';
import { KIND_KEYS, type Kind } from './shape-keys.ts';
import { nearest } from './suggest.ts';
import { callsStatusFunction, readTemplate } from './template.ts';
import { child, entriesOf, entryOf, type ListNode, type Node, plainValue, stringAt } from './tree.ts';

const AGENT_TIMEOUT_MS = 3_600_000;
const IDLE_TIMEOUT_MS = 600_000;
const QUOTA_WAIT_MS = 6 * 3_600_000;
const SHELLS = ['bash', 'sh', 'pwsh', 'python', 'node'];

/** What the steps of a file are built from. */
export interface Ground {
  readonly reading: Reading;
  readonly kinds: ReadonlyMap<Node, Kind>;
  readonly places: ReadonlyMap<Node, Place>;
  readonly env: Readonly<Record<string, Template>>;
}

/**
 * The steps of a list. A step that something is wrong with, or that is not run yet, is built from what is right about it,
 * so that the order of the others and their references can still be judged.
 */
export function readSteps(ground: Ground, list: Node | undefined): readonly Step[] {
  if (list?.kind !== 'list') return [];
  return (list as ListNode).items.flatMap((node) => {
    const place = ground.places.get(node);
    if (node.kind !== 'map' || place === undefined) return [];
    return [
      ground.kinds.get(node) === 'prompt' ? readPrompt(ground, node, place) : readRun(ground, node, place),
    ];
  });
}

function readCommon(
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
  };
}

// Steps without variables of their own share one mapping; ten thousand of them are not ten thousand copies.
function mergedEnv(ground: Ground, layers: Layers): Readonly<Record<string, Template>> {
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

function durationAt(reading: Reading, node: Node | undefined, key: string): number | undefined {
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
  };
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

function readPrompt(ground: Ground, node: Node, place: Place): PromptStep {
  const { reading } = ground;
  const layers = layersOf(reading, node);
  const kindKey = KIND_KEYS.map((key) => entryOf(node, key)).find((entry) => entry !== undefined);
  const kindAt = kindKey?.at ?? node.at;
  const accessNode = settingOf(layers, 'access');
  const access =
    textIn(accessNode, ['read', 'write', 'full'] as const) ?? reading.world.config.defaults.access;
  // A level that is none was said, and complained about.
  const accessSaid = accessNode !== undefined || access !== undefined;
  const agentKnown = child(node, 'agent') === undefined || layers.agent !== undefined;
  if (!accessSaid && agentKnown) complain(reading, 'access-unsaid', kindAt, {});
  const agent = stringAt(node, 'agent');
  const step: PromptStep = {
    ...readCommon(ground, node, place, layers, 'prompt'),
    kind: 'prompt',
    ...(agent === undefined ? {} : { agent }),
    prompt: readPromptText(reading, node) ?? literal('', node.at),
    engines: enginesOf(reading, layers, { kind: 'scalar', at: kindAt } as Node),
    access: access ?? 'read',
    accessSaid,
    idleTimeoutMs:
      durationAt(reading, settingOf(layers, 'idle-timeout'), '`idle-timeout`') ?? IDLE_TIMEOUT_MS,
    quotaWaitMs: durationAt(reading, settingOf(layers, 'quota-wait'), '`quota-wait`') ?? QUOTA_WAIT_MS,
    undo: stringAt(node, 'undo') !== 'never',
    ...readSettings(reading, node, layers),
  };
  if (isWriter(step) && step.undo && !reading.world.hasGit)
    complain(reading, 'no-git', kindAt, { step: step.id });
  return step;
}

type Settings = Pick<
  PromptStep,
  'model' | 'effort' | 'network' | 'tools' | 'mcp' | 'system' | 'maxTurns' | 'output' | 'onQuota'
>;

function readSettings(reading: Reading, node: Node, layers: Layers): Settings {
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
    output: readAnswer(reading, child(node, 'output')),
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

function readPromptText(reading: Reading, node: Node): Template | undefined {
  const named = child(node, 'prompt-file');
  if (named === undefined) return templateAt(reading, node, 'prompt');
  if (named.kind !== 'scalar' || typeof named.value !== 'string' || named.value === '' || isFence(named))
    return undefined;
  const file = readNamedFile(reading, named, 'write the path of the prompt relative to this workflow file');
  return file === undefined ? undefined : readTemplate(fileText(file), reading.source.path, reading.report);
}

function readAnswer(reading: Reading, node: Node | undefined): JsonObject | undefined {
  if (node?.kind === 'map') return plainValue(node) as JsonObject;
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '' || isFence(node))
    return undefined;
  const file = readNamedFile(reading, node, 'write the path of the schema relative to this workflow file');
  if (file === undefined) return undefined;
  const value = parsedJson(file.text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  const problem = value === undefined ? 'it is not JSON' : 'it holds no object';
  if (!reading.judged.has(node)) complain(reading, 'bad-schema-file', node.at, { file: file.path, problem });
  reading.judged.add(node);
  return undefined;
}

// What the JavaScript engine says about broken JSON differs from version to version.
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

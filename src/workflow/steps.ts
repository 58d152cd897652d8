/** Builds the steps, with every shorthand resolved. */
import type { Template } from '../model/expression.ts';
import { literal } from '../model/expression.ts';
import { asStepId } from '../model/ids.ts';
import {
  type GateStep,
  type Isolated,
  isWriter,
  type LoopStep,
  type OutputType,
  type PromptStep,
  type RunStep,
  type Step,
  type StepCommon,
} from '../model/workflow.ts';
import { durationAt, readAccess, readSettings, readWaits } from './agent-settings.ts';
import { enginesOf, type Layers, layersOf, settingOf } from './agents.ts';
import { readAnswer } from './answer-file.ts';
import { readArtifacts } from './artifacts.ts';
import { isFence, isTrue, readEnv } from './declarations.ts';
import { readGate } from './gates.ts';
import { checkDefaultWorkspace, readIsolated } from './isolation.ts';
import { readLoop, readSession } from './loops.ts';
import { fanOut, matrixOf, once, withValue } from './matrix.ts';
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
import { leadsOut } from './scalars.ts';
import { KIND_KEYS, type Kind } from './shape-keys.ts';
import { nearest } from './suggest.ts';
import { callsStatusFunction, readTemplate } from './template.ts';
import {
  child,
  entriesOf,
  entryOf,
  isWord,
  type ListNode,
  type MapNode,
  type Node,
  stringAt,
} from './tree.ts';

const AGENT_TIMEOUT_MS = 3_600_000;
const SHELLS = ['bash', 'sh', 'pwsh', 'python', 'node'];

/** What the steps of a file are built from. */
export interface Ground {
  readonly reading: Reading;
  readonly kinds: ReadonlyMap<Node, Kind>;
  readonly places: ReadonlyMap<Node, Place>;
  readonly env: Readonly<Record<string, Template>>;
  /** Whether the steps are the body of a loop. */
  readonly inLoop?: boolean;
  /** The `written` of the loop around them. */
  readonly written?: readonly string[];
}

/**
 * The steps of a list. A step that something is wrong with, or that is not run yet, is built from what is right about it,
 * so that the order of the others and their references can still be judged.
 */
export function readSteps(ground: Ground, list: Node | undefined): readonly Step[] {
  if (list?.kind !== 'list') return [];
  return (list as ListNode).items.flatMap((node): readonly Step[] => {
    const place = ground.places.get(node);
    if (node.kind !== 'map' || place === undefined) return [];
    switch (ground.kinds.get(node)) {
      case 'prompt':
        return [readPromptStep(ground, node, place)];
      case 'gate':
        return [readGateStep(ground, node, place)];
      case 'loop':
        return [readLoopStep(ground, node, place)];
      default:
        return [readRun(ground, node, place)];
    }
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
    ...readArtifacts(reading, node),
    ...matrixOf(reading, node, ground.written),
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
      ...(common.written === undefined ? {} : { written: common.written }),
    },
    child(child(node, 'loop'), 'steps'),
  );
  const retry = { ...common.retry, attempts: 1 };
  return { ...common, retry, kind: 'loop', ...readLoop(ground.reading, node), steps };
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

/** Where an axis of the matrix names who does it, the step is read for each: what one cannot do is complained about once. */
function readPromptStep(ground: Ground, node: MapNode, place: Place): PromptStep {
  const fan = fanOut(node);
  if (fan === undefined) return readPrompt(ground, node, place);
  const own = { ...ground, reading: { ...ground.reading, report: once(ground.reading.report) } };
  const read = fan.values.map(
    (value) => [value, readPrompt(own, withValue(node, fan.key, value), place)] as const,
  );
  const first = read[0]?.[1] ?? readPrompt(own, node, place);
  return { ...first, variants: { axis: fan.axis, steps: Object.fromEntries(read) } };
}

function readPrompt(ground: Ground, node: Node, place: Place): PromptStep {
  const { reading } = ground;
  const layers = layersOf(reading, node);
  const kindKey = KIND_KEYS.map((key) => entryOf(node, key)).find((entry) => entry !== undefined);
  const kindAt = kindKey?.at ?? node.at;
  const { access, said: accessSaid } = readAccess(reading, layers);
  const agentKnown = child(node, 'agent') === undefined || layers.agent !== undefined;
  if (!accessSaid && agentKnown) complain(reading, 'access-unsaid', kindAt, {});
  const agent = stringAt(node, 'agent');
  const output = readAnswer(reading, child(node, 'output'));
  const isolated = isolation(ground, layers, place);
  const step: PromptStep = {
    ...readCommon(ground, node, place, layers, 'prompt'),
    kind: 'prompt',
    ...(agent === undefined ? {} : { agent }),
    prompt: readPromptText(reading, node) ?? literal('', node.at),
    engines: enginesOf(reading, layers, { kind: 'scalar', at: kindAt } as Node),
    access,
    accessSaid,
    ...readWaits(reading, layers),
    undo: stringAt(node, 'undo') !== 'never',
    ...readSettings(reading, layers),
    ...(output === undefined ? {} : { output }),
    ...isolated,
    ...readSession(ground.reading, node, { inLoop: ground.inLoop === true, ...isolated }),
  };
  const undo = entryOf(node, 'undo');
  if (step.isolated !== undefined && !step.undo && undo !== undefined)
    complain(reading, 'undo-says-nothing', undo.at, {});
  if (isWriter(step) && step.undo && !reading.world.hasGit)
    complain(reading, 'no-git', kindAt, { step: step.id });
  return step;
}

function isolation(ground: Ground, layers: Layers, place: Place): { readonly isolated?: Isolated } {
  const env = () => mergedEnv(ground, layers);
  const resolver = (conflict: MapNode) => readResolver(ground, conflict, place);
  const isolated = readIsolated(ground.reading, layers, { env, resolver });
  return isolated === undefined ? {} : { isolated };
}

/** Judges what `defaults` say of isolated steps, whether or not there are any. */
export function checkDefaults(ground: Ground): void {
  const at = { start: 0, end: 0 };
  const place: Place = { id: asStepId('defaults'), declared: false, needs: [], needsAt: at };
  const resolver = (conflict: MapNode) => readResolver(ground, conflict, place);
  checkDefaultWorkspace(ground.reading, { env: () => ground.env, resolver });
}

/**
 * The agent under `on-conflict`, as a step of its own. It knows the variables of the workflow and of the agent and not those of
 * the step whose change it merges: that one's secrets were never meant for it. It stands at the root, where conflicts are named from.
 */
function readResolver(ground: Ground, conflict: MapNode, { id }: Place): PromptStep {
  const { reading } = ground;
  const layers = layersOf(reading, conflict, true);
  const own = { id: asStepId(`${id}.on-conflict`), declared: false, needs: [], needsAt: conflict.at };
  const { workingDirectory: _, ...common } = readCommon(ground, conflict, own, layers, 'prompt');
  const { access, said } = readAccess(reading, layers);
  const name = child(conflict, 'agent');
  const agent = stringAt(conflict, 'agent');
  const level = settingOf(layers, 'access');
  // A level that is none was complained about.
  const reads = access === 'read' && (level === undefined || isWord(level, 'read'));
  if (reads && layers.agent !== undefined && name !== undefined && agent !== undefined)
    complain(reading, 'resolver-only-reads', name.at, { agent, said });
  return {
    ...common,
    kind: 'prompt',
    ...(agent === undefined ? {} : { agent }),
    prompt: literal('', conflict.at),
    // Who is not named has no engine either: one mistake.
    engines: agent === undefined ? [] : enginesOf(reading, layers, conflict),
    access,
    accessSaid: said,
    ...readWaits(reading, layers),
    undo: true,
    ...readSettings(reading, layers),
  };
}

function readPromptText(reading: Reading, node: Node): Template | undefined {
  const named = child(node, 'prompt-file');
  if (named === undefined) return templateAt(reading, node, 'prompt');
  if (named.kind !== 'scalar' || typeof named.value !== 'string' || named.value === '' || isFence(named))
    return undefined;
  const file = readNamedFile(reading, named, 'write the path of the prompt relative to this workflow file');
  return file === undefined ? undefined : readTemplate(fileText(file), reading.source.path, reading.report);
}

/** Reads the steps that make one result of a matrix's instances. */
import { literal } from '../model/expression.ts';
import { asStepId } from '../model/ids.ts';
import type { Isolated, PromptStep, ReduceStep, Step } from '../model/workflow.ts';
import { REDUCE_MODES } from '../model/workflow.ts';
import { readSettings, readWaits } from './agent-settings.ts';
import { enginesOf, layersOf, settingOf } from './agents.ts';
import { answer } from './expression-ancestors.ts';
import { readCommand } from './isolation.ts';
import { once } from './matrix.ts';
import type { Place } from './order.ts';
import { complain, type Reading, templateAt } from './reading.ts';
import { type Ground, readCommon } from './step-common.ts';
import { nearest } from './suggest.ts';
import { child, entryOf, isWord, type MapNode, type Node, stringAt } from './tree.ts';

/** A reduce as it stands there; what it takes from its matrix step comes with `linkReduces`. */
export function readReduceStep(ground: Ground, node: MapNode, place: Place): ReduceStep {
  const reading = { ...ground.reading, report: once(ground.reading.report) };
  const own = { ...ground, reading };
  const reduce = child(node, 'reduce');
  const layers = { step: node, agent: undefined, defaults: child(reading.root, 'defaults') };
  const common = withoutTree(readCommon(own, node, place, layers, 'prompt'));
  const rubric = templateAt(reading, reduce, 'rubric');
  const mode = REDUCE_MODES.find((one) => one === stringAt(reduce, 'mode')) ?? 'compare';
  const checks = child(reduce, 'checks');
  if (checks !== undefined && mode !== 'best-of' && isWord(child(reduce, 'mode'), mode))
    complain(reading, 'checks-without-best-of', entryOf(reduce, 'checks')?.at ?? checks.at, { mode });
  const items = checks?.kind === 'list' ? checks.items : [];
  return {
    ...common,
    kind: 'reduce',
    from: asStepId(stringAt(reduce, 'from') ?? ''),
    mode,
    judge: readJudge(own, node, place),
    ...(rubric === undefined ? {} : { rubric }),
    checks: items.flatMap((item) => readCommand(reading, item, '`checks`', () => common.env) ?? []),
  };
}

function withoutTree<C extends ReturnType<typeof readCommon>>(
  common: C,
): Omit<C, 'workingDirectory' | 'artifacts' | 'matrix'> {
  const { workingDirectory: _, artifacts: __, matrix: ___, ...rest } = common;
  return rest;
}

/** The judge, as a step of its own. It reads, however far its agent may reach elsewhere. */
function readJudge(ground: Ground, node: MapNode, place: Place): PromptStep {
  const { reading } = ground;
  const reduce = child(node, 'reduce') ?? node;
  const named = layersOf(reading, reduce, true);
  const id = asStepId(`${place.id}:judge`);
  const own = { ...place, id, declared: false, needs: [] };
  const { if: _, ...common } = withoutTree(readCommon(ground, node, own, { ...named, step: node }, 'prompt'));
  const agent = stringAt(reduce, 'agent');
  return {
    ...common,
    kind: 'prompt',
    ifDecides: false,
    continueOnError: false,
    ...(agent === undefined ? {} : { agent }),
    prompt: literal('', node.at),
    engines: enginesOfJudge(reading, node, reduce),
    access: 'read',
    accessSaid: true,
    ...readWaits(reading, named),
    undo: true,
    ...readSettings(reading, named),
  };
}

/** A reduce can say nothing of an engine itself: it names an agent, unless the file or the config has one for all. */
function enginesOfJudge(reading: Reading, node: MapNode, reduce: Node): readonly string[] {
  const layers = layersOf(reading, reduce, true);
  const known = settingOf(layers, 'engine') ?? reading.world.config.defaults.engine;
  const at = entryOf(node, 'reduce')?.at ?? node.at;
  if (child(reduce, 'agent') !== undefined || known !== undefined)
    return enginesOf(reading, layers, { kind: 'scalar', at } as Node);
  complain(reading, 'missing-key', at, { key: 'agent', owner: '`reduce`' });
  return [];
}

/** A step with the place where it is written. */
export interface Written {
  readonly node: Node;
  readonly step: Step;
}

/**
 * Finds the candidates of each reduce of a list. Those of a `best-of` are not merged by themselves, and the winner is merged as they
 * would be.
 */
export function linkReduces(reading: Reading, list: readonly Written[]): readonly Step[] {
  const steps = list.map(({ step }) => step);
  if (!steps.some(({ kind }) => kind === 'reduce')) return steps;
  const linked = [...steps];
  const positions = new Map(steps.map(({ id }, position) => [id, position]));
  const reduces = list.flatMap(({ node, step }, later) => {
    if (step.kind !== 'reduce' || step.from === '') return [];
    return [{ node, step, later, earlier: positions.get(step.from) ?? -1 }];
  });
  const orders = answer(steps, reduces);
  const fits = steps.filter(
    ({ matrix, kind, declared }) => declared && matrix !== undefined && kind !== 'loop',
  );
  const known: readonly string[] = fits.map(({ id }) => id);
  for (const [i, { node, step, later, earlier }] of reduces.entries()) {
    const from = list[earlier];
    if (!isCandidate(reading, { node, step }, from, known, orders[i] === 'not-before')) continue;
    if (step.mode !== 'best-of' || from === undefined) continue;
    const isolated = isolatedOf(reading, { node, step }, from);
    if (isolated === undefined) continue;
    linked[earlier] = unmerged(linked[earlier] ?? from.step);
    linked[later] = { ...step, isolated };
  }
  return linked;
}

function isCandidate(
  reading: Reading,
  { node, step }: Written & { readonly step: ReduceStep },
  from: Written | undefined,
  known: readonly string[],
  notBefore: boolean,
): boolean {
  const at = child(child(node, 'reduce'), 'from')?.at;
  // What is wrong with a step as a whole was complained about, and says nothing of its matrix.
  if (at === undefined || (from !== undefined && reading.opaque.has(from.node))) return false;
  const refuse = (why: 'unknown' | 'no-matrix' | 'loop' | 'not-before'): boolean => {
    const near = nearest(step.from, known);
    complain(reading, 'reduce-from', at, { from: step.from, why, known, nearest: near });
    return false;
  };
  if (from === undefined || !from.step.declared) return refuse('unknown');
  if (from.step.matrix === undefined) return refuse('no-matrix');
  if (from.step.kind === 'loop') return refuse('loop');
  return notBefore ? refuse('not-before') : true;
}

/** How the winner's change is merged; undefined where the candidates have no trees to choose among. */
function isolatedOf(
  reading: Reading,
  { node, step }: Written & { readonly step: ReduceStep },
  from: Written,
): Isolated | undefined {
  const { isolated } = from.step;
  const related = [
    {
      path: reading.source.path,
      at: entryOf(node, 'reduce')?.at ?? node.at,
      message: 'this chooses among them',
    },
  ];
  if (isolated === undefined) {
    const at = child(child(node, 'reduce'), 'from')?.at ?? node.at;
    complain(reading, 'reduce-not-isolated', at, { from: step.from });
    return undefined;
  }
  const merge = entryOf(child(from.node, 'workspace'), 'merge');
  if (merge !== undefined && isWord(merge.value, 'auto') && !reading.judged.has(merge.value)) {
    reading.judged.add(merge.value);
    complain(reading, 'reduce-merged', merge.at, { from: step.from, reduce: step.id }, related);
  }
  return { ...isolated, merge: 'auto' };
}

const NO_TREE: Isolated = { copy: [], link: [], merge: 'never' };

/** As it is without its merge, and without whom that would ask. */
function unmerged<S extends Step>(step: S): S {
  const { onConflict: _, ...isolated } = step.isolated ?? NO_TREE;
  const own = step.isolated === undefined ? step : { ...step, isolated: { ...isolated, merge: 'never' } };
  if (own.kind !== 'prompt' || own.variants === undefined) return own;
  const each = Object.entries(own.variants.steps).map(([name, one]) => [name, unmerged(one)] as const);
  return { ...own, variants: { ...own.variants, steps: Object.fromEntries(each) } };
}

/** Reads gates: what is asked, what may be answered, and when nobody has to. */
import type { Expr } from '../model/expression.ts';
import type { GateShow } from '../model/shown.ts';
import { type GateStep, type Step, withBodies } from '../model/workflow.ts';
import { isFence, readInputSpecs, textOf } from './declarations.ts';
import { answer } from './expression-ancestors.ts';
import type { Place } from './order.ts';
import { complain, expressionOf, type Reading, templateAt } from './reading.ts';
import { durationMs } from './scalars.ts';
import { isShownArtifacts, readShownArtifacts } from './shown-artifacts.ts';
import { nearest } from './suggest.ts';
import { child, type MapNode, type Node } from './tree.ts';

const OPTIONS = ['approve', 'reject'];

/** The option that fails its step. */
const REJECT = 'reject';

/** What is decided in time's stead where no option is. */
const FAIL = 'fail';

/** What a gate has beside what every step has. */
export type GateKeys = Omit<
  GateStep,
  | 'kind'
  | keyof Place
  | 'at'
  | 'name'
  | 'if'
  | 'ifDecides'
  | 'env'
  | 'retry'
  | 'continueOnError'
  | 'isolated'
  | 'workingDirectory'
  | 'timeoutMs'
>;

/** Reads what stands under `gate`. */
export function readGate(reading: Reading, step: MapNode): GateKeys {
  const node = child(step, 'gate');
  const message = templateAt(reading, node, 'message');
  const listed = child(node, 'options');
  const options = listed?.kind === 'list' ? listed.items.flatMap(textOf) : OPTIONS;
  const timeoutMs = duration(child(node, 'timeout'));
  const remindMs = duration(child(node, 'remind'));
  const approveIf = expressionOf(reading, child(node, 'approve-if'));
  const required = expressionOf(reading, child(node, 'require'));
  checkAsks(reading, step, node);
  return {
    ...(message === undefined ? {} : { message }),
    show: readShow(reading, child(node, 'show')),
    options,
    fields: readInputSpecs(reading, child(node, 'fields')),
    ...(timeoutMs === undefined ? {} : { gateTimeoutMs: timeoutMs }),
    onTimeout: readOnTimeout(reading, node, options),
    ...(remindMs === undefined ? {} : { remindMs }),
    ...(approveIf === undefined ? {} : { approveIf }),
    ...(required === undefined ? {} : { require: required }),
  };
}

/** What a gate says of asking is for nothing where it asks nobody, and a time's end is for nothing without the time. */
function checkAsks(reading: Reading, step: MapNode, node: Node | undefined): void {
  if (node?.kind !== 'map') return;
  const asking = [...node.entries.values()].find(({ name }) => name !== 'require' && name !== 'message');
  // Without `require` it was complained about already: the shape needs a message then.
  if (node.entries.has('require') && !node.entries.has('message') && asking !== undefined) {
    reading.opaque.add(step);
    complain(reading, 'missing-key', asking.at, { key: 'message', owner: `a gate with \`${asking.name}\`` });
  }
  const late = node.entries.get('on-timeout');
  if (late !== undefined && !node.entries.has('timeout'))
    complain(reading, 'missing-key', late.at, { key: 'timeout', owner: 'a gate with `on-timeout`' });
}

function readOnTimeout(reading: Reading, node: Node | undefined, options: readonly string[]): string {
  const written = child(node, 'on-timeout');
  const fallback = options.includes(REJECT) ? REJECT : FAIL;
  if (
    written?.kind !== 'scalar' ||
    typeof written.value !== 'string' ||
    written.value === '' ||
    isFence(written)
  )
    return fallback;
  const allowed = [...options, ...(options.includes(FAIL) ? [] : [FAIL])];
  if (allowed.includes(written.value)) return written.value;
  complain(reading, 'bad-value', written.at, {
    key: '`on-timeout`',
    value: written.value,
    allowed,
    nearest: nearest(written.value, allowed),
  });
  return fallback;
}

function readShow(reading: Reading, list: Node | undefined): readonly GateShow[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item): readonly GateShow[] => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '') return [];
    if (item.value === 'diff') {
      if (!reading.world.hasGit) complain(reading, 'diff-needs-git', item.at, {});
      return ['diff'];
    }
    if (isShownArtifacts(item.value)) return readShownArtifacts(reading, item);
    const expr: Expr | undefined = expressionOf(reading, item);
    return expr === undefined ? [] : [expr];
  });
}

function duration(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? durationMs(node.value) : undefined;
}

/**
 * Warns of each step below a gate that does not wait for it, unless its own `needs` says for whom it waits. Only the nearest gate
 * above is asked about: what goes past an earlier one goes past the gate between them, or was warned of there.
 */
export function checkBypassed(
  reading: Reading,
  steps: readonly Step[],
  places: ReadonlyMap<Node, Place>,
): void {
  for (const step of steps) if (step.kind === 'loop') checkBypassed(reading, step.steps, places);
  if (!steps.some(asks)) return;
  const saying = [...places].filter(([node]) => saysForWhom(child(node, 'needs')));
  const said = new Set(saying.map(([, { id }]) => id));
  const below: { readonly later: number; readonly earlier: number }[] = [];
  let gate: number | undefined;
  for (const [position, step] of steps.entries()) {
    if (gate !== undefined && !said.has(step.id)) below.push({ later: position, earlier: gate });
    if (asks(step)) gate = position;
  }
  const orders = answer(steps, below);
  for (const [i, { later, earlier }] of below.entries()) {
    const [step, above] = [steps[later], steps[earlier]];
    if (orders[i] !== 'not-before' || step === undefined || above === undefined) continue;
    const related = [{ path: reading.source.path, at: above.needsAt, message: 'the gate stands here' }];
    complain(reading, 'gate-bypassed', step.needsAt, { step: step.id, gate: above.id }, related);
  }
}

/** Whether it is a gate, or uses a workflow in which one stands. */
function asks(step: Step): boolean {
  return step.kind === 'gate' || (step.kind === 'uses' && withBodies(step.part.steps).some(asks));
}

function saysForWhom(node: Node | undefined): boolean {
  return node !== undefined && !(node.kind === 'list' && node.items.length === 0);
}

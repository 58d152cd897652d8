/** Reads what is said of going round again. */
import { asStepId } from '../model/ids.ts';
import type { OtherSession } from '../model/session.ts';
import type { LoopStep, PromptStep } from '../model/workflow.ts';
import { complain, expressionOf, type Reading } from './reading.ts';
import { child, entryOf, isWord, type MapNode, type Node, stringAt } from './tree.ts';

/** Reads what stands under `loop`, but for the body. */
export function readLoop(
  reading: Reading,
  step: MapNode,
): Pick<LoopStep, 'max' | 'until' | 'while' | 'onExhausted'> {
  const loop = child(step, 'loop');
  const max = child(loop, 'max');
  const until = expressionOf(reading, child(loop, 'until'));
  const condition = expressionOf(reading, child(loop, 'while'));
  return {
    max: max?.kind === 'scalar' && typeof max.value === 'number' ? max.value : 1,
    ...(until === undefined ? {} : { until }),
    ...(condition === undefined ? {} : { while: condition }),
    onExhausted: stringAt(loop, 'on-exhausted') === 'continue' ? 'continue' : 'fail',
  };
}

/** To go on in a session is one conversation about one tree: with itself it needs a loop, and always the tree to stay. */
export function readSession(
  reading: Reading,
  step: Node,
  { inLoop, isolated }: { readonly inLoop: boolean } & Pick<PromptStep, 'isolated'>,
): Pick<PromptStep, 'session'> {
  const entry = entryOf(step, 'session');
  if (entry === undefined) return {};
  const other = otherSession(entry.value);
  if (other === undefined && !isWord(entry.value, 'continue')) return {};
  if (other?.fork === true) return { session: other };
  const apart = isolated === undefined ? undefined : 'isolated';
  const alone = other === undefined && !inLoop ? 'no-loop' : apart;
  const why = child(step, 'matrix') !== undefined ? 'matrix' : alone;
  if (why !== undefined) complain(reading, 'session-alone', entry.value.at, { why });
  return { session: other ?? 'continue' };
}

/** Branching off is for many, and for a tree of one's own, too. */
function otherSession(node: Node): OtherSession | undefined {
  for (const key of ['continue', 'fork']) {
    const at = child(node, key)?.at;
    const id = stringAt(node, key);
    if (id !== undefined && at !== undefined) return { of: asStepId(id), fork: key === 'fork', at };
  }
  return undefined;
}

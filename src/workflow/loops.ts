/** Reads what is said of going round again. */
import type { LoopStep, PromptStep } from '../model/workflow.ts';
import { complain, expressionOf, type Reading } from './reading.ts';
import { child, entryOf, isWord, type MapNode, type Node, stringAt } from './tree.ts';

/** The keys of a step that say nothing of a loop, which makes no attempts: its body's steps have them. */
const NOT_AT_A_LOOP = [
  'working-directory',
  'timeout',
  'retry',
  'workspace',
  'artifacts',
  'cache',
  'concurrency',
];

/** Reads what stands under `loop`, but for the body. */
export function readLoop(
  reading: Reading,
  step: MapNode,
): Pick<LoopStep, 'max' | 'until' | 'while' | 'onExhausted'> {
  for (const key of NOT_AT_A_LOOP) {
    const entry = entryOf(step, key);
    if (entry === undefined) continue;
    complain(reading, 'wrong-kind-key', entry.at, { key, belongs: ['run', 'prompt'], kind: 'loop' });
  }
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

/** A session is a conversation of a step with itself about one tree: so it needs a loop, and the tree to stay. */
export function readSession(
  reading: Reading,
  step: Node,
  { inLoop, isolated }: { readonly inLoop: boolean } & Pick<PromptStep, 'isolated'>,
): Pick<PromptStep, 'session'> {
  const entry = entryOf(step, 'session');
  if (entry === undefined || !isWord(entry.value, 'continue')) return {};
  const apart = isolated === undefined ? undefined : 'isolated';
  const why = child(step, 'matrix') !== undefined ? 'matrix' : inLoop ? apart : 'no-loop';
  if (why !== undefined) complain(reading, 'session-alone', entry.value.at, { why });
  return { session: 'continue' };
}

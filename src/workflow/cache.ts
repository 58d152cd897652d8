/** Reads what a step that may be taken from the cache comes from. */
import type { CacheSpec } from '../model/fingerprint.ts';
import type { Step } from '../model/workflow.ts';
import { isFence } from './declarations.ts';
import { complain, type Reading } from './reading.ts';
import { child, entryOf, type Node } from './tree.ts';
import { judgeTreePath } from './tree-paths.ts';

/** What stands under `cache`. Undefined keys are empty lists: then only what the step is told counts. */
export function readCache(reading: Reading, step: Node): Pick<Step, 'cache'> {
  const node = child(step, 'cache');
  if (node?.kind !== 'map') return {};
  const cache: CacheSpec = {
    inputs: readInputs(reading, child(node, 'inputs')),
    env: names(child(node, 'env')),
  };
  return { cache };
}

function readInputs(reading: Reading, list: Node | undefined): readonly string[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item): readonly string[] => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '' || isFence(item))
      return [];
    judgeTreePath(reading, item, 'cache.inputs');
    return [item.value];
  });
}

function names(list: Node | undefined): readonly string[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [item.value] : [],
  );
}

/** Complains where a result could not be used again: what it changed would not be known, or it is half of a conversation. */
export function checkCache(reading: Reading, node: Node, step: Step): void {
  const entry = entryOf(node, 'cache');
  if (entry === undefined || step.cache === undefined) return;
  if (step.kind === 'prompt' && step.session !== undefined)
    complain(reading, 'cache-in-session', entry.at, {});
  if (mayChange(step) && step.isolated === undefined && !reading.world.hasGit)
    complain(reading, 'cache-needs-git', entry.at, { step: step.id });
}

function mayChange(step: Step): boolean {
  if (step.kind !== 'prompt') return step.kind === 'run';
  const variants = Object.values(step.variants?.steps ?? {});
  return step.access !== 'read' || variants.some(({ access }) => access !== 'read');
}

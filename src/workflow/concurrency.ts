/** Reads which runs may not overlap. */
import type { Concurrency } from '../model/concurrency.ts';
import type { Workflow } from '../model/workflow.ts';
import { type Reading, templateAt } from './reading.ts';
import { child, stringAt } from './tree.ts';

const WAYS: readonly Concurrency['onConflict'][] = ['queue', 'cancel-previous', 'fail'];

/** The group of the workflow's runs, where it has one. */
export function readConcurrency(reading: Reading): Pick<Workflow, 'concurrency'> {
  const node = child(reading.root, 'concurrency');
  const group = templateAt(reading, node, 'group');
  if (group === undefined) return {};
  const said = stringAt(node, 'on-conflict');
  return { concurrency: { group, onConflict: WAYS.find((way) => way === said) ?? 'queue' } };
}

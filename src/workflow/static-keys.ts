/** Looks for expressions in values that are fixed before the run starts. */
import { complain, type Reading } from './reading.ts';
import { WORKFLOW_OWNERS } from './shape-keys.ts';
import { child, entriesOf, type Node } from './tree.ts';

/** The keys whose values take expressions, or hold keys that do, by the mapping they stand in; as `WORKFLOW_OWNERS` names these. */
export const TEMPLATE_KEYS: Readonly<
  Record<'' | 'defaults' | 'agent' | 'step' | 'loop' | 'gate' | 'reduce', ReadonlySet<string>>
> = {
  '': new Set(['env', 'outputs', 'concurrency', 'agents', 'defaults', 'steps', 'finally']),
  defaults: new Set(['model', 'working-directory', 'engine']),
  agent: new Set(['model', 'system', 'env', 'engine']),
  step: new Set([
    ...['run', 'prompt', 'system', 'env', 'model', 'agent', 'engine', 'working-directory'],
    ...['artifacts', 'concurrency', 'if'],
    // What is refused as a whole is not judged inside.
    ...['matrix', 'with'],
  ]),
  loop: new Set(['until', 'while', 'steps']),
  gate: new Set(['message', 'show', 'approve-if', 'require']),
  // Its commands are judged where they are read, with the way that their data should take.
  reduce: new Set(['rubric', 'checks']),
};

/** Complains about each fence in a value that takes none. */
export function checkStaticKeys(reading: Reading): void {
  const { root } = reading;
  if (!reading.source.text.includes('${{')) return;
  checkKeys(reading, root, '');
  checkKeys(reading, child(root, 'defaults'), 'defaults');
  for (const agent of entriesOf(child(root, 'agents'))) checkKeys(reading, agent.value, 'agent');
  for (const key of ['steps', 'finally']) {
    checkSteps(reading, child(root, key));
  }
}

function checkSteps(reading: Reading, list: Node | undefined): void {
  for (const step of list?.kind === 'list' ? list.items : []) checkKeys(reading, step, 'step');
}

function checkKeys(reading: Reading, node: Node | undefined, owner: keyof typeof TEMPLATE_KEYS): void {
  const templates = TEMPLATE_KEYS[owner];
  const known = WORKFLOW_OWNERS[owner]?.keys ?? [];
  for (const { name, value } of entriesOf(node)) {
    // A key that is none was complained about; what stands in it would be an echo.
    if (templates.has(name) || !known.includes(name)) continue;
    if (name === 'workspace') checkWorkspace(reading, value);
    else if (name === 'gate') checkKeys(reading, value, 'gate');
    else if (name === 'reduce') checkKeys(reading, value, 'reduce');
    else if (name === 'loop') {
      checkKeys(reading, value, 'loop');
      checkSteps(reading, child(value, 'steps'));
    } else checkValue(reading, value, name);
  }
}

// Its commands are judged where it is read, with the way that their data should take; so is who resolves conflicts.
function checkWorkspace(reading: Reading, node: Node): void {
  if (node.kind !== 'map') checkValue(reading, node, 'workspace');
  for (const { name, value } of entriesOf(node)) {
    if (name !== 'setup' && (name !== 'on-conflict' || value.kind !== 'map'))
      checkValue(reading, value, name);
  }
}

function checkValue(reading: Reading, node: Node, key: string): void {
  if (node.kind === 'map')
    for (const entry of node.entries.values()) checkValue(reading, entry.value, entry.name);
  else if (node.kind === 'list') for (const item of node.items) checkValue(reading, item, key);
  else if (typeof node.value === 'string' && node.value.includes('${{') && !reading.judged.has(node)) {
    reading.judged.add(node);
    complain(reading, 'static-key', node.at, { key: `\`${key}\`` });
  }
}

/** Looks for expressions in values that are fixed before the run starts. */
import { complain, type Reading } from './reading.ts';
import { WORKFLOW_OWNERS } from './shape-keys.ts';
import { child, entriesOf, type Node } from './tree.ts';

const STEP_TEMPLATES = new Set([
  ...[
    'run',
    'prompt',
    'system',
    'env',
    'model',
    'agent',
    'engine',
    'working-directory',
    'artifacts',
    'concurrency',
    'if',
  ],
  // What is refused as a whole is not judged inside.
  ...['matrix', 'with'],
]);
const GATE_TEMPLATES = new Set(['message', 'show', 'approve-if', 'require']);
// Its commands are judged where they are read, with the way that their data should take.
const REDUCE_TEMPLATES = new Set(['rubric', 'checks']);
const LOOP_TEMPLATES = new Set(['until', 'while', 'steps']);
const AGENT_TEMPLATES = new Set(['model', 'system', 'env', 'engine']);
const DEFAULT_TEMPLATES = new Set(['model', 'working-directory', 'engine']);
const TOP_TEMPLATES = new Set(['env', 'outputs', 'concurrency', 'agents', 'defaults', 'steps', 'finally']);

/** Complains about each fence in a value that takes none. */
export function checkStaticKeys(reading: Reading): void {
  const { root } = reading;
  if (!reading.source.text.includes('${{')) return;
  checkKeys(reading, root, TOP_TEMPLATES, '');
  checkKeys(reading, child(root, 'defaults'), DEFAULT_TEMPLATES, 'defaults');
  for (const agent of entriesOf(child(root, 'agents')))
    checkKeys(reading, agent.value, AGENT_TEMPLATES, 'agent');
  for (const key of ['steps', 'finally']) {
    checkSteps(reading, child(root, key));
  }
}

function checkSteps(reading: Reading, list: Node | undefined): void {
  for (const step of list?.kind === 'list' ? list.items : [])
    checkKeys(reading, step, STEP_TEMPLATES, 'step');
}

function checkKeys(
  reading: Reading,
  node: Node | undefined,
  templates: ReadonlySet<string>,
  owner: string,
): void {
  const known = WORKFLOW_OWNERS[owner]?.keys ?? [];
  for (const { name, value } of entriesOf(node)) {
    // A key that is none was complained about; what stands in it would be an echo.
    if (templates.has(name) || !known.includes(name)) continue;
    if (name === 'workspace') checkWorkspace(reading, value);
    else if (name === 'gate') checkKeys(reading, value, GATE_TEMPLATES, 'gate');
    else if (name === 'reduce') checkKeys(reading, value, REDUCE_TEMPLATES, 'reduce');
    else if (name === 'loop') {
      checkKeys(reading, value, LOOP_TEMPLATES, 'loop');
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

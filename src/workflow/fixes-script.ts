/** Moves data out of a script into the variables of its step. */
import type { Fix } from '../model/diagnostic.ts';
import type { Range } from '../model/source.ts';
import type { RunStep } from '../model/workflow.ts';
import { fencePlaces } from './shell-fences.ts';
import type { FencePlace } from './shell-scan.ts';
import { fencesIn, type ProgramFence } from './taint.ts';
import { child, type Entry, entryOf, type MapNode, type Node } from './tree.ts';

/** One replacement of text. */
type Edit = Fix['edits'][number];

/** What mends a step's script, with the places (where they start) of the expressions that it takes out. */
export interface ScriptFix {
  readonly fix: Fix;
  readonly mends: ReadonlySet<number>;
}

/** The shells whose quotes are known here. */
const SHELLS: readonly (string | undefined)[] = [undefined, 'bash', 'sh'];

/**
 * The edits that read each expression of a script through a variable, as far as that certainly runs the same command; undefined where
 * it does for none. All of a script are in one fix: two that each add an `env:` would be in each other's way.
 */
export function scriptFix(step: RunStep, text: string, root: Node): ScriptFix | undefined {
  const node = stepAt(root, step.at);
  const run = entryOf(node, 'run');
  if (node === undefined || run === undefined || !SHELLS.includes(step.shell)) return undefined;
  // By an alias, or by a merge, the script stands in another place than its step.
  if (
    !within(run.value.at, node.at) ||
    !within(run.at, node.at) ||
    step.script.at.start !== run.value.at.start
  )
    return undefined;
  const fences = fencesIn(step.script, step);
  const places = fencePlaces(literals(step));
  const edits: Edit[] = [];
  const mends = new Set<number>();
  const wanted = new Map<string, string>();
  for (const [i, fence] of fences.entries()) {
    const edit = fenceEdit(fence, places[i], step, node, text);
    if (fence.data === undefined || edit === undefined) continue;
    edits.push(edit);
    mends.add(fence.part.at.start);
    if (!fence.way.declared) wanted.set(fence.way.name, fence.way.value);
  }
  if (edits.length === 0) return undefined;
  const added = wanted.size === 0 ? [] : envEdit(node, run, [...wanted], text);
  if (added === undefined) return undefined;
  const names = fences.filter(({ part }) => mends.has(part.at.start)).map(({ way }) => `\`${way.name}\``);
  const description = `read the data from the environment: ${[...new Set(names)].join(', ')}`;
  return { fix: { description, edits: [...edits, ...added] }, mends };
}

function stepAt(root: Node, at: Range): MapNode | undefined {
  for (const key of ['steps', 'finally']) {
    const list = child(root, key);
    for (const item of list?.kind === 'list' ? list.items : [])
      if (item.kind === 'map' && item.at.start === at.start && item.at.end === at.end) return item;
  }
  return undefined;
}

function within(inner: Range, outer: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function literals({ script }: RunStep): readonly string[] {
  const texts = [''];
  for (const part of script.parts) {
    if (typeof part === 'string') texts[texts.length - 1] += part;
    else texts.push('');
  }
  return texts;
}

function fenceEdit(
  { part, way }: ProgramFence,
  place: FencePlace | undefined,
  { script }: RunStep,
  step: MapNode,
  text: string,
): Edit | undefined {
  if (place === undefined) return undefined;
  const start = text.lastIndexOf('${{', part.at.start);
  const end = text.indexOf('}}', part.at.end) + 2;
  const inside = start >= script.at.start && end <= script.at.end;
  const plain = /^\s*$/.test(text.slice(start + 3, part.at.start) + text.slice(part.at.end, end - 2));
  if (!inside || !plain) return undefined;
  const glued = /^[A-Za-z0-9_]/.test(text.slice(end));
  const name = place === 'quoted' && glued ? `\${${way.name}}` : `$${way.name}`;
  const reading = place === 'quoted' ? name : `"${name}"`;
  const style = text[script.at.start];
  if (style === '"') return { at: { start, end }, text: reading.replaceAll('"', '\\"') };
  // Without quotes, braces end what stands between braces.
  const bare = style !== "'" && style !== '|' && style !== '>';
  if (bare && reading.includes('{') && text[step.at.start] === '{') return undefined;
  return { at: { start, end }, text: reading };
}

/** A variable that is to be added: its name, and its value as a template. */
type Wanted = readonly (readonly [name: string, value: string])[];

function envEdit(step: MapNode, run: Entry, wanted: Wanted, text: string): Edit[] | undefined {
  const env = entryOf(step, 'env');
  if (env === undefined) return newEnv(step, run, wanted, text);
  const { value } = env;
  // What an anchor names is read elsewhere too, and what comes by an alias or a merge is not this step's alone.
  const direct = /^\s*:\s*(#.*\s*)?$/.test(text.slice(env.at.end, value.at.start));
  if (value.kind !== 'map' || !direct || !within(value.at, step.at) || !within(env.at, step.at))
    return undefined;
  return text[value.at.start] === '{' ? flowEnv(value, wanted, text) : blockEnv(value, wanted, text);
}

function pairs(wanted: Wanted): readonly string[] {
  return wanted.map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
}

function flowEnv(env: MapNode, wanted: Wanted, text: string): Edit[] | undefined {
  const entries = [...env.entries.values()];
  const last = entries.at(-1);
  const close = env.at.end - 1;
  if (text[close] !== '}') return undefined;
  const all = pairs(wanted).join(', ');
  if (last === undefined)
    return /^\{ *\}$/.test(text.slice(env.at.start, env.at.end))
      ? [{ at: { start: env.at.start, end: env.at.end }, text: `{ ${all} }` }]
      : undefined;
  const end = last.value.at.end;
  if (!within(last.value.at, env.at) || !/^[ \t]*$/.test(text.slice(end, close))) return undefined;
  return [{ at: { start: end, end }, text: `, ${all}` }];
}

// Above the first one, since what follows the last may be comments, or a block whose end is a matter of indentation.
function blockEnv(env: MapNode, wanted: Wanted, text: string): Edit[] | undefined {
  const [first] = env.entries.values();
  if (first === undefined || !within(first.at, env.at)) return undefined;
  const lead = leadOf(text, first.at.start);
  if (lead === undefined || !/^ +$/.test(lead)) return undefined;
  const added = pairs(wanted).map((pair) => `${pair}${lineEnd(text, first.at.start)}${lead}`);
  return [{ at: { start: first.at.start, end: first.at.start }, text: added.join('') }];
}

function newEnv(step: MapNode, run: Entry, wanted: Wanted, text: string): Edit[] | undefined {
  const all = pairs(wanted);
  const flow = `env: { ${all.join(', ')} }`;
  const { start, end } = run.value.at;
  if (text[step.at.start] === '{') return [{ at: { start: end, end }, text: `, ${flow}` }];
  const lead = leadOf(text, run.at.start);
  if (lead === undefined) return undefined;
  const eol = lineEnd(text, run.at.start);
  const margin = ' '.repeat(lead.length);
  const written = all.length === 1 ? flow : ['env:', ...all.map((pair) => `${margin}  ${pair}`)].join(eol);
  const oneLine = !text.slice(run.at.start, end).includes('\n') && !/[|>]/.test(text[start] ?? '');
  if (!oneLine)
    return [{ at: { start: run.at.start, end: run.at.start }, text: `${written}${eol}${margin}` }];
  const newline = text.indexOf('\n', end);
  const stop = newline === -1 ? text.length : newline - (text[newline - 1] === '\r' ? 1 : 0);
  return [{ at: { start: stop, end: stop }, text: `${eol}${margin}${written}` }];
}

/** What stands before a key on its line: blanks, and the dashes of lists; undefined where there is anything else. */
function leadOf(text: string, key: number): string | undefined {
  const lead = text.slice(text.lastIndexOf('\n', key - 1) + 1, key);
  return /^(?:\ufeff)?[ -]*$/.test(lead) && /^ *(?:- +)*$/.test(lead.replace(/^\ufeff/, ''))
    ? lead.replace(/^\ufeff/, '')
    : undefined;
}

function lineEnd(text: string, at: number): string {
  const newline = text.indexOf('\n', at);
  const before = newline === -1 ? text.lastIndexOf('\n', at) : newline;
  return text[before - 1] === '\r' ? '\r\n' : '\n';
}

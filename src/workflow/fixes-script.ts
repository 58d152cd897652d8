/** Moves data out of the programs of a step into the variables of its step. */
import type { Fix } from '../model/diagnostic.ts';
import type { Expr, Template } from '../model/expression.ts';
import type { Range } from '../model/source.ts';
import type { Step } from '../model/workflow.ts';
import { fencePlaces } from './shell-fences.ts';
import type { FencePlace } from './shell-scan.ts';
import { fencesIn } from './taint.ts';
import { readTemplate } from './template.ts';
import { type Entry, entryOf, type MapNode } from './tree.ts';

/** One replacement of text. */
type Edit = Fix['edits'][number];

/** What mends a step's programs, with the places (where they start) of the expressions that it takes out. */
export interface ScriptFix {
  readonly fix: Fix;
  readonly mends: ReadonlySet<number>;
}

/** The shells whose quotes are known here. */
const SHELLS: readonly (string | undefined)[] = [undefined, 'bash', 'sh'];

/** A program of a step, with the key of the step that it stands under. */
interface Program {
  readonly template: Template;
  readonly key: Entry;
  /** Whether it stands in braces, which end a text without quotes. */
  readonly inBraces: boolean;
}

/**
 * The edits that read each expression of a step's programs through a variable, as far as that certainly runs the same command;
 * undefined where it does for none. All of a step are in one fix: two that each add an `env:` would be in each other's way.
 */
export function scriptFix(step: Step, node: MapNode, text: string): ScriptFix | undefined {
  const programs = programsOf(step, node, text);
  const [first] = programs;
  if (first === undefined) return undefined;
  const edits: Edit[] = [];
  const mends = new Set<number>();
  const wanted = new Map<string, string>();
  const names = new Set<string>();
  let env = step.env;
  for (const program of programs) {
    const { template } = program;
    const places = fencePlaces(literals(template));
    for (const [i, { part, data, way }] of fencesIn(template, {
      env,
      ...(step.written === undefined ? {} : { written: step.written }),
    }).entries()) {
      const edit = data === undefined ? undefined : fenceEdit(part, way.name, places[i], program, text);
      if (edit === undefined) continue;
      edits.push(edit);
      mends.add(part.at.start);
      names.add(`\`${way.name}\``);
      if (way.declared) continue;
      wanted.set(way.name, way.value);
      env = { ...env, [way.name]: { parts: [part], whole: true, at: part.at } };
    }
  }
  if (edits.length === 0) return undefined;
  const added = wanted.size === 0 ? [] : envEdit(node, first.key, [...wanted], text);
  if (added === undefined) return undefined;
  const description = `read the data from the environment: ${[...names].join(', ')}`;
  return { fix: { description, edits: [...edits, ...added] }, mends };
}

// By an alias, or by a merge, a program stands in another place than its step, and is another step's too.
function programsOf(step: Step, node: MapNode, text: string): readonly Program[] {
  const found: Program[] = [];
  const braces = text[node.at.start] === '{';
  const own = (entry: Entry | undefined): entry is Entry =>
    entry !== undefined && within(entry.at, node.at) && within(entry.value.at, node.at);
  const run = entryOf(node, 'run');
  const known = step.kind === 'run' && SHELLS.includes(step.shell);
  if (known && own(run) && step.script.at.start === run.value.at.start)
    found.push({ template: step.script, key: run, inBraces: braces });
  const workspace = entryOf(node, 'workspace');
  const setup = entryOf(workspace?.value, 'setup');
  if (own(workspace) && own(setup) && setup.value.kind === 'scalar') {
    const template = readTemplate(setup.value.text(), '', () => undefined);
    if (within(setup.value.at, workspace.value.at))
      found.push({ template, key: workspace, inBraces: braces || text[workspace.value.at.start] === '{' });
  }
  return found;
}

function within(inner: Range, outer: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function literals({ parts }: Template): readonly string[] {
  const texts = [''];
  for (const part of parts) {
    if (typeof part === 'string') texts[texts.length - 1] += part;
    else texts.push('');
  }
  return texts;
}

function fenceEdit(
  { at }: Expr,
  variable: string,
  place: FencePlace | undefined,
  { template, inBraces }: Program,
  text: string,
): Edit | undefined {
  if (place === undefined) return undefined;
  const start = text.lastIndexOf('${{', at.start);
  const end = text.indexOf('}}', at.end) + 2;
  const inside = start >= template.at.start && end <= template.at.end;
  const plain = /^\s*$/.test(text.slice(start + 3, at.start) + text.slice(at.end, end - 2));
  if (!inside || !plain) return undefined;
  const glued = /^[A-Za-z0-9_]/.test(text.slice(end));
  const name = place === 'quoted' && glued ? `\${${variable}}` : `$${variable}`;
  const reading = place === 'quoted' ? name : `"${name}"`;
  const style = text[template.at.start];
  if (style === '"') return { at: { start, end }, text: reading.replaceAll('"', '\\"') };
  const bare = style !== "'" && style !== '|' && style !== '>';
  if (bare && reading.includes('{') && inBraces) return undefined;
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
  // A variable sees those above it.
  if (wanted.some(([, value]) => /\benv\b/i.test(value))) return undefined;
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
  if (!oneLine) {
    const above = aboveComments(text, run.at.start, lead);
    if (above === undefined)
      return [{ at: { start: run.at.start, end: run.at.start }, text: `${written}${eol}${margin}` }];
    return [{ at: { start: above, end: above }, text: `${margin}${written}${eol}` }];
  }
  const newline = text.indexOf('\n', end);
  const stop = newline === -1 ? text.length : newline - (text[newline - 1] === '\r' ? 1 : 0);
  return [{ at: { start: stop, end: stop }, text: `${eol}${margin}${written}` }];
}

/** The line on which comments begin that stand right above a key, and are about it; undefined where there are none. */
function aboveComments(text: string, key: number, lead: string): number | undefined {
  if (lead.includes('-')) return undefined;
  const own = text.lastIndexOf('\n', key - 1) + 1;
  let first = own;
  for (;;) {
    const before = text.lastIndexOf('\n', first - 2) + 1;
    if (first === 0 || before === first || !/^ *#/.test(text.slice(before, first))) break;
    first = before;
  }
  // Behind a dash alone on its line, the comment stands where the key would have to.
  return first === own || /- *\r?\n$/.test(text.slice(0, first)) ? undefined : first;
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

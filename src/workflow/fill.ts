/** Puts the engines and the test command of a project into a workflow that was written for others. */
import type { Fix } from '../model/diagnostic.ts';
import type { Range } from '../model/source.ts';
import { readDocument } from './document.ts';
import { applyFixes } from './fixes-apply.ts';
import { entriesOf, type Node, oneOrMany, type ScalarNode } from './tree.ts';

/** What a template says where the project's own test command belongs. */
const TEMPLATE_TEST = 'npm test';

/** What goes into a template. */
export interface Filling {
  /** A shell command, in one line. */
  readonly test: string;
  /** The engines that stand in place of those of an `engine:`, at least one. */
  readonly engines: (written: readonly string[]) => readonly string[];
}

/** A template that was filled. */
export interface Filled {
  readonly text: string;
  /** The engines that it names now, each once, in their order. */
  readonly engines: readonly string[];
  /** Where the test command stands, as lines from 1. */
  readonly testLines: readonly number[];
}

/**
 * Writes into the values alone, so that comments and prompts stay as they are: `engine:` of agents and steps, and each command of
 * `run:`, `checks:` and `setup:` that is, or has as a whole line, the test command of templates.
 * @throws Error when the text is no YAML: a template is ours
 */
export function fillTemplate(template: string, filling: Filling): Filled {
  const text = template.replace(/^# yaml-language-server: \$schema=.*\n/gm, '');
  const root = readDocument({ path: 'template', text }, () => undefined);
  if (root === undefined) throw new Error('the template is no YAML');
  const edits: Edit[] = [];
  const engines = new Set<string>();
  const tests: number[] = [];
  for (const place of placesIn(root)) {
    if (place.key === 'engine') {
      const fresh = filling.engines(namesOf(place.value));
      for (const engine of fresh) engines.add(engine);
      edits.push({ at: place.value.at, text: fresh.length === 1 ? `${fresh[0]}` : `[${fresh.join(', ')}]` });
    } else {
      for (const at of commandsIn(text, place.value)) {
        tests.push(at.range.start);
        edits.push({ at: at.range, text: at.raw ? filling.test : plainOrQuoted(filling.test) });
      }
    }
  }
  const fixes = edits.map((edit): Fix => ({ description: '', edits: [edit] }));
  // Each stands in a line of its own, and none of them adds one.
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  return {
    text: applyFixes(text, fixes).text,
    engines: [...engines],
    testLines: [...new Set(tests.map(lineOf))],
  };
}

type Edit = Fix['edits'][number];

const COMMANDS = new Set(['run', 'checks', 'setup']);

/** Below these stand names and values of the author's own, which may be called anything. */
const OPAQUE = new Set(['output', 'outputs', 'env', 'with', 'inputs', 'matrix', 'fields', 'mcp']);

interface PlaceOf {
  readonly key: string;
  readonly value: Node;
}

function* placesIn(node: Node): Generator<PlaceOf> {
  if (node.kind === 'list') for (const item of node.items) yield* placesIn(item);
  for (const { name, value } of entriesOf(node)) {
    if (name === 'engine' || COMMANDS.has(name)) yield { key: name, value };
    else if (!OPAQUE.has(name)) yield* placesIn(value);
  }
}

function namesOf(value: Node): readonly string[] {
  return oneOrMany(value).flatMap((one) => (one.kind === 'scalar' ? [String(one.value)] : []));
}

interface CommandPlace {
  readonly range: Range;
  /** In a block, where nothing is quoted. */
  readonly raw: boolean;
}

function commandsIn(text: string, value: Node): readonly CommandPlace[] {
  return oneOrMany(value).flatMap((one): readonly CommandPlace[] => {
    if (one.kind !== 'scalar') return [];
    if (one.text().block) return linesOf(text, one);
    return one.value === TEMPLATE_TEST ? [{ range: one.at, raw: false }] : [];
  });
}

function linesOf(text: string, { at }: ScalarNode): readonly CommandPlace[] {
  const found: CommandPlace[] = [];
  let start = at.start;
  for (const line of text.slice(at.start, at.end).split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (line.trim() === TEMPLATE_TEST) {
      const from = start + indent;
      found.push({ range: { start: from, end: from + TEMPLATE_TEST.length }, raw: true });
    }
    start += line.length + 1;
  }
  return found;
}

/** A command as a value of YAML: a string of JSON is one too. */
function plainOrQuoted(command: string): string {
  const isPlain =
    /^[\w./][\w./ =@+&;|$()'">-]*$/.test(command) && !/^[\d.]*$|^(true|false|null)$/i.test(command);
  return isPlain ? command : JSON.stringify(command);
}

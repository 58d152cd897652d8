/** Holds the steps that a test file names to those that its workflow has. */
import { type Diagnostic, diagnose, sorted } from '../model/diagnostic.ts';
import { asStepKey, RESOLVER_ID, stepOfKey } from '../model/ids.ts';
import type { Json } from '../model/result.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { nearest } from './suggest.ts';
import type { Path, TestCase, TestFile } from './test-file.ts';

/** A step, and the loops and used workflows that it lies in, outermost first. */
interface Known {
  readonly step: Step;
  readonly around: readonly Step[];
}

/** By id, which is unique in one file only. */
type AllKnown = ReadonlyMap<string, readonly Known[]>;

/** The kinds of steps that the keys of a case name. */
const KINDS: Readonly<Record<Kind, readonly string[]>> = {
  answers: ['prompt', 'reduce'],
  prompts: ['prompt', 'reduce'],
  runs: ['run', 'reduce'],
  gates: ['gate'],
};
type Kind = 'answers' | 'prompts' | 'runs' | 'gates';

/** What is wrong with the steps that a test file names: a misspelt one would be expected not to run, and never does. */
export function checkTestSteps(file: TestFile, workflow: Workflow): readonly Diagnostic[] {
  const known = new Map<string, Known[]>();
  collect([...workflow.steps, ...workflow.finally], [], known);
  return sorted(
    file.cases.flatMap((one) =>
      namesIn(one).flatMap(({ name, path, kind }) => {
        const found = judge(name, kind, known);
        return found === undefined ? [] : [complain(file, path, found)];
      }),
    ),
  );
}

/** The ids that several steps of a workflow and those that it uses have: such an id is the key of one of them, or of none. */
export function sharedIds(workflow: Workflow): ReadonlySet<string> {
  const known = new Map<string, Known[]>();
  collect([...workflow.steps, ...workflow.finally], [], known);
  return new Set([...known].flatMap(([id, all]) => (all.length > 1 ? [id] : [])));
}

function collect(steps: readonly Step[], around: readonly Step[], known: Map<string, Known[]>): void {
  for (const step of steps) {
    known.set(step.id, [...(known.get(step.id) ?? []), { step, around }]);
    if (step.kind === 'loop') collect(step.steps, [...around, step], known);
    if (step.kind === 'uses') collect([...step.part.steps, ...step.part.finally], [...around, step], known);
  }
}

interface Named {
  readonly name: string;
  readonly path: Path;
  /** The key of the case that takes steps of one kind only. */
  readonly kind?: Kind;
}

function namesIn({ index, answers, runs, gates, expect }: TestCase): readonly Named[] {
  const own = (['answers', 'runs', 'gates'] as const).flatMap((kind) =>
    Object.keys({ answers, runs, gates }[kind]).map(
      (name): Named => ({
        name,
        path: ['tests', index, kind, name],
        kind,
      }),
    ),
  );
  const mapped = (['steps', 'prompts'] as const).flatMap((key) =>
    Object.keys((expect[key] ?? {}) as object).map(
      (name): Named => ({
        name,
        path: ['tests', index, 'expect', key, name],
        ...(key === 'prompts' ? { kind: 'prompts' } : {}),
      }),
    ),
  );
  const listed = ['order', 'not-run'].flatMap((key) => {
    const value: Json | undefined = expect[key];
    const all = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return all.map(
      (name, item): Named => ({
        name: String(name),
        path: ['tests', index, 'expect', key, ...(Array.isArray(value) ? [item] : [])],
      }),
    );
  });
  return [...own, ...mapped, ...listed];
}

type Problem =
  | { readonly what: 'unknown'; readonly name: string; readonly known: readonly string[] }
  | { readonly what: 'several'; readonly name: string; readonly keys: readonly string[] }
  | { readonly what: 'kind'; readonly name: string; readonly under: string; readonly fit: readonly string[] };

function judge(name: string, under: Named['kind'], known: AllKnown): Problem | undefined {
  const resolver = name.endsWith(RESOLVER);
  const own = known.get(stepOfKey(asStepKey(name))) ?? [];
  const fitting = own.filter((one) => fitsPlace(name, one, resolver));
  // The id of one in the file itself is its key, too.
  const found = fitting.find(({ around }) => around.length === 0) ?? fitting[0];
  if (found === undefined) return { what: 'unknown', name, known: [...known.keys()] };
  if (fitting.length > 1 && found.around.length > 0)
    return { what: 'several', name, keys: fitting.map(keyOf) };
  if (under === undefined) return undefined;
  const wanted = KINDS[under];
  if (wanted.includes(resolver ? 'prompt' : workOf(name, found.step))) return undefined;
  const all = [...known.values()].flat().map(({ step }) => step);
  const fit = all.filter(({ kind }) => wanted.includes(kind)).map(({ id }) => id);
  return { what: 'kind', name, under, fit };
}

/** The kind of step that it counts as: the checks of a reduce are commands, its judge is an agent. */
function workOf(name: string, step: Step): string {
  if (!name.includes(':')) return step.kind;
  return name.endsWith(':judge') ? 'prompt' : 'run';
}

function keyOf({ step, around }: Known): string {
  return [...around.map(({ id, kind }) => (kind === 'loop' ? `${id}[1]` : id)), step.id].join('.');
}

const RESOLVER = `.${RESOLVER_ID}`;

/** Whether a key is an id alone, or names everything around the step, each loop with an iteration: `build[2].code`. */
function fitsPlace(name: string, { step, around }: Known, resolver: boolean): boolean {
  if (resolver && step.isolated?.onConflict === undefined) return false;
  const [whole = ''] = name.split(':', 1);
  if (whole !== name && !(step.kind === 'reduce' && /:(judge$|checks\[)/.test(name))) return false;
  const key = resolver ? whole.slice(0, -RESOLVER.length) : whole;
  if (key === step.id) return true;
  // A dot inside of brackets belongs to a value of a matrix.
  const parts = key.match(/(?:[^.[]|\[[^\]]*\])+/g) ?? [];
  const instance = step.matrix !== undefined || !parts.at(-1)?.includes('[');
  const aroundFits = around.every(({ id, kind, matrix }, i) => {
    const part = parts[i] ?? '';
    if (kind === 'loop') return part.startsWith(`${id}[`) && /\[\d+\]$/.test(part);
    return part === id || (matrix !== undefined && part.startsWith(`${id}[`));
  });
  return instance && parts.length === around.length + 1 && aroundFits;
}

function complain({ source, keyAt }: TestFile, path: Path, problem: Problem): Diagnostic {
  const where = keyAt(path);
  if (problem.what === 'several') {
    const words = { key: 'the name of one step', value: problem.name, nearest: undefined };
    return diagnose('bad-value', source.path, where, { ...words, allowed: problem.keys });
  }
  if (problem.what === 'unknown') {
    const { name, known } = problem;
    const near = nearest(name, known);
    const hint = /[[.]/.test(name)
      ? 'write its id, or its key as `codemachine status` shows it: `build[2].code`'
      : undefined;
    return diagnose('unknown-step', source.path, where, {
      ...{ id: name, known },
      ...(near === undefined ? {} : { near }),
      ...(hint === undefined || near !== undefined ? {} : { hint }),
    });
  }
  const { name, under, fit } = problem;
  if (fit.length === 0) {
    const owner = `\`${under}\`: the workflow has no step that could stand there`;
    return diagnose('unknown-key', source.path, where, { key: name, owner, known: [] });
  }
  const words = { key: `a key of \`${under}\``, value: name, nearest: nearest(name, fit) };
  return diagnose('bad-value', source.path, where, { ...words, allowed: fit });
}

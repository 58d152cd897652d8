/** Holds the steps that a test file names to those that its workflow has. */
import { type Diagnostic, diagnose, sorted } from '../model/diagnostic.ts';
import { asStepKey, stepOfKey } from '../model/ids.ts';
import type { Json } from '../model/result.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { nearest } from './suggest.ts';
import type { Path, TestCase, TestFile } from './test-file.ts';

/** A step, and the loops that it lies in, outermost first. */
interface Known {
  readonly step: Step;
  readonly loops: readonly string[];
}

/** The kinds of steps that the keys of a case name. */
const KINDS: Readonly<Record<Kind, readonly string[]>> = {
  answers: ['prompt', 'reduce'],
  prompts: ['prompt', 'reduce'],
  runs: ['run'],
  gates: ['gate'],
};
type Kind = 'answers' | 'prompts' | 'runs' | 'gates';

/** What is wrong with the steps that a test file names: a misspelt one would be expected not to run, and never does. */
export function checkTestSteps(file: TestFile, workflow: Workflow): readonly Diagnostic[] {
  const known = new Map<string, Known>();
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

function collect(steps: readonly Step[], loops: readonly string[], known: Map<string, Known>): void {
  for (const step of steps) {
    known.set(step.id, { step, loops });
    if (step.kind === 'loop') collect(step.steps, [...loops, step.id], known);
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
  | { readonly what: 'kind'; readonly name: string; readonly under: string; readonly fit: readonly string[] };

function judge(name: string, under: Named['kind'], known: ReadonlyMap<string, Known>): Problem | undefined {
  const resolver = name.endsWith('.on-conflict');
  const id = stepOfKey(asStepKey(name));
  const found = known.get(id);
  const [whole = '', part] = name.split(/:(judge$|checks\[)/, 2);
  const isPart = part !== undefined && found?.step.kind === 'reduce';
  const odd = name.includes(':') && !isPart;
  if (found === undefined || odd || !fitsPlace(isPart ? whole : name, found, resolver))
    return { what: 'unknown', name, known: [...known.keys()] };
  if (under === undefined) return undefined;
  const wanted = KINDS[under];
  const own = isPart && part !== 'judge' ? 'run' : found.step.kind;
  if (wanted.includes(resolver ? 'prompt' : own)) return undefined;
  const fit = [...known.values()].filter(({ step }) => wanted.includes(step.kind)).map(({ step }) => step.id);
  return { what: 'kind', name, under, fit };
}

/** Whether a key is an id alone, or names each loop around the step with an iteration: `build[2].code`. */
function fitsPlace(name: string, { step, loops }: Known, resolver: boolean): boolean {
  if (resolver && step.isolated?.onConflict === undefined) return false;
  const key = resolver ? name.slice(0, -'.on-conflict'.length) : name;
  if (key === step.id) return true;
  // A dot inside of brackets belongs to a value of a matrix.
  const parts = key.match(/(?:[^.[]|\[[^\]]*\])+/g) ?? [];
  const instance = step.matrix !== undefined || !parts.at(-1)?.includes('[');
  const loopsFit = loops.every((loop, i) => {
    const part = parts[i] ?? '';
    return part.startsWith(`${loop}[`) && /\[\d+\]$/.test(part);
  });
  return instance && parts.length === loops.length + 1 && loopsFit;
}

function complain({ source, keyAt }: TestFile, path: Path, problem: Problem): Diagnostic {
  const where = keyAt(path);
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

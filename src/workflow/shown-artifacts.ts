/** Reads which kept files a gate shows. */
import { literalText, type Template } from '../model/expression.ts';
import type { StepId } from '../model/ids.ts';
import { ARTIFACT, type GateShow, type ShowArtifacts } from '../model/shown.ts';
import { type GateStep, type Step, withBodies } from '../model/workflow.ts';
import { isFence } from './declarations.ts';
import { complain, type Reading, templateOf } from './reading.ts';
import type { ScalarNode } from './tree.ts';
import { judgeTreeGlob } from './tree-paths.ts';

/** Whether an item of `show` means files. */
export function isShownArtifacts(written: string): boolean {
  return written.startsWith(ARTIFACT);
}

/** One item; a glob with an expression is judged when it is filled in. */
export function readShownArtifacts(reading: Reading, item: ScalarNode): readonly GateShow[] {
  const artifacts = templateOf(reading, item);
  if (artifacts === undefined || typeof item.value !== 'string') return [];
  const glob = item.value.slice(ARTIFACT.length);
  if (glob.startsWith('!')) {
    const problem = 'it takes files away, and there is nothing to take them from';
    complain(reading, 'bad-glob', item.at, { glob, problem, help: 'write which files are shown' });
    return [];
  }
  if (!isFence(item)) judgeTreeGlob(reading, item, glob, 'show');
  return [{ artifacts }];
}

/** The lists around a list, innermost first: what stands there and has ended before. */
type Before = readonly Step[];

/** Complains about files that no step keeps which is certain to have ended before the gate. */
export function checkShownArtifacts(reading: Reading, steps: readonly Step[], outer: Before = []): void {
  const byId = new Map(steps.map((step) => [step.id, step]));
  for (const step of steps) {
    if (step.kind === 'loop') {
      if (!withBodies(step.steps).some(showsArtifacts)) continue;
      const before = allBefore(byId, step);
      if (before !== undefined) checkShownArtifacts(reading, step.steps, [...before, ...outer]);
    } else if (step.kind === 'gate') {
      for (const one of step.show)
        if (one !== 'diff' && 'artifacts' in one) judge(reading, { step, one, byId, outer });
    }
  }
}

/** Whether a step shows files that others kept. */
function showsArtifacts(step: Step): boolean {
  return step.kind === 'gate' && step.show.some((one) => one !== 'diff' && 'artifacts' in one);
}

interface Case {
  readonly step: GateStep;
  readonly one: ShowArtifacts;
  readonly byId: ReadonlyMap<StepId, Step>;
  readonly outer: Before;
}

function judge(reading: Reading, { step, one, byId, outer }: Case): void {
  const shown = startOf(one.artifacts, ARTIFACT.length);
  if (outer.some((each) => keeps(each, shown))) return;
  // The nearest is mostly the one that is meant, so few are looked at in a long line of steps.
  const before = allBefore(byId, step, (each) => keeps(each, shown));
  if (before === undefined) return;
  const elsewhere = [...byId.values()].find((each) => keeps(each, shown));
  const at = elsewhere?.needsAt;
  const waits = elsewhere !== undefined && (allBefore(byId, elsewhere) ?? []).includes(step);
  complain(
    reading,
    'artifact-not-kept',
    one.artifacts.at,
    {
      show: textOf(one.artifacts),
      gate: step.id,
      ...(elsewhere === undefined ? {} : { keeps: elsewhere.id, waits }),
    },
    at === undefined ? [] : [{ path: reading.source.path, at, message: 'this step keeps such files' }],
  );
}

/** All that ends before a step; undefined where that is not known, or where one of it is what is looked for. */
function allBefore(
  byId: ReadonlyMap<StepId, Step>,
  { needs }: Step,
  isFound: (step: Step) => boolean = () => false,
): readonly Step[] | undefined {
  const seen = new Set<StepId>(needs);
  const before: Step[] = [];
  for (const id of seen) {
    const step = byId.get(id);
    // Of a step that is no step, or a need that is none, was complained already.
    if (step === undefined || isFound(step)) return undefined;
    before.push(step);
    for (const need of step.needs) seen.add(need);
  }
  return before;
}

/** Whether a step, or one that lies in it, promises a file that may fit. */
function keeps(step: Step, shown: readonly string[]): boolean {
  if (step.kind === 'loop') return step.steps.some((inner) => keeps(inner, shown));
  if (step.kind === 'uses')
    return [...step.part.steps, ...step.part.finally].some((inner) => keeps(inner, shown));
  return (step.artifacts ?? []).some((glob) => canMeet(startOf(glob), shown));
}

/** Two globs fit no file in common where they begin in different directories. */
function canMeet(one: readonly string[], other: readonly string[]): boolean {
  return one.every((part, i) => i >= other.length || part === other[i]);
}

const WILD = /[*?[\]{}()!+@|\\]/;

/** The parts of a glob before its first wildcard or expression. */
function startOf({ parts }: Template, skip = 0): readonly string[] {
  const [first = ''] = parts;
  const text = typeof first === 'string' ? first.slice(skip) : '';
  const names = text.split('/').filter((name) => name !== '' && name !== '.');
  const wild = names.findIndex((name) => WILD.test(name));
  if (wild !== -1) return names.slice(0, wild);
  // An expression goes on with the last of them.
  return parts.length > 1 && !text.endsWith('/') ? names.slice(0, -1) : names;
}

function textOf(template: Template): string {
  const text = literalText(template);
  if (text !== undefined) return text;
  return template.parts
    .map((part) => (typeof part === 'string' ? part : `\${{ ${part.text.trim()} }}`))
    .join('');
}

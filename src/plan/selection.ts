/** Chooses by globs. */
import micromatch from 'micromatch';
import type { Plan } from '../model/plan.ts';
import type { Match } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import { globProblem } from './glob-problem.ts';

/** What `--only` and `--skip` say: globs over step ids; undefined where not given. */
export interface Selection {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
}

/**
 * Marks the steps that are left out. A glob that fits no step is refused: it is a misspelling, and obeying it would run
 * nothing, or everything, and end green.
 */
export function select(plan: Plan, selection: Selection): Result<Plan, string> {
  for (const [flag, globs] of [
    ['--only', selection.only],
    ['--skip', selection.skip],
  ] as const) {
    for (const glob of globs ?? []) {
      const problem = partOfOne(plan, glob) ?? globProblem(glob) ?? fitsNothing(plan, glob);
      if (problem !== undefined) return err(`${flag} ${glob}: ${problem}`);
    }
  }
  const leftOut = (id: string) =>
    (selection.only !== undefined && !matches(id, selection.only)) ||
    (selection.skip !== undefined && matches(id, selection.skip));
  return ok({ ...plan, steps: plan.steps.map((p) => ({ ...p, leftOut: leftOut(p.step.id) })) });
}

/** Without `regex: false` a plus after a group repeats it, and `(a+)+b` takes minutes on thirty letters. */
const OPTIONS = { dot: true, noextglob: true, regex: false } as const;

const compiled = new WeakMap<readonly string[], (path: string) => boolean>();

/**
 * Whether a path fits one of the globs. A glob that starts with `!` takes away what those before it gave,
 * or from everything when it is the first. Names that
 * start with a dot are names like others. Throws for a glob that `globProblem` objects to: ask that first.
 */
export const matches: Match = (path, globs) => {
  let test = compiled.get(globs);
  if (test === undefined) {
    test = compile(globs);
    compiled.set(globs, test);
  }
  return test(path);
};

function compile(globs: readonly string[]): (path: string) => boolean {
  const tests = globs.map((glob) => {
    const problem = globProblem(glob);
    if (problem !== undefined) throw new Error(`${glob}: ${problem}`);
    const takesAway = glob.startsWith('!');
    return { takesAway, fits: micromatch.matcher(takesAway ? glob.slice(1) : glob, OPTIONS) };
  });
  return (path) => {
    let fits = tests[0]?.takesAway ?? false;
    for (const test of tests) if (fits === test.takesAway && test.fits(path)) fits = !test.takesAway;
    return fits;
  };
}

/** What runs several times, or holds others, is chosen as a whole: a half of it would decide by results that are not there. */
function partOfOne(plan: Plan, glob: string): string | undefined {
  const written = glob.startsWith('!') ? glob.slice(1) : glob;
  if (plan.steps.some((p) => p.step.id === written)) return undefined;
  const whole = /^([a-z][a-z0-9-]*)\[/.exec(written)?.[1];
  const of = plan.steps.find((p) => p.step.id === whole || idsIn(p.body).includes(written));
  if (of === undefined) return undefined;
  const what = of.step.kind === 'loop' ? 'a loop' : 'a matrix';
  const { id } = of.step;
  if (of.step.kind !== 'loop' && of.step.matrix === undefined) return undefined;
  return whole === id
    ? `\`${id}\` is ${what}, which is chosen as a whole: write \`${id}\``
    : `it stands in the loop \`${id}\`, which is chosen as a whole: write \`${id}\``;
}

/** The ids of a body, those of loops inside of it too. */
function idsIn(body: Plan | undefined): readonly string[] {
  return (body?.steps ?? []).flatMap((p) => [p.step.id, ...idsIn(p.body)]);
}

function fitsNothing(plan: Plan, glob: string): string | undefined {
  const globs = [glob.startsWith('!') ? glob.slice(1) : glob];
  if (plan.steps.some((p) => matches(p.step.id, globs))) return undefined;
  const last = plan.last.find((p) => matches(p.step.id, globs));
  if (last !== undefined)
    return `\`${last.step.id}\` stands under \`finally\`, where every step always has its turn: none is chosen or left out`;
  const ids = plan.steps.slice(0, 10).map((p) => p.step.id);
  const more = plan.steps.length > ids.length ? `, … (${plan.steps.length})` : '';
  return `no step has such an id; the steps are ${ids.join(', ')}${more}`;
}

/** Says under a run's summary what to type next. */
import { pathOf, type Scope } from '../model/budget.ts';
import { raised } from '../model/budget-raise.ts';
import type { FailureReason } from '../model/failure.ts';
import { fileNames } from '../model/file-name.ts';
import type { RunId } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import { type AttemptTrees, isUnmerged, type Progress, type StepProgress } from '../model/progress.ts';
import { NOTHING_SPENT, usedUp } from '../model/spending.ts';
import { type Apart, apartOf } from './apart.ts';
import type { Changes } from './changes.ts';
import { oneLine } from './clean.ts';
import { openGates } from './gates.ts';
import { rootOf } from './root-cause.ts';
import { listed, moment, quoted } from './words.ts';

const MOST_FILES = 10;
const WIDEST_MOVE = 320;

const DOCTOR = 'codemachine doctor';

/** What of a run decides what comes next. */
interface Told {
  readonly steps: readonly StepProgress[];
  /** The one that failed first at the front. */
  readonly failed: readonly StepProgress[];
  readonly changes: Changes;
  readonly plan: Plan | undefined;
}

function applied({ attempt, trees }: StepProgress): NonNullable<AttemptTrees['applied']> | undefined {
  return trees[attempt]?.applied;
}

/** Says which changes of isolated steps are not in the tree, or are there because somebody brought them in. */
export function unmergedLines({ lastAt }: Progress, { steps, failed, plan }: Told): readonly string[] {
  const { kept, notChosen, open } = apartOf(steps, plan);
  const apart = kept.filter((step) => applied(step) === undefined);
  const names = listed(
    apart.slice(0, MOST_FILES).map(({ key }) => key),
    apart.length,
  );
  const others = notChosen.filter((step) => applied(step) === undefined);
  const collided = failed.filter(isUnmerged);
  const candidates = [...notChosen, ...open.flatMap(({ of }) => of)];
  const byHand = [...kept, ...candidates, ...collided].filter((step) => applied(step) !== undefined);
  return [
    ...(apart.length === 0 ? [] : [`not merged into the tree, as the workflow says: what ${names} changed`]),
    ...(others.length === 0 ? [] : [notChosenWords(others)]),
    ...open.slice(0, MOST_FILES).map(openWords),
    ...byHand.slice(0, MOST_FILES).map((step) => appliedWords(step, lastAt ?? '')),
    ...collided.slice(0, MOST_FILES).map(collidedWords),
  ];
}

function notChosenWords(others: readonly StepProgress[]): string {
  const keys = others.slice(0, MOST_FILES).map(({ key }) => key);
  return `not chosen, and kept beside the tree: what ${listed(keys, others.length)} changed`;
}

function openWords({ reduce, skipped, of }: Apart['open'][number]): string {
  const names = listed(
    of.slice(0, MOST_FILES).map(({ key }) => key),
    of.length,
  );
  return skipped
    ? `nobody chose among ${names}, since ${reduce} was skipped: what they changed is kept beside the tree, for \`codemachine apply\` of one`
    : `not chosen yet: among ${names} ${reduce} chooses when the run goes on`;
}

function appliedWords(step: StepProgress, today: string): string {
  const { at = '', conflicts = false } = applied(step) ?? {};
  const markers = conflicts ? ', with markers where it collided' : '';
  return `what ${step.key} changed was applied by hand at ${moment(at, today)}${markers}`;
}

function collidedWords({ key, failure }: StepProgress): string {
  const files = failure?.files ?? [];
  const where = files.length === 0 ? '' : ` in ${fileNames(files, MOST_FILES)}`;
  return `what ${key} changed did not merge${where}: merge it by hand and go on with --resolved, or have it made again`;
}

/** What to type next; a run that went well and changed nothing leaves nothing to type. */
export function nextMoves(progress: Progress, told: Told): readonly string[] {
  const { run, status, parked } = progress;
  const { steps, failed, changes, plan } = told;
  const { kept, open } = apartOf(steps, plan);
  const root = rootOf(failed);
  if (run === undefined || status === 'running' || status === 'new') return [];
  const changed = [...changes].filter(([, files]) => files.length > 0).map(([step]) => step);
  const toSee =
    root !== undefined && changed.includes(root.key)
      ? ` ${root.key}`
      : changed.length === 1
        ? ` ${changed[0]}`
        : '';
  const looks = lookMoves(run, failed);
  const firstOf = looks.includes(DOCTOR);
  const moves = [
    // Before it is mended, going on fails again.
    ...(firstOf ? looks : []),
    ...(status === 'succeeded' ? [] : byHandMoves(run, failed.filter(isUnmerged))),
    // Until somebody decides, going on only asks again.
    ...(status === 'succeeded' || (parked?.reason === 'gate' && openGates(progress).length > 0)
      ? []
      : [
          parked?.resume ??
            `codemachine resume ${run}${moreToSpend(progress, failed)}${afterEdit(progress, root)}`,
          ...(isCommandOfTheFile(progress, root) ? [`codemachine resume ${run} --updated`] : []),
        ]),
    ...(firstOf ? [] : looks),
    ...(changed.length === 0
      ? []
      : [`codemachine diff ${run}${toSee === '' ? '' : ` ${quoted(toSee.trim())}`}`]),
    ...keptApart(steps)
      .slice(0, MOST_FILES)
      .map(({ key }) => `codemachine diff ${run} ${quoted(key)}`),
    ...open
      .filter(({ skipped }) => skipped)
      .flatMap(({ of }) => of)
      .slice(0, MOST_FILES)
      .map(({ key }) => `codemachine diff ${run} ${quoted(key)}`),
    ...kept
      .filter((step) => applied(step) === undefined)
      .slice(0, MOST_FILES)
      .map(({ key }) => `codemachine apply ${run} ${quoted(key)}`),
  ];
  return moves.length === 0 ? [] : ['next:', ...moves.map((move) => `  ${oneLine(move, WIDEST_MOVE)}`)];
}

/**
 * What raises the budgets that keep a run from going on; '' for none. A run that failed for something else may go on with a
 * command, which costs nothing.
 */
function moreToSpend({ status, spending, steps }: Progress, failed: readonly StepProgress[]): string {
  const byBudget = failed.length === 0 || failed.some(({ failure }) => failure?.reason === 'budget');
  if (status !== 'interrupted' && !(status === 'failed' && byBudget)) return '';
  const open = [...steps.values()].filter(({ status: its }) => its !== 'succeeded' && its !== 'skipped');
  const binds = (scope: Scope): boolean => {
    if (!scope.startsWith('step:') && !scope.startsWith('part:')) return true;
    const own = `${scope.slice('step:'.length)}.`;
    return open.some(({ key }) => own.startsWith(`${pathOf(key)}.`) || `${pathOf(key)}.`.startsWith(own));
  };
  const scopes = (Object.keys(spending.limits) as Scope[]).filter(binds);
  const more = raised(
    scopes.flatMap((scope) =>
      usedUp(spending, scope, spending.by.get(scope) ?? NOTHING_SPENT).map((used) => ({
        ...used,
        ...{ scope, budget: undefined },
      })),
    ),
  );
  return more === '' ? '' : ` --budget ${more}`;
}

/** Failures that are mended in the workflow or the configuration: a run goes on with those of its start unless it is told otherwise. */
const OF_THE_FILE: ReadonlySet<FailureReason | undefined> = new Set<FailureReason>([
  'condition',
  'exhausted',
  'timeout',
  'idle-timeout',
  'context-overflow',
  'refused',
  'output-cut',
  'output',
  'turns',
  'model',
  'denied',
  'artifacts',
  'config',
]);

function afterEdit({ status, failure }: Progress, root: StepProgress | undefined): string {
  // Of a gate whose time was up, somebody is asked again.
  if (status !== 'failed' || root?.kind === 'gate') return '';
  return OF_THE_FILE.has((root?.failure ?? failure)?.reason) ? ' --updated' : '';
}

/** The mistake of a command lies in what it runs, or in the workflow file where its script stands: nobody but the author can tell. */
function isCommandOfTheFile({ status }: Progress, root: StepProgress | undefined): boolean {
  return status === 'failed' && root?.kind === 'run' && root.failure?.reason === 'exit-code';
}

/** What shows more of a failure: what the step wrote, or of an engine that did not get that far, what is wrong with it. */
function lookMoves(run: RunId, failed: readonly StepProgress[]): readonly string[] {
  const root = rootOf(failed);
  if (root === undefined || root.kind === 'gate') return [];
  const { reason } = root.failure ?? {};
  // Its work is done; what it collided with is shown by `diff`.
  if (isUnmerged(root)) return [];
  if (root.engine !== undefined && (reason === 'spawn' || reason === 'auth')) return [DOCTOR];
  return [`codemachine logs ${run} ${quoted(root.key)}`];
}

/** Isolated steps that came to no end or to a bad one, whose newest attempt has left edits in a recording alone. */
function keptApart(steps: readonly StepProgress[]): readonly StepProgress[] {
  return steps.filter((step) => {
    const { key, status, attempt, trees } = step;
    const own = trees[attempt];
    if (own?.isolated !== true || own.differs !== true || own.after === undefined) return false;
    const told = own.applied !== undefined || own.merge !== undefined || isUnmerged(step);
    const part = key.endsWith('.on-conflict') || key.includes(':');
    return status !== 'succeeded' && status !== 'merging' && !told && !part;
  });
}

/** How changes that collided are looked at, merged by hand, and taken as they were merged. */
function byHandMoves(run: RunId, collided: readonly StepProgress[]): readonly string[] {
  const some = collided.slice(0, MOST_FILES);
  if (some.length === 0) return [];
  const open = some.filter((step) => applied(step) === undefined);
  return [
    ...open.flatMap(({ key, failure }) =>
      // Without files, something else was in the way.
      failure?.files === undefined
        ? [`codemachine apply ${run} ${quoted(key)}`]
        : [
            `codemachine diff ${run} ${quoted(key)} --conflict`,
            `codemachine apply ${run} ${quoted(key)} --markers`,
          ],
    ),
    `codemachine resume ${run}${some.map(({ key }) => ` --resolved ${quoted(key)}`).join('')}`,
  ];
}

/** A failure that ends the run leaves the tree as the agent left it: how to undo that, and how to keep it. */
export function leftInTree({ run, status }: Progress, { failed, changes }: Told): readonly string[] {
  if (run === undefined || status !== 'failed') return [];
  const left = failed.flatMap(({ key, attempt, trees: { [attempt]: own } }) => {
    const moved = own?.head !== undefined && !own.undone;
    return moved || (changes.get(key) ?? []).length > 0 ? [{ key, head: moved ? ' --head' : '' }] : [];
  });
  return left.flatMap(({ key, head }) => [
    `what ${key} changed is still in the tree${head === '' ? '' : ', and HEAD is where it left it'}:`,
    `  \`codemachine resume ${run}\` undoes it, then tries again`,
    `  \`codemachine resume ${run} --keep-tree\` keeps it, and tries again`,
    `  \`codemachine restore ${run} ${quoted(key)} --before${head}\` puts the tree back to before it, and starts nothing`,
  ]);
}

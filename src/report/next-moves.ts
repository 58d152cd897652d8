/** Says under a run's summary what to type next. */
import type { StepKey } from '../model/ids.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import type { Changes } from './changes.ts';
import { oneLine } from './clean.ts';
import { openGates } from './gates.ts';
import { listed, quoted } from './words.ts';

const MOST_FILES = 10;
const WIDEST_MOVE = 320;

/** What of a run decides what comes next. */
interface Told {
  readonly steps: readonly StepProgress[];
  /** The one that failed first at the front. */
  readonly failed: readonly StepProgress[];
  readonly changes: Changes;
}

/** Steps whose change is not in the tree because nobody was to merge it: `merge: never`. */
function unmerged(steps: readonly StepProgress[]): readonly StepKey[] {
  const apart = steps.filter(({ key, status, attempt, trees: { [attempt]: trees } }) => {
    if (status !== 'succeeded' || trees?.isolated !== true || trees.differs !== true) return false;
    // What resolved a conflict is merged with the step that had it.
    return trees.ready !== true && trees.merge === undefined && !key.endsWith('.on-conflict');
  });
  return apart.map(({ key }) => key);
}

/** Says that of such steps. */
export function unmergedLines({ steps }: Told): readonly string[] {
  const keys = unmerged(steps);
  if (keys.length === 0) return [];
  const names = listed(keys.slice(0, MOST_FILES), keys.length);
  return [`not merged into the tree, as the workflow says: what ${names} changed`];
}

/** What to type next; a run that went well and changed nothing leaves nothing to type. */
export function nextMoves(progress: Progress, { steps, failed: [root], changes }: Told): readonly string[] {
  const { run, status, parked } = progress;
  if (run === undefined || status === 'running' || status === 'new') return [];
  const changed = [...changes].filter(([, files]) => files.length > 0).map(([step]) => step);
  const toSee =
    root !== undefined && changed.includes(root.key)
      ? ` ${root.key}`
      : changed.length === 1
        ? ` ${changed[0]}`
        : '';
  const moves = [
    // Until somebody decides, going on only asks again.
    ...(status === 'succeeded' || (parked?.reason === 'gate' && openGates(progress).length > 0)
      ? []
      : [parked?.resume ?? `codemachine resume ${run}`]),
    ...(root === undefined ? [] : [`codemachine logs ${run} ${quoted(root.key)}`]),
    ...(changed.length === 0
      ? []
      : [`codemachine diff ${run}${toSee === '' ? '' : ` ${quoted(toSee.trim())}`}`]),
    ...unmerged(steps)
      .slice(0, MOST_FILES)
      .map((key) => `codemachine apply ${run} ${quoted(key)}`),
  ];
  return moves.length === 0 ? [] : ['next:', ...moves.map((move) => `  ${oneLine(move, WIDEST_MOVE)}`)];
}

/** In a subdirectory, `git apply` passes over what lies outside of it without a word. */
const UNDO_PATCH = 'git -C "$(git rev-parse --show-toplevel)" apply -R';

/** A failure that ends the run leaves the tree as the agent left it: how to undo that, and how to keep it. */
export function leftInTree({ run, status }: Progress, { failed, changes }: Told): readonly string[] {
  if (run === undefined || status !== 'failed') return [];
  const left = failed.filter(({ key }) => (changes.get(key) ?? []).length > 0);
  return left.flatMap(({ key }) => [
    `what ${key} changed is still in the tree:`,
    `  \`codemachine resume ${run}\` undoes it, then tries again`,
    `  \`codemachine resume ${run} --keep-tree\` keeps it, and tries again`,
    `  \`codemachine diff ${run} ${quoted(key)} | ${UNDO_PATCH}\` only undoes it`,
  ]);
}

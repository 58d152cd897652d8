/** Follows the shared tree through the history of a run. */
import type { Milestone } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { KeptRecording } from '../../workspace/recordings.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { treeHistory } from './changes.ts';

/** The shared tree from the start of a run to its end, as recordings. */
export interface Timeline {
  readonly first: string;
  /** Undefined where an attempt was cut off before its end was recorded: the tree as it is now stands for that. */
  readonly last: string | undefined;
  /** The last state that is recorded, whatever came after it. */
  readonly lastRecorded: string;
}

/** What the recordings are called that are made when a run starts, and when it ends for a process. */
export const RUN_START = 'run.start';
const END = 'run.end';

/** Where the shared tree was when the run began and when it ended. What isolated attempts did counts once it was merged. */
export function timeline(
  run: RunId,
  history: readonly Milestone[],
  recordings: readonly KeptRecording[],
): Result<Timeline, Refusal> {
  const { changes, last } = treeHistory(history);
  const newest = changes.at(-1);
  // Whoever writes to the shared tree is alone, so an end can be missing of the newest change only.
  const cutOff = newest !== undefined && newest.to === undefined && !newest.undone;
  const start = recordings.find(({ label }) => label === RUN_START)?.tree;
  const end = recordings.findLast(({ label }) => label === END);
  const first = start ?? changes[0]?.from;
  if (first === undefined) return err(nothingRecorded(run));
  const numberOf = (tree: string | undefined): number =>
    recordings.find((one) => one.tree === tree)?.number ?? 0;
  // A run that was gone on with after that has newer states, and no end until it comes to one.
  const ended = end !== undefined && end.number > numberOf(last) ? end.tree : undefined;
  const lastRecorded = ended ?? last ?? first;
  return ok({ first, last: cutOff && ended === undefined ? undefined : lastRecorded, lastRecorded });
}

/** The recording that a person names: by its number in the run, or by its commit. */
export function recordingNamed(
  run: RunId,
  recordings: readonly KeptRecording[],
  named: string,
): Result<KeptRecording, Refusal> {
  const found = recordings.filter(({ number, tree }) =>
    /^\d{1,6}$/.test(named) ? number === Number(named) : named.length > 6 && tree.startsWith(named),
  );
  const [one] = found;
  if (one !== undefined && found.length === 1) return ok(one);
  if (recordings.length === 0) return err(nothingRecorded(run));
  const numbers = recordings.map(({ number }) => number);
  return refuse(
    `run ${run} has no recording ${named}`,
    `its recordings are ${Math.min(...numbers)} to ${Math.max(...numbers)}: \`codemachine restore ${run}\` lists the newest`,
  );
}

/** Why a run has no trees. */
function nothingRecorded(run: RunId): Refusal {
  return {
    message: `nothing was recorded in run ${run}`,
    help: 'the tree is recorded around agents with `access: write` or `full`, unless they say `undo: never`, and around isolated steps',
  };
}

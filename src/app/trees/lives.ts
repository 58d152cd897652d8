/** Follows the shared tree through a run with all that it took over, telling who changed it when. */
import type { Milestone } from '../../model/event.ts';
import type { RunId, StepKey } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { KeptRecording } from '../../workspace/recordings.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type TreeChange, type TreeHistory, treeHistory } from './changes.ts';
import { RUN_START } from './timeline.ts';

/** A run whose results another one took over, or the last of those. */
export interface Life {
  readonly run: RunId;
  readonly history: readonly Milestone[];
}

/** How the tree is recorded that a retry has put back. */
export const RETRY_BACK = 'retry.back';

/** What happened between two recordings: a step's own change, or what others did. */
export interface Piece {
  readonly from: string;
  /** Undefined where nobody recorded its end, nor anything since. */
  readonly to: string | undefined;
  /** Undefined where it was not a recorded change: somebody's, as far as is known. */
  readonly change?: TreeChange;
  /** Whether it stands in the journal of the newest run. */
  readonly own: boolean;
  /** Whose files are not meant: they were put back. */
  readonly spared?: readonly TreeChange[];
}

/** Whose doing is followed. */
export interface Following {
  readonly workspace: GitWorkspace;
  /** Oldest first; each took over the one before. */
  readonly lives: readonly Life[];
  readonly again: (step: StepKey) => boolean;
  readonly recordsAll: (step: StepKey) => boolean;
}

/** The pieces, oldest first, and the newest recording that they end with; undefined where nothing is recorded. */
export interface Followed {
  readonly pieces: readonly Piece[];
  readonly last: string | undefined;
}

/** Reads that of the journals. What shell steps that run again did between recordings is left out: it is the run's own. */
export async function followTree(of: Following): Promise<Result<Followed, Refusal>> {
  const pieces: Piece[] = [];
  let last: string | undefined;
  for (const [index, life] of of.lives.entries()) {
    const recordings = await of.workspace.recordings(life.run);
    if (!recordings.ok) return err(recordings.error);
    const own = index === of.lives.length - 1;
    const lived = { ...life, of, own, told: treeHistory(life.history), recordings: recordings.value };
    const { last: newest } = lived.told;
    if (newest !== undefined && numberOf(lived, newest) === undefined) return refuse(...gone(life.run));
    const begun = beginning(lived, pieces, last);
    pieces.push(...stretchesOf(lived));
    last = ended(lived, pieces, newest ?? begun);
  }
  return ok({ pieces: closed(pieces), last });
}

interface Lived extends Life {
  readonly of: Following;
  readonly own: boolean;
  readonly told: TreeHistory;
  readonly recordings: readonly KeptRecording[];
}

function gone(run: RunId): [string, string] {
  return [
    `the recordings of run ${run} are gone from the repository, so it is not known what its steps did to the tree`,
    'with `--keep-tree` the tree is taken as it is',
  ];
}

function numberOf({ recordings }: Lived, tree: string | undefined): number | undefined {
  return recordings.find((one) => one.tree === tree)?.number;
}

/** From the end of the run before to the first recording of this one. */
function beginning(lived: Lived, pieces: Piece[], last: string | undefined): string | undefined {
  const { recordings, told, history, own } = lived;
  const back = recordings.findLast(({ label }) => label === RETRY_BACK);
  const others = (from: string | undefined, to: string | undefined): void => {
    if (from !== undefined && to !== undefined && from !== to) pieces.push({ from, to, own });
  };
  let at = last;
  if (back !== undefined) {
    others(at, recordings.findLast((one) => one.label === 'found' && one.number < back.number)?.tree);
    at = back.tree;
    const taken = takenOver(history);
    for (const { change } of pieces)
      if (change !== undefined && !taken.has(change.step)) change.undone = true;
  }
  const start = recordings.find(({ label }) => label === RUN_START)?.tree;
  others(at, start);
  at = start ?? at;
  const first = told.changes[0];
  if (at === undefined || first === undefined) return at;
  if (start === undefined || !ours(lived, 0, first.start)) others(at, first.from);
  return at;
}

function takenOver(history: readonly Milestone[]): ReadonlySet<StepKey> {
  return new Set(
    history.flatMap((m) => ('reused' in m && m.reused === 'retry' && 'step' in m ? [m.step] : [])),
  );
}

function stretchesOf(lived: Lived): readonly Piece[] {
  const { told, own } = lived;
  return told.stretches.flatMap((one): readonly Piece[] => {
    if (one.kind === 'change') return [{ from: one.change.from, to: one.change.to, change: one.change, own }];
    if (one.kind === 'back') return [{ from: one.from, to: one.to, own, spared: one.changes }];
    return between(lived, one.from, one.to, one.after, one.before);
  });
}

/** What others did between two recordings: nothing, where only shell steps that run again were at work. */
function between(lived: Lived, from: string, to: string, after: number, before: number): readonly Piece[] {
  const { own, recordings, history } = lived;
  if (from === to || ours(lived, after, before)) return [];
  const resumed = history.find((m) => m.type === 'run-resumed' && m.seq > after && m.seq < before);
  const [low, high] = [numberOf(lived, from), numberOf(lived, to)];
  const end =
    resumed === undefined || low === undefined
      ? undefined
      : recordings.find(
          (one) =>
            one.label === 'run.end' && one.number > low && one.number < (high ?? Number.POSITIVE_INFINITY),
        );
  if (end !== undefined && resumed !== undefined && ours(lived, after, resumed.seq))
    return [{ from: end.tree, to, own }];
  return [{ from, to, own }];
}

/** What happened from the newest recording of an attempt to the end of the run. */
function ended(lived: Lived, pieces: Piece[], newest: string | undefined): string | undefined {
  const number = numberOf(lived, newest) ?? 0;
  const end = lived.recordings.findLast((one) => one.label === 'run.end' && one.number > number);
  if (end === undefined || newest === undefined) return end?.tree ?? newest;
  pieces.push(...between(lived, newest, end.tree, lived.told.lastSeq, Number.POSITIVE_INFINITY));
  return end.tree;
}

const HOLDERS: ReadonlySet<string> = new Set(['loop', 'matrix', 'uses', 'reduce', 'gate']);

/** Whether what happened between two milestones was done by steps that run again, which nobody could come between. */
function ours({ history, told, of }: Lived, after: number, before: number): boolean {
  const recorded = new Set(told.changes.map(({ step }) => step));
  // What only holds others together touches nothing.
  for (const m of history) if (m.type === 'step-started' && HOLDERS.has(m.kind)) recorded.add(m.step);
  const spans = new Map<string, { readonly step: StepKey; readonly start: number; end: number }>();
  for (const m of history) {
    if (m.type === 'run-resumed' && m.seq > after && m.seq < before) return false;
    if (!('step' in m) || !('attempt' in m) || ('reused' in m && m.reused === 'retry')) continue;
    if (recorded.has(m.step) || of.recordsAll(m.step)) continue;
    const id = `${m.step}.${m.attempt}`;
    const span = spans.get(id) ?? { step: m.step, start: m.seq, end: m.seq };
    span.end = m.seq;
    spans.set(id, span);
  }
  const active = [...spans.values()].filter(({ start, end }) => start < before && end > after);
  return active.length > 0 && active.every(({ step }) => of.again(step));
}

/** An end that nobody recorded is where the next recording begins. */
function closed(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.map((piece, index) => {
    const next = pieces.slice(index + 1).find(({ change }) => change !== undefined);
    return piece.to === undefined && next !== undefined ? { ...piece, to: next.from } : piece;
  });
}

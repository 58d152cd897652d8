/** Asks, before the tree is mended, what is to become of what somebody may still want. */

import { isByHand } from '../model/event.ts';
import { fileNames } from '../model/file-name.ts';
import { headMoved, othersWorked } from '../model/head-move.ts';
import type { Running, UndoQuestion } from './running.ts';

/** Whether the last owner let the run go by itself, so that what differs from its last recording was done by somebody else. */
export function endedOrderly(run: Running): boolean {
  const last = run.input.history.findLast((one) => !isByHand(one))?.type;
  return last === 'run-interrupted' || last === 'run-finished' || last === 'run-parked';
}

/** Asks where somebody can be asked, else does what loses nothing that a person made on purpose. */
export function ask(run: Running, question: UndoQuestion): Promise<'undo' | 'keep' | 'stop'> {
  const { keepTree, decideUndo } = run.input.options;
  if (keepTree === true) return Promise.resolve('keep');
  if (decideUndo !== undefined) return decideUndo(question);
  const { why, head, others } = question;
  return Promise.resolve(why === 'crashed' && head === undefined && others === undefined ? 'undo' : 'stop');
}

/** The other runs that have worked in the same tree since then (ISO 8601, UTC), for a question. */
export function othersSince({ input }: Running, at: string | undefined): Pick<UndoQuestion, 'others'> {
  const others = at === undefined ? [] : (input.options.othersSince?.(at) ?? []);
  return others.length === 0 ? {} : { others };
}

const MOST_FILES = 5;

/** Why a run is not resumed, with both ways out. */
export function refusal(question: UndoQuestion): string {
  const { step, attempt, why, files, merging, head, others } = question;
  const names = fileNames(files, MOST_FILES);
  const since = [
    ...(head === undefined ? [] : [headMoved(head)]),
    ...(others === undefined ? [] : [othersWorked(others)]),
  ].join('. ');
  if (merging === true && since !== '') {
    const held = files.length === 0 ? '' : ` These files of it hold something else now: ${names}.`;
    return `the change of \`${step}\` (attempt ${attempt}) was being merged when the run was cut off. ${since}.${held}${ways('merge it with the tree as it is', 'finish the merge over it; HEAD stays where it is')}`;
  }
  if (merging === true)
    return `the change of \`${step}\` (attempt ${attempt}) was being merged when the run stopped, and files of it hold something else now: ${names}${ways('merge it with what they hold', 'finish the merge over it')}`;
  if (since !== '') {
    const changed = files.length === 0 ? '' : ` These files have changed since it began: ${names}.`;
    const back = head === undefined ? 'these files' : 'HEAD and these files';
    return `\`${step}\` (attempt ${attempt}) was cut off, and nobody recorded how it left the tree. ${since}.${changed}${ways(KEEP, `put ${back} back to the start of the attempt, whoever changed them`)}`;
  }
  const what =
    why === 'edited'
      ? `files that \`${step}\` (attempt ${attempt}) wrote were edited after it stopped`
      : `\`${step}\` (attempt ${attempt}) was cut off and left edits`;
  return `${what}: ${names}${ways(KEEP, 'put these files back to the start of the attempt')}`;
}

const KEEP = 'go on from the tree as it is';

/** On lines of their own: whoever reads them is about to type one. */
function ways(keep: string, restore: string): string {
  return `\n  say it again with \`--keep-tree\` to ${keep},\n  or with \`--restore\` to ${restore}`;
}

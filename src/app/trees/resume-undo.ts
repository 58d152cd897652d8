/** Says what a resume does about edits that it undoes. */
import type { RunId } from '../../model/ids.ts';
import type { Undone, UndoQuestion } from '../../run/running.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { Variables } from '../facts.ts';
import type { ResumeOptions } from '../runs/resume.ts';
import { withoutSecrets } from '../runs/start.ts';
import { undoneSentence } from './undone.ts';

/** What becomes of edits that an undo would touch, by what was chosen. */
export function treeChoice(
  { tree, ask }: Pick<ResumeOptions, 'tree' | 'ask'>,
  record: RunRecord,
): { keepTree?: boolean; decideUndo?: (question: UndoQuestion) => Promise<'undo' | 'keep' | 'stop'> } {
  if (tree === 'keep') return { keepTree: true };
  if (tree === 'restore') return { decideUndo: () => Promise.resolve('undo') };
  if (ask === undefined) return {};
  return { decideUndo: (question) => ask({ ...question, run: record.id }) };
}

/** Tells of each undo what went, with where it is kept. */
export function toldOfUndo(
  { tell }: Pick<ResumeOptions, 'tell'>,
  run: RunId,
  workspace: GitWorkspace | undefined,
  variables: Variables,
): { undone?: (undone: Undone) => Promise<void> } {
  if (workspace === undefined) return {};
  return {
    undone: async (undone) =>
      tell(await withoutSecrets(await undoneSentence(run, undone, workspace), variables)),
  };
}

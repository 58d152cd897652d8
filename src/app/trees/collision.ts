/** Looks again at a merge that conflicted. */
import { type Clash, clashLine, clashPlaces, unmarkedOf } from '../../model/clash.ts';
import { fileNames } from '../../model/file-name.ts';
import type { RunId } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { quoted } from '../../report/words.ts';
import type { KeptRecording } from '../../workspace/recordings.ts';
import type { Refusal } from '../refusal.ts';
import { attemptWord, attemptWords, type NamedAttempt } from './attempt-name.ts';
import type { RunTree } from './owner.ts';

/** A merge that came to nothing. */
export interface Collision {
  /** The shared tree as it was then: a recording. */
  readonly ours: string;
  /** What merging made of it, with git's markers in the files; a tree of git, and no recording. */
  readonly tree: string;
  /** The files that conflict. */
  readonly files: readonly string[];
  /** The same, conflict by conflict. */
  readonly clashes: readonly Clash[];
}

/** The collision in which an attempt ended; undefined where it ended otherwise. */
export async function collision(
  { run, workspace }: Pick<RunTree, 'run' | 'workspace'>,
  { step, attempt, trees }: NamedAttempt,
): Promise<Result<Collision | undefined, Refusal>> {
  if (trees?.isolated !== true || trees.merge !== undefined) return ok(undefined);
  const { before, after } = trees;
  if (before === undefined || after === undefined) return ok(undefined);
  const recordings = await workspace.recordings(run);
  if (!recordings.ok) return err(recordings.error);
  const ours = collidedWith(recordings.value, { step, attempt });
  if (ours === undefined) return ok(undefined);
  const again = await workspace.trees.collide(before, ours, after);
  if (!again.ok) return err(again.error);
  const { tree, conflicts: files, clashes } = again.value;
  return ok(files.length === 0 ? undefined : { ours, tree, files, clashes });
}

/** The shared tree with which an attempt's change was to be merged; the newest, since a merge that came to no end is made again. */
export function collidedWith(
  recordings: readonly KeptRecording[],
  { step, attempt }: Pick<NamedAttempt, 'step' | 'attempt'>,
): string | undefined {
  return recordings.findLast(({ label }) => label === `${step.key}.${attempt}.ours`)?.tree;
}

const MOST = 10;

/** Says which files conflict, with the next move. */
export function collisionText(
  run: RunId,
  of: NamedAttempt,
  { files, clashes }: Pick<Collision, 'files' | 'clashes'>,
): string {
  const word = attemptWord(of);
  return [
    `the change of ${attemptWords(of)} was not merged, since it collides with the shared tree in ${filesText(files)}`,
    `  \`codemachine diff ${run} ${word} --conflict\` shows both sides`,
    `  \`codemachine apply ${run} ${word} --markers\` ${markersWords(clashes)}`,
    `  \`codemachine resume ${run} --resolved ${quoted(of.step.key)}\` goes on with what was decided`,
  ].join('\n');
}

/** What `--markers` does about these conflicts. */
export function markersWords(clashes: readonly Clash[]): string {
  if (unmarkedOf(clashes).length === 0) return 'puts them into the files, to be decided there';
  return clashes.some(({ marked }) => marked)
    ? 'puts them into those files that can hold both, and says of the others how to choose'
    : 'merges the rest, and says of these how to choose: they cannot hold both';
}

/** Every conflict, by name, with what either side has. */
export function clashesText(clashes: readonly Clash[]): string {
  return clashes
    .flatMap((clash) => [
      clashLine(clash),
      ...(clash.marked
        ? ['  both sides stand between markers']
        : clashPlaces(clash).map((place) => `  after the merge: ${place}`)),
    ])
    .join('\n');
}

/** Some files by name. */
export function filesText(files: readonly string[]): string {
  return fileNames(files, MOST);
}

/** Finds the conflicts without markers that nobody has decided yet. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { type Clash, clashLine, clashNames, clashPlaces, unmarkedOf } from '../../model/clash.ts';
import type { Failure } from '../../model/failure.ts';
import type { RunId } from '../../model/ids.ts';
import { ok, type Result } from '../../model/result.ts';
import { quoted } from '../../report/words.ts';
import { placeOfBeside } from '../../workspace/clashes.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';

/** Where it is looked: recordings, or trees of git. */
export interface Looked {
  readonly clashes: readonly Clash[];
  /** The shared tree with which the change collided. */
  readonly shared: string;
  /** What merging made of it; undefined where nobody put that in place. */
  readonly merged: string | undefined;
  /** The tree as it is. */
  readonly now: string;
  /** The paths of which a person has chosen a side. */
  readonly taken: readonly string[];
}

/** Those of the conflicts without markers that are as one side, or the merge, left them, and of which nobody has chosen a side. */
export async function undecided(
  { trees }: Pick<GitWorkspace, 'trees'>,
  { clashes, shared, merged, now, taken }: Looked,
): Promise<Result<readonly Clash[], Failure>> {
  const open: Clash[] = [];
  for (const clash of unmarkedOf(clashes)) {
    const paths = clashNames(clash);
    // Of names that are no text nothing can be said.
    if (clash.at.length === 0 || paths.some((path) => taken.includes(path))) continue;
    for (const known of merged === undefined ? [shared] : [shared, merged]) {
      const differing = await trees.changes(known, now, paths);
      if (!differing.ok) return differing;
      if (differing.value.length > 0) continue;
      open.push(clash);
      break;
    }
  }
  return ok(open);
}

/** The files that a merge put beside their places, and that still stand in the tree. */
export async function besideLeft(
  workspace: Pick<GitWorkspace, 'changed'>,
  { clashes, shared, now }: Pick<Looked, 'clashes' | 'shared' | 'now'>,
): Promise<Result<readonly string[], Failure>> {
  const places = new Set(clashes.flatMap(clashNames));
  const changed = await workspace.changed(shared, now);
  if (!changed.ok) return changed;
  return ok(changed.value.filter((path) => placeOfBeside(path) !== path && places.has(placeOfBeside(path))));
}

/** A run, with the checkout in which it worked. */
interface Where {
  readonly run: RunId;
  readonly root: string;
}

/** What each of these conflicts is, whose version is there, how a side is taken. */
export function undecidedText(where: Where, step: string, clashes: readonly Clash[]): string {
  const told = clashes.flatMap((clash) => [
    `  ${clashLine(clash)}`,
    ...clashPlaces(clash).map((place) => `    ${place}`),
  ]);
  return [...told, `  ${takeMoves(where, step, clashes)}`].join('\n');
}

const MOST = 5;

/** How a side is chosen of conflicts that hold no markers. */
export function takeMoves({ run, root }: Where, step: string, clashes: readonly Clash[]): string {
  const files = clashes.flatMap((clash) => clashNames(clash).slice(0, 1));
  const words = files.slice(0, MOST).map((file) => quoted(fromHere(root, file)));
  const take = (side: string): string =>
    `\`codemachine apply ${run} ${quoted(step)} --take ${side} -- ${words.join(' ')}\``;
  return `${take('step')} takes what the step has, ${take('shared')} what the shared tree has`;
}

/** As the command reads it: from the current directory. */
function fromHere(root: string, file: string): string {
  const here = path.relative(realpathSync(root), realpathSync('.'));
  return here.startsWith('..') ? path.join(root, file) : path.relative(here, file);
}

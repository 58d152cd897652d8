/** Tells a person what was taken out of the tree. */

import { fileNames } from '../../model/file-name.ts';
import type { HeadMove } from '../../model/head-move.ts';
import { headMoved, headPlace, othersWorked } from '../../model/head-move.ts';
import type { RunId } from '../../model/ids.ts';
import { oneLine } from '../../report/clean.ts';
import { quoted } from '../../report/words.ts';
import type { Undone } from '../../run/running.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { TreeBack } from './back.ts';

const MOST_FILES = 5;
const WIDEST_NAME = 160;

/** What was undone, with the command that brings one of the files back, from anywhere in the repository. */
export async function undoneSentence(
  run: RunId,
  { step, attempt, files, found, merging, head, whole }: Undone,
  workspace: GitWorkspace,
): Promise<string> {
  const what =
    merging === true
      ? `finished the merge of \`${step}\` (attempt ${attempt}) over what had become of ${named(files)}`
      : `undid what \`${step}\` (attempt ${attempt}) had left: ${named(files)}`;
  const recordings = await workspace.recordings(run);
  const number = recordings.ok ? recordings.value.find(({ tree }) => tree === found)?.number : undefined;
  const asFound = `\`codemachine restore ${run} --to ${number ?? found}\``;
  const asLeft = `\`codemachine restore ${run} ${quoted(`${step}.${attempt}`)} --after --head\``;
  const back =
    whole === true
      ? `${asLeft} brings all of it back`
      : head === undefined
        ? `${asFound} brings all of it back`
        : `${asLeft} brings HEAD back with what the attempt left, ${asFound} then the files as they were found`;
  const said = [
    ...(files.length === 0 ? [] : [`${what}. ${await wayBack(found, files, workspace)}`]),
    ...(head === undefined ? [] : [headSentence(head)]),
    `${back}, once the run is not at work`,
  ];
  return said.join('. ');
}

/** Where HEAD went, with what brings it, and the commits that came, back. */
function headSentence({ from, to, tip, rebased = [] }: HeadMove): string {
  const switched = to.branch !== undefined && to.branch !== from.branch;
  const ways = [
    ...(switched ? [`\`git switch ${shellWord(to.branch ?? '')}\` goes there again`] : []),
    ...(switched || to.sha === undefined || to.sha === from.sha
      ? []
      : [`\`git branch kept ${to.sha}\` makes a branch of what it was at`]),
    ...(tip === undefined || tip === to.sha ? [] : [keptBranch(from.branch ?? '', tip)]),
    ...rebased.filter((one) => one.tip !== to.sha).map((one) => keptBranch(one.branch, one.tip)),
  ];
  const sentence = `HEAD was at ${headPlace(to)} and is at ${headPlace(from)} again, where the attempt began`;
  return ways.length === 0 ? sentence : `${sentence}: ${ways.join('; ')}`;
}

function keptBranch(branch: string, tip: string): string {
  return `\`git branch kept-${tip.slice(0, 7)} ${tip}\` makes a branch of what ${oneLine(branch, WIDEST_NAME)} was at`;
}

/** What a tree was put back to, with the same command. */
export async function putBackSentence(
  { step, files, found }: Pick<TreeBack, 'step' | 'files' | 'found'>,
  workspace: GitWorkspace,
): Promise<string> {
  const what = `put ${files.length === 1 ? 'a file' : `${files.length} files`} back to before \`${step}\` began: ${named(files)}`;
  return `${what}. ${await wayBack(found, files, workspace)}`;
}

/** What a person should know of who has worked since an attempt was cut off. */
export function sinceWords({
  head,
  others,
}: {
  readonly head?: HeadMove;
  readonly others?: readonly RunId[];
}): readonly string[] {
  return [
    ...(head === undefined ? [] : [headMoved(head)]),
    ...(others === undefined ? [] : [othersWorked(others)]),
  ];
}

/** The first of some files, as a terminal may be shown them. */
export function named(files: readonly string[]): string {
  return fileNames(files, MOST_FILES);
}

async function wayBack(found: string, files: readonly string[], workspace: GitWorkspace): Promise<string> {
  // One that was away has nothing to bring back.
  const held = await workspace.holds(found, files);
  const one = held.ok ? held.value.find((name) => name === plain(name)) : undefined;
  if (one === undefined) return `How it was found is commit ${found}`;
  return `It is kept: \`git restore --source=${found} -- ${fromRoot(one)}\` brings one file back`;
}

/** A name that tells a terminal nothing. */
function plain(name: string): string {
  return oneLine(name, WIDEST_NAME);
}

/** A path from the root, for git in a shell: without the long form, `a[1]` would be a pattern and a `\` an escape. */
function fromRoot(file: string): string {
  if (/^[\w./@+-]+$/.test(file)) return `:/${file}`;
  return `':(top,literal)${file.replaceAll("'", "'\\''")}'`;
}

/** A branch for a shell. */
function shellWord(word: string): string {
  return /^[\w./@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

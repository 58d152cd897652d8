/** Tells a person what a resume took out of the tree. */

import { oneLine } from '../report/clean.ts';
import type { Undone } from '../run/running.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';

const MOST_FILES = 5;
const WIDEST_NAME = 160;

/** What was undone, with the command that brings one of the files back, from anywhere in the repository. */
export async function undoneSentence(
  { step, attempt, files, found }: Undone,
  workspace: GitWorkspace,
): Promise<string> {
  const more = files.length > MOST_FILES ? ` and ${files.length - MOST_FILES} more` : '';
  const what = `undid what \`${step}\` (attempt ${attempt}) had left: ${files.slice(0, MOST_FILES).map(plain).join(', ')}${more}`;
  // One that was away has nothing to bring back.
  const held = await workspace.holds(found, files);
  const one = held.ok ? held.value.find((name) => name === plain(name)) : undefined;
  if (one === undefined) return `${what}. How it was found is commit ${found}`;
  return `${what}. It is kept: \`git restore --source=${found} -- ${fromRoot(one)}\` brings one file back`;
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

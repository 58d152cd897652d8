/** Carries the promised files that git ignores from a recording of an agent to its replay: no patch has them. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PromptJob } from '../../model/ports.ts';
import { matches } from '../../plan/selection.ts';
import { findPromised, openPromised } from '../../workspace/promised.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';

/** A file by its path from the root of the tree. */
interface LeftFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A recording is committed and sent around; what is larger than this together is left out. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What an attempt has left of the files that it promised, where git ignores them. */
export async function ignoredArtifacts(
  workspace: GitWorkspace,
  place: { readonly root: string; readonly stateDir: string },
  { root = place.root, artifacts = [] }: PromptJob,
): Promise<readonly LeftFile[]> {
  if (artifacts.length === 0) return [];
  const within = { root, stateDir: place.stateDir };
  const { files } = await findPromised({ ...within, match: matches }, artifacts);
  const ignored = await workspace.ignored(files);
  const left: LeftFile[] = [];
  let bytes = 0;
  for (const name of ignored.ok ? ignored.value : []) {
    const file = await openPromised(within, name);
    if (!file.ok) continue;
    try {
      bytes += (await file.value.stat()).size;
      if (bytes > MOST_BYTES) return left;
      left.push({ path: name, bytes: await file.value.readFile() });
    } finally {
      await file.value.close();
    }
  }
  return left;
}

/** Puts the files of a directory below a root, never through a link. A place that is taken by something else stays as it is. */
export function putArtifacts(directory: string, root: string): void {
  for (const name of namesBelow(directory, '')) {
    const parts = name.split('/');
    const above = parts.slice(0, -1).map((_, at) => path.join(root, ...parts.slice(0, at + 1)));
    if (!above.every(isDirectoryNow)) continue;
    const target = path.join(root, name);
    const stat = lstatSync(target, { throwIfNoEntry: false });
    if (stat === undefined || stat.isFile()) writeFileSync(target, readFileSync(path.join(directory, name)));
  }
}

function isDirectoryNow(directory: string): boolean {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) mkdirSync(directory);
  return stat === undefined || stat.isDirectory();
}

/** Regular files alone; `.git` has no place in it. */
function namesBelow(directory: string, below: string): readonly string[] {
  return readdirSync(path.join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.name.toLowerCase() === '.git') return [];
    return entry.isDirectory() ? namesBelow(directory, name) : entry.isFile() ? [name] : [];
  });
}

/** Judges the paths that are brought into a tree of its own. */

import type { Range } from '../model/source.ts';
import { isFence } from './declarations.ts';
import { complain, type Reading } from './reading.ts';
import { leadsOut } from './scalars.ts';
import type { Node, ScalarNode } from './tree.ts';

/** Where the parts of a path end, those inside of `{a,b}` and `(a|b)` too. */
const BETWEEN = /[/{},()|]/;

const WILD = /[*?[\]{}()]/;

/** The paths of `copy` or `link`, without `./`. A glob may fit nothing today; what is named must be there. */
export function readTreePaths(
  reading: Reading,
  list: Node | undefined,
  key: 'copy' | 'link',
): readonly string[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '' || isFence(item))
      return [];
    if (!reading.judged.has(item)) judge(reading, item, item.value, key);
    reading.judged.add(item);
    const plain = item.value.replace(/^(\.\/+)+/, '');
    return [key === 'link' ? plain.replace(/\/+$/, '') : plain];
  });
}

function judge(reading: Reading, { at }: ScalarNode, value: string, key: 'copy' | 'link'): void {
  const problem = key === 'copy' ? reading.world.globProblem(value) : undefined;
  if (problem !== undefined) {
    const [what = problem, help = 'write several simpler ones'] = problem.split('; ');
    complain(reading, 'bad-glob', at, { glob: value, problem: what, help });
    return;
  }
  // What is taken away from the others may lie anywhere.
  if (key === 'copy' && value.startsWith('!')) return;
  const parts = value.split(BETWEEN);
  // `{a,../b}` leads out as well, which counting the depth does not see.
  const hidden = parts.length > value.split('/').length && parts.includes('..');
  const why = whyNot(parts.filter((part) => part !== '' && part !== '.'));
  if (leadsOut(value) || hidden) complain(reading, 'outside-workspace', at, { key: `\`${key}\``, value });
  else if (why !== undefined) complain(reading, 'reserved-path', at, { key, value, why });
  else if (!reading.world.existsInWorkspace(value)) missing(reading, at, value, key);
}

function missing(reading: Reading, at: Range, value: string, key: 'copy' | 'link'): void {
  const wild = WILD.test(value);
  if (key === 'copy' && wild) return;
  const help = wild
    ? '`link` takes paths, each written out; only `copy` takes globs'
    : `make it at the root of the workspace before the run, or take it out of \`${key}\``;
  complain(reading, 'missing-file', at, { file: value, problem: 'it is not there', help });
}

// Names are compared as a disk does that takes `.GIT` for `.git`.
function whyNot(parts: readonly string[]): string | undefined {
  if (parts.length === 0) return 'is the whole workspace';
  const plain = parts.map((part) => part.toLowerCase());
  if (plain.includes('.git')) return 'reaches into `.git`, which each worktree has for itself';
  return plain[0] === '.codemachine' ? 'reaches into `.codemachine`, which belongs to the runs' : undefined;
}

/** Judges the paths and globs that are brought into a tree, or taken out of it. */
import { isFence } from './declarations.ts';
import { complain, type Reading } from './reading.ts';
import { leadsOut } from './scalars.ts';
import type { Node, ScalarNode } from './tree.ts';

/** Where the parts of a path end, those inside of `{a,b}` and `(a|b)` too. */
const BETWEEN = /[/{},()|]/;

const WILD = /[*?[\]{}()]/;

/** A key whose values are paths from the root of the tree. */
type Key = Brought | 'artifacts' | 'cache.inputs' | 'show';

/** Those that must be there when a step starts. */
type Brought = 'copy' | 'link';

function isBrought(key: Key): key is Brought {
  return key === 'copy' || key === 'link';
}

/**
 * The paths of `copy` or `link`, without `./`; a `?` at the end says that one may be missing when the step starts. What is not
 * there now is remembered: whether that is wrong is known when all steps are read.
 */
export function readTreePaths(
  reading: Reading,
  list: Node | undefined,
  key: 'copy' | 'link',
  after: boolean | undefined,
): readonly string[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '' || isFence(item))
      return [];
    judgeTreePath(reading, item, key);
    const before = reading.awaited.get(item);
    if (before !== undefined && after !== undefined)
      reading.awaited.set(item, { ...before, after: after && before.after !== false });
    const plain = item.value.replace(/^(\.\/+)+/, '');
    return [key === 'link' ? plain.replace(/\/+(\??)$/, '$1') : plain];
  });
}

/** Complains about paths that are not there: one that no step can make first is an error. */
export function complainOfAwaited(reading: Reading): void {
  for (const [{ at }, { value, key, after }] of reading.awaited) {
    if (after === false) {
      const help = `make it at the root of the workspace before the run, write \`"${optional(value)}"\` if it may be missing, or take it out of \`${key}\``;
      complain(reading, 'missing-file', at, { file: value, problem: 'it is not there', help });
    } else
      complain(reading, 'copy-not-there-yet', at, {
        file: value,
        key,
        used: after === true,
        instead: optional(value),
      });
  }
}

/** How the same path is written where it may be missing. */
function optional(value: string): string {
  return `${value.replace(/\/+$/, '')}?`;
}

/** Complains, once, about a path that cannot be taken; what is no text was complained about. */
export function judgeTreePath(reading: Reading, item: ScalarNode, key: Key): void {
  if (typeof item.value !== 'string' || reading.judged.has(item)) return;
  reading.judged.add(item);
  judge(reading, item, item.value, key);
}

/** The same for a glob that stands behind a word. */
export function judgeTreeGlob(reading: Reading, item: ScalarNode, glob: string, key: 'show'): void {
  if (reading.judged.has(item)) return;
  reading.judged.add(item);
  judge(reading, item, glob, key);
}

function judge(reading: Reading, item: ScalarNode, written: string, key: Key): void {
  const { at } = item;
  const maybe = isBrought(key) && written.endsWith('?');
  const value = maybe ? written.slice(0, -1) : written;
  const problem = key !== 'link' ? reading.world.globProblem(value) : undefined;
  if (problem !== undefined) {
    const [what = problem, help = 'write several simpler ones'] = problem.split('; ');
    complain(reading, 'bad-glob', at, { glob: value, problem: what, help });
    return;
  }
  // What is taken away from the others may lie anywhere.
  if (key !== 'link' && value.startsWith('!')) return;
  const parts = value.split(BETWEEN);
  // `{a,../b}` leads out as well, which counting the depth does not see.
  const hidden = parts.length > value.split('/').length && parts.includes('..');
  const plain = parts.filter((part) => part !== '' && part !== '.');
  const why = whyNot(plain, key);
  if (leadsOut(value) || hidden) complain(reading, 'outside-workspace', at, { key: `\`${key}\``, value });
  else if (why !== undefined) complain(reading, 'reserved-path', at, { key, value, why });
  else if (key === 'link' && WILD.test(value)) {
    const help = '`link` takes paths, each written out; only `copy` takes globs';
    if (!reading.world.existsInWorkspace(value))
      complain(reading, 'missing-file', at, { file: value, problem: 'it is not there', help });
  } else if (isBrought(key) && !maybe && !WILD.test(value) && !reading.world.existsInWorkspace(value))
    reading.awaited.set(item, { value, key });
}

// Names are compared as a disk does that takes `.GIT` for `.git`.
function whyNot(parts: readonly string[], key: Key): string | undefined {
  if (parts.length === 0) return 'is the whole workspace';
  const plain = parts.map((part) => part.toLowerCase());
  if (plain.includes('.git')) return 'reaches into `.git`, which each worktree has for itself';
  if (!isBrought(key) && plain[1] !== 'state') return undefined;
  return plain[0] === '.codemachine' ? 'reaches into `.codemachine`, which belongs to the runs' : undefined;
}

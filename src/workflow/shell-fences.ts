/** Tells where in a shell script an expression stands, so far as a variable can take its place without changing what is run. */
import { FENCE, type FencePlace, isAssignment, type Scan, scanShell } from './shell-scan.ts';

/**
 * Programs that run, or calculate, what they are given: with these a variable would only carry the data to where it is obeyed. Those
 * that start another program are among them, since which one cannot be said for certain.
 */
const OBEYING = new Set(
  `awk bash bun busybox command csh dash deno docker env exec expr fish gawk ghci ksh let lua make mawk mysql nerdctl nice node nohup
   parallel perl php podman powershell psql pwsh python python2 python3 rlwrap ruby script sed sh sqlite3 ssh su sudo doas time timeout
   trap tsx watch xargs zsh find jq yq kubectl gdb vim ed ex bc dc osascript alias test-eval unshare chroot setsid flock`.split(
    /\s+/,
  ),
);

/** What makes any later word a program: nothing in such a script is certain. */
const OBEYED_LATER = new Set(['eval', 'source', '.', 'function', 'case', 'select']);

/** Words before a command that are none themselves. */
const BEFORE = new Set(['if', 'then', 'do', 'else', 'elif', 'while', 'until', '!', '{', '}', 'fi', 'done']);

/**
 * For each expression of a script for `sh` or `bash`, how a variable is read in its place; undefined where that would not certainly
 * run the same command, or not keep data from being obeyed.
 * @param parts the literal texts around the expressions, one more than there are expressions
 */
export function fencePlaces(parts: readonly string[]): readonly (FencePlace | undefined)[] {
  const none = Array.from({ length: parts.length - 1 }, () => undefined);
  if (parts.some((part) => part.includes(FENCE) || part.includes('`'))) return none;
  const scan = scanShell(parts.join(FENCE), none.length);
  return scan === undefined ? none : (judged(scan) ?? none);
}

function judged(scan: Scan): Scan['places'] | undefined {
  const all = scan.pipelines.flatMap(({ words }) => words);
  if (all.some((word) => OBEYED_LATER.has(word))) return undefined;
  const obeying = scan.pipelines.filter(({ words }) => words.some(isObeying));
  if (obeying.some(({ words }) => words[0] === 'done' || words[0] === 'fi' || words[0] === '}'))
    return undefined;
  for (const each of scan.pipelines) {
    const command = each.words.findIndex((word) => !BEFORE.has(word) && !isAssignment(word) && word !== '|');
    for (const { index, word, carried } of each.fences) {
      const named = word === command || each.words[word - 1] === '|';
      const flows = (carried || each.writes) && obeying.length > 0;
      if (named || flows || obeying.includes(each) || each.words[command] === 'for')
        scan.places[index] = undefined;
    }
  }
  return scan.places;
}

function isObeying(word: string): boolean {
  return OBEYING.has(word.slice(word.lastIndexOf('/') + 1));
}

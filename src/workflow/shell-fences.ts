/** Tells where in a shell script an expression stands, so far as a variable can take its place without changing what is run. */
import { commandsOf, isPlain, leadsOn, takesAsData } from './shell-data.ts';
import { FENCE, type FencePlace, INSIDE, type Scan, scanShell } from './shell-scan.ts';

/** What makes any other word mean something else, or its output go elsewhere: nothing in such a script is certain. */
const CHANGING = new Set(
  'eval source . function case select exec trap alias enable hash shopt coproc'.split(' '),
);

/**
 * For each expression of a script for `sh` or `bash`, how a variable is read in its place; undefined where that is not certain to
 * run the same command, with the value as one word of data.
 * @param parts the literal texts around the expressions, one more than there are expressions
 */
export function fencePlaces(parts: readonly string[]): readonly (FencePlace | undefined)[] {
  const none = Array.from({ length: parts.length - 1 }, () => undefined);
  // `$_` is the last word of the command before.
  if (parts.some((part) => part.includes(FENCE) || part.includes('`') || /\$_(?!\w)|\$\{[!#]?_\W/.test(part)))
    return none;
  const scan = scanShell(parts.join(FENCE), none.length);
  return scan === undefined ? none : (judged(scan) ?? none);
}

function judged(scan: Scan): Scan['places'] | undefined {
  if (scan.pipelines.some(({ words }) => words.some((word) => CHANGING.has(word)))) return undefined;
  const commands = scan.pipelines.map(({ words }) => commandsOf(words));
  const allPlain = commands.every((some) => some.every(isPlain));
  for (const { words } of scan.pipelines) if (leadsOn(words) && !allPlain) return undefined;
  // A command that is not named here may be what a command before it printed.
  if (commands.some((some) => some.some((one) => /[$\0]|\(\)/.test(nameOf(one.words))))) return undefined;
  for (const [i, each] of scan.pipelines.entries()) {
    const own = commands[i] ?? [];
    for (const { index, word, carried } of each.fences) {
      const flows = carried || each.writes;
      const by = own.findLast(({ from }) => from <= word);
      const fine =
        word === INSIDE ? own.every(isPlain) : by !== undefined && takesAsData(by, word) && passedOn(own, by);
      if (!fine || (flows && !allPlain)) scan.places[index] = undefined;
    }
  }
  return scan.places;
}

function nameOf(words: readonly string[]): string {
  return words.every((word) => /^[a-z_]\w*=/i.test(word)) ? '' : (words[0] ?? '');
}

// What a command prints is what the next one reads.
function passedOn(all: ReturnType<typeof commandsOf>, by: (typeof all)[number]): boolean {
  return all.slice(all.indexOf(by) + 1).every(isPlain);
}

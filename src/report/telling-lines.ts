/** Picks the lines that tell most of what a failed step said. */
import type { AttemptValues } from '../model/event.ts';
import { lastLines } from './clean.ts';

/** How many are looked through for those. */
const LOOKED_THROUGH = 60;
const WIDEST_LINE = 160;

/**
 * What programs add when one that they started has failed, and frames of code that nobody here wrote: behind the error itself, these
 * would be all that the last lines show.
 */
const NOISE: readonly RegExp[] = [
  /^npm (?:ERR!|error|notice|warn|WARN|verb)\b/,
  /^(?:error|info) (?:Command failed with exit code|Visit https:\/\/yarnpkg)/,
  /\bELIFECYCLE\b/,
  /^make(?:\[\d+\])?: (?:\*\*\*|Entering|Leaving)/,
  /^\s+at .*(?:node_modules|node:|<anonymous>\)?$)/,
  /^Node\.js v\d/,
];

/** The last lines that say something, of what it said: of a command its standard error, filled up with its output. At most `most`. */
export function tellingLines(
  { stderr = '', stdout = '', text = '' }: AttemptValues,
  most: number,
): readonly string[] {
  const all = [stderr, stdout, text].map((said) => lastLines(said, LOOKED_THROUGH, WIDEST_LINE));
  const clear = all.map((lines) => lines.filter((line) => !NOISE.some((noise) => noise.test(line))));
  // What says nothing but noise is shown with it: it is all there is.
  const [errors = [], output = [], words = []] = clear.some((lines) => lines.length > 0) ? clear : all;
  const shown = errors.slice(-most);
  const room = most - shown.length;
  const before = output.slice(Math.max(0, output.length - room));
  return shown.length + before.length === 0 ? words.slice(-most) : [...before, ...shown];
}

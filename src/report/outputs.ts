/** Says what the outputs of a run came to. */
import type { Progress } from '../model/progress.ts';
import { oneLine } from './clean.ts';
import { count } from './words.ts';

const MOST_OUTPUTS = 10;
const WIDEST = 160;

/**
 * A line for each output. Of a run that did not succeed those are left out that did not come into being: a step never got there.
 * @param all whether as many are shown as there are
 * @param rest where the others are to be seen
 */
export function outputLines(
  { outputs = {}, status }: Progress,
  all: boolean,
  rest: string,
): readonly string[] {
  const made = Object.entries(outputs).filter(([, value]) => value !== null || status === 'succeeded');
  const shown = all ? made : made.slice(0, MOST_OUTPUTS);
  const lines = shown.map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `output ${name}: ${oneLine(text, WIDEST)}`;
  });
  const hidden = made.length - shown.length;
  return hidden === 0 ? lines : [...lines, `and ${count(hidden, 'more output', 'more outputs')}${rest}`];
}

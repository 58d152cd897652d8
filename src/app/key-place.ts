/** Finds a key of a step in the file. */
import type { Range } from '../model/source.ts';
import type { Step } from '../model/workflow.ts';

/** The key where the step itself says it, else the step's first line: then its agent says it. */
export function placeOf(text: string, step: Step, key: string): Range {
  const { start, end } = step.at;
  const body = text.slice(start, end);
  const found = new RegExp(`^[ \\t-]*(${key})[ \\t]*:`, 'm').exec(body);
  if (found?.[1] !== undefined) {
    const at = start + found.index + found[0].indexOf(found[1]);
    return { start: at, end: at + key.length };
  }
  const line = body.indexOf('\n');
  return { start, end: line === -1 ? end : start + line };
}

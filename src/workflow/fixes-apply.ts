/** Writes fixes into a text. */
import type { Fix } from '../model/diagnostic.ts';

/** A text with some fixes in it. */
export interface Applied {
  readonly text: string;
  /** Those that are in it. One that would touch what another one touches waits for the next look at the text. */
  readonly taken: ReadonlySet<Fix>;
}

type Edit = Fix['edits'][number];

/** Applies the fixes that are not in each other's way, the earlier in the list first; equal ones are one. */
export function applyFixes(text: string, fixes: readonly Fix[]): Applied {
  const edits: Edit[] = [];
  const taken = new Set<Fix>();
  const said = new Set<string>();
  for (const fix of fixes) {
    const words = JSON.stringify(fix.edits);
    if (!said.has(words)) {
      if (fix.edits.some((edit) => edits.some((other) => touches(edit, other)))) continue;
      said.add(words);
      edits.push(...fix.edits);
    }
    taken.add(fix);
  }
  edits.sort((a, b) => a.at.start - b.at.start);
  let done = 0;
  let written = '';
  for (const { at, text: fresh } of edits) {
    written += text.slice(done, at.start) + fresh;
    done = at.end;
  }
  return { text: written + text.slice(done), taken };
}

// Two insertions at one place are in each other's way: which comes first would be chance.
function touches(a: Edit, b: Edit): boolean {
  return a.at.start <= b.at.end && b.at.start <= a.at.end;
}

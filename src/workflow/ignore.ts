/** Leaves out the warnings that a comment in the file silences. */
import type { Diagnostic } from '../model/diagnostic.ts';

const COMMENT = /^\s*(?:- )?\s*#\s*codemachine-ignore:\s*([\w ,-]+)/;

/** The complaints without the warnings whose code stands in a `# codemachine-ignore: code` on the line above. Errors stay. */
export function withoutIgnored(
  diagnostics: readonly Diagnostic[],
  path: string,
  text: string,
): readonly Diagnostic[] {
  if (!text.includes('codemachine-ignore:')) return diagnostics;
  return diagnostics.filter((d) => {
    if (d.severity !== 'warning' || d.path !== path) return true;
    const lineStart = text.lastIndexOf('\n', d.at.start - 1) + 1;
    if (lineStart === 0) return true;
    const above = text.slice(text.lastIndexOf('\n', lineStart - 2) + 1, lineStart - 1);
    const codes = COMMENT.exec(above)?.[1]?.split(/[\s,]+/) ?? [];
    return !codes.includes(d.code);
  });
}

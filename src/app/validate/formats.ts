/** Puts diagnostics into the formats that programs read. */
import path from 'node:path';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { annotations } from '../../report/annotations.ts';
import { jsonLine } from '../../report/json-line.ts';
import { sarifLog } from '../../report/sarif.ts';
import { diagnosticsJson } from '../../report/squiggle.ts';
import { lies } from '../files.ts';
import type { Place } from '../place.ts';
import type { Format } from './look.ts';

/** What is to be printed. */
export interface Findings {
  readonly place: Place;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
  /** The files that were looked at, as they are shown. */
  readonly read: readonly string[];
  /** Why others could not be, a sentence each. */
  readonly unread: readonly string[];
}

/** The whole output in a format, with its last line end. */
export async function inFormat(format: Exclude<Format, 'text'>, findings: Findings): Promise<string> {
  const { diagnostics, sources, place, unread } = findings;
  const pathOf = (shown: string) => fromRoot(place, shown);
  switch (format) {
    case 'json':
      return jsonLine({
        ...diagnosticsJson(diagnostics, sources),
        ...(unread.length === 0 ? {} : { unread }),
      });
    case 'github':
      return annotations(diagnostics, sources, pathOf) + closing(findings);
    case 'sarif': {
      const { ABOUT } = await import('../../model/catalogue/about.ts');
      const { VERSION } = await import('../version.ts');
      const about = (code: string) => (ABOUT as Readonly<Record<string, string | undefined>>)[code];
      return jsonLine(sarifLog(diagnostics, sources, { version: VERSION, about, pathOf }), 2);
    }
  }
}

function closing({ diagnostics, read }: Findings): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const files = read.length === 1 ? '1 file' : `${read.length} files`;
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  return `${files}: ${count(errors, 'error')}, ${count(diagnostics.length - errors, 'warning')}\n`;
}

// What is shown is relative to where somebody stands; annotations are relative to the repository.
function fromRoot({ cwd, root }: Place, shown: string): string {
  if (/^<.*>$/.test(shown)) return shown;
  const file = path.resolve(cwd, shown);
  return lies(root, file) ? path.relative(root, file) : file;
}

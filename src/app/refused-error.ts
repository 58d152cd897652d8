/** Says no to programs. */
import { diagnosticsJson, printDiagnostics } from '../report/squiggle.ts';
import type { Refusal } from './refusal.ts';
import type { Problem } from './validate/library-validate.ts';

/** Thrown where nothing was started: a bad file, input or state. `message` is for people, everything that is wrong in it. */
export class RefusedError extends Error {
  /** The next move, where there is one. */
  readonly help?: string;
  /** What is wrong with the files, as `validate` gives it; empty where they are not the reason. */
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[], help: string | undefined) {
    super(message);
    this.name = 'RefusedError';
    this.problems = problems;
    if (help !== undefined) this.help = help;
  }
}

/** The error that says what a refusal does. */
export function refusedError({
  message,
  help,
  diagnostics = [],
  sources = new Map(),
}: Refusal): RefusedError {
  const shown = diagnostics.length === 0 ? '' : printDiagnostics(diagnostics, sources, { color: false });
  const text = [shown.trimEnd(), message, help].filter(Boolean).join('\n');
  return new RefusedError(text, diagnosticsJson(diagnostics, sources).diagnostics, help);
}

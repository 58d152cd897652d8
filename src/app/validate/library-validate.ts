/** Checks workflow files for programs. */
import { type DiagnosticsJson, diagnosticsJson } from '../../report/squiggle.ts';
import { checkFile } from '../check.ts';
import { findWorkflow } from '../find-workflow.ts';
import { locate } from '../place.ts';
import { refusedError } from '../refused-error.ts';

/** Where to look, where it differs from the process's own. */
export interface ValidateOptions {
  readonly cwd?: string;
}

/** One thing that is wrong with a file; lines and columns from 1. As `codemachine validate --format json` prints it. */
export type Problem = DiagnosticsJson['diagnostics'][number];

/**
 * Checks one workflow file without running anything.
 * @param workflow a path, or a name in `.codemachine/workflows`
 * @returns everything that is wrong, sorted by place; the file is refused when one has severity `error`
 * @throws RefusedError when the file cannot be read at all
 */
export async function validate(workflow: string, options: ValidateOptions = {}): Promise<readonly Problem[]> {
  const place = locate(options, process.env);
  const file = findWorkflow(place, workflow);
  if (!file.ok) throw refusedError(file.error);
  const checked = await checkFile(place, file.value, process.env);
  if (!checked.ok) throw refusedError(checked.error);
  return diagnosticsJson(checked.value.diagnostics, checked.value.sources).diagnostics;
}

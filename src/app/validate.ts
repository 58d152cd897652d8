/** Checks workflow files for the command line. */
import path from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { hasErrors } from '../model/diagnostic.ts';
import { EXIT, type ExitCode } from '../model/exit.ts';
import type { Result } from '../model/result.ts';
import { ok } from '../model/result.ts';
import { diagnosticsJson, printDiagnostics } from '../report/squiggle.ts';
import { checkFile, findWorkflow, workflowsIn } from './check.ts';
import { locate, type Place } from './place.ts';
import { colorOn, harmless, printRefusal } from './print.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Prints what is wrong with the files; exit code 2 when any of them is refused. */
export async function validateFiles(
  names: readonly string[],
  format: 'text' | 'json',
  strict: boolean,
): Promise<ExitCode> {
  const place = locate({}, process.env);
  const files = filesOf(place, names);
  if (!files.ok) return printRefusal(files.error);
  const sources = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const read: string[] = [];
  for (const file of files.value) {
    const checked = await checkFile(place, file, process.env);
    if (!checked.ok) return printRefusal(checked.error);
    for (const [name, text] of checked.value.sources) sources.set(name, text);
    read.push(checked.value.source.path);
    diagnostics.push(...checked.value.diagnostics);
  }
  const judged = strict ? diagnostics.map((d) => ({ ...d, severity: 'error' as const })) : diagnostics;
  const bad = hasErrors(judged);
  if (format === 'json') process.stdout.write(`${JSON.stringify(diagnosticsJson(judged, sources))}\n`);
  else printText(judged, sources, bad ? [] : read);
  return bad ? EXIT.refused : EXIT.succeeded;
}

function printText(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  valid: readonly string[],
): void {
  const color = colorOn(process.stdout, process.env);
  process.stdout.write(printDiagnostics(diagnostics, sources, { color }));
  if (valid.length > 0)
    process.stdout.write(harmless(`${valid.join(', ')}: valid\n`, process.stdout, process.env));
}

function filesOf(place: Place, names: readonly string[]): Result<readonly string[], Refusal> {
  if (names.length > 0) {
    const found: string[] = [];
    for (const name of names) {
      const file = findWorkflow(place, name);
      if (!file.ok) return file;
      found.push(file.value);
    }
    return ok(found);
  }
  const directory = path.join(place.root, '.codemachine', 'workflows');
  const all = workflowsIn(directory);
  return all.length > 0
    ? ok(all.map((file) => path.join(directory, file)))
    : refuse(
        'there is no workflow in .codemachine/workflows',
        'name a file: `codemachine validate path/to/file.yml`',
      );
}

/** Finds test files, and reads them with everything that they name. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, diagnose, hasErrors, sorted } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { readTestFile, type TestFile } from '../../workflow/test-file.ts';
import { checkTestSteps } from '../../workflow/test-steps.ts';
import { checkFile } from '../check.ts';
import { entryAt, readText } from '../files.ts';
import { findWorkflow } from '../find-workflow.ts';
import { type Place, shown } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { ReadyFile } from './case.ts';

const IS_TEST = /\.test\.ya?ml$/;

/** Finds the test files that names, directories and nothing at all mean. Each once, sorted; absolute paths. */
export function testFilesOf(place: Place, names: readonly string[]): Result<readonly string[], Refusal> {
  if (names.length === 0) {
    const all = testsBelow(path.join(place.root, '.codemachine'), place);
    return all.length > 0 ? ok(all) : none('there is no test below .codemachine');
  }
  const found = new Set<string>();
  for (const name of names) {
    const file = path.resolve(place.cwd, name);
    const stat = entryAt(file);
    if (stat === undefined)
      return refuse(`there is no file ${name}`, 'name a test file, or a directory of them');
    const all = stat.isDirectory() ? testsBelow(file, place) : [file];
    if (all.length === 0) return none(`there is no test below ${name}`);
    for (const one of all) found.add(one);
  }
  return ok([...found].sort());
}

function none(what: string): Result<never, Refusal> {
  return refuse(
    `${what}: tests are the files that end in .test.yml`,
    'write `.codemachine/tests/<workflow>.test.yml` with `workflow: <workflow>` and `tests:`; `codemachine schema test` says what may stand there',
  );
}

function testsBelow(directory: string, { stateDir }: Place): readonly string[] {
  if (!existsSync(directory)) return [];
  const found: string[] = [];
  const open = [directory];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const file = path.join(at, entry.name);
      const hidden = entry.name.startsWith('.') && entry.name !== '.codemachine';
      const passed = hidden || entry.name === 'node_modules' || file === stateDir;
      if (entry.isDirectory() && !passed) open.push(file);
      else if (entry.isFile() && IS_TEST.test(entry.name)) found.push(file);
    }
  }
  return found.sort();
}

/** Reads all of them; everything that is wrong with any is said at once. */
export async function readTestFiles(
  place: Place,
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Result<readonly ReadyFile[], Refusal>> {
  const ready: ReadyFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const sources = new Map<string, string>();
  const refused: Refusal[] = [];
  for (const file of files) {
    const text = readText(file);
    if (!text.ok) {
      refused.push({ message: `${shown(place, file)} ${text.error}` });
      continue;
    }
    const source = { path: shown(place, file), text: text.value };
    sources.set(source.path, source.text);
    const read = readTestFile(source);
    diagnostics.push(...read.diagnostics);
    if (read.file === undefined) continue;
    const checked = await withWorkflow(place, file, read.file, env);
    if (!checked.ok) {
      diagnostics.push(...(checked.error.diagnostics ?? []));
      for (const [name, one] of checked.error.sources ?? []) sources.set(name, one);
      if (checked.error.message !== '') refused.push(checked.error);
    } else ready.push(checked.value);
  }
  if (!hasErrors(diagnostics) && refused.length === 0) return ok(ready);
  const said = refused.map(({ message }) => message);
  const message = said.length > 0 ? said.join('\n') : 'nothing was run';
  const help = refused.find((one) => one.help !== undefined)?.help;
  return err({ message, diagnostics: sorted(diagnostics), sources, ...(help === undefined ? {} : { help }) });
}

async function withWorkflow(
  place: Place,
  file: string,
  test: TestFile,
  env: NodeJS.ProcessEnv,
): Promise<Result<ReadyFile, Refusal>> {
  const missing = missingFiles(file, test);
  // What is a name is looked for where workflows are, and a path from where the test is.
  const isPath = /\.ya?ml$/.test(test.workflow) || test.workflow.includes('/');
  const found = findWorkflow(isPath ? { ...place, cwd: path.dirname(file) } : place, test.workflow);
  if (!found.ok) {
    const words = { file: test.workflow, problem: 'there is no such workflow' };
    const help = isPath
      ? 'write the path from the directory of this file'
      : (found.error.help ?? 'write its path');
    const at = diagnose('missing-file', test.source.path, test.at(['workflow']), { ...words, help });
    return err({ message: '', diagnostics: [...missing, at] });
  }
  const checked = await checkFile(place, found.value, env);
  if (!checked.ok) return checked;
  const { workflow, diagnostics, sources } = checked.value;
  if (workflow === undefined) return err({ message: '', diagnostics: [...missing, ...diagnostics], sources });
  const wrong = [...missing, ...checkTestSteps(test, workflow)];
  if (wrong.length > 0) return err({ message: '', diagnostics: wrong });
  return ok({ path: file, file: test, workflowFile: found.value, workflow });
}

/** The directories that cases name, which have to be there. */
function missingFiles(file: string, { cases, source, at }: TestFile): readonly Diagnostic[] {
  return cases.flatMap((one) =>
    (['workspace', 'replay'] as const).flatMap((key) => {
      const written = one[key];
      if (written === undefined) return [];
      const stat = entryAt(path.resolve(path.dirname(file), written));
      if (stat?.isDirectory() === true) return [];
      const problem = stat === undefined ? 'there is no such directory' : 'it is not a directory';
      const help =
        key === 'replay'
          ? 'make one with `codemachine run … --record <directory>`; the path is relative to this file'
          : 'the path is relative to this file';
      const words = { file: written, problem, help };
      return [diagnose('missing-file', source.path, at(['tests', one.index, key]), words)];
    }),
  );
}

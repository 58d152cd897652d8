// Runs `codemachine test` in a project, and reads what it prints.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { TestResult, TestTotals } from '../../src/report/tests.ts';
import { validate } from '../../src/workflow/generated/test-report.mjs';
import { type CliOptions, cli } from '../support/cli.ts';
import { makeProject, type Project } from '../support/repository.ts';

/** What `--format json` says. */
export type Report = TestTotals & { readonly tests: readonly TestResult[] };

/** A project with a workflow and a test file for it, neither of them committed. */
export function testedProject(
  workflow: string,
  tests: string,
  files: Readonly<Record<string, string>> = {},
): Project {
  const project = makeProject({ 'a.txt': 'a\n', '.gitignore': 'ignored\n', ...files });
  project.write('.codemachine/workflows/work.yml', workflow);
  project.write('.codemachine/tests/work.test.yml', `workflow: work\ntests:\n${tests}`);
  return project;
}

/** Runs the tests of a project. Anything but a report that fits its schema ends the test. */
export async function report(
  project: Project,
  args: readonly string[] = [],
  options: CliOptions = {},
): Promise<Report & { readonly code: number | null }> {
  const end = await cli(project, ['test', '--format', 'json', ...args], options);
  if (end.stdout === '') throw new Error(`exit code ${end.code}: ${end.stderr}`);
  const said = JSON.parse(end.stdout) as Report;
  if (!validate(said)) throw new Error(JSON.stringify(validate.errors));
  return { ...said, code: end.code };
}

/** The failures of all tests, each in a line. */
export function failures({ tests }: Report): readonly string[] {
  return tests.flatMap((test) =>
    test.failures.map(({ line, column, message, expected, found }) =>
      [`${line}:${column} ${message}`, ...(expected === undefined ? [] : [expected, found])].join(' | '),
    ),
  );
}

/** What is left in the project's temporary directory. */
export function leftovers(project: Project): readonly string[] {
  return readdirSync(path.join(project.base, 'tmp'));
}

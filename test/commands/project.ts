// Gives each test a project of its own.
import { onTestFinished } from 'vitest';
import { type CliEnd, type CliOptions, cli } from '../support/cli.ts';
import { makeProject, type Project } from '../support/repository.ts';

/** A project that is gone after the test; `workflows` by name, as they stand in `.codemachine/workflows`. */
export function projectWith(
  workflows: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Project {
  const named = Object.entries(workflows).map(([name, text]) => [
    `.codemachine/workflows/${name}.yml`,
    text.includes('name:') ? text : `name: ${name}\n${text}`,
  ]);
  const project = makeProject({ 'a.txt': 'a\n', ...Object.fromEntries(named), ...files });
  onTestFinished(() => project.remove());
  return project;
}

/** Runs a command line, its words between blanks. */
export function say(project: Project, line: string, options?: CliOptions): Promise<CliEnd> {
  return cli(project, line === '' ? [] : line.split(' '), options);
}

/** A workflow that does nothing, well. */
export const FINE = 'steps:\n  - id: one\n    run: echo fine\n';

/** A workflow that fails in its second step. */
export const FAILING =
  'steps:\n  - id: one\n    run: echo fine\n  - id: two\n    run: echo bad >&2; exit 3\n';

// Gives each test a project of its own.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { type CliEnd, type CliOptions, cli } from '../support/cli.ts';
import { strictEvents } from '../support/event-check.ts';
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

/** Runs command lines one after the other in one process, which costs a tenth of starting each. */
export function sayAll(project: Project, lines: readonly string[]): readonly Omit<CliEnd, 'signal'>[] {
  const input = JSON.stringify(lines.map((line) => line.split(' ').filter(Boolean)));
  const script = path.resolve(import.meta.dirname, '../support/many-commands.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, [script], {
    ...{ cwd: project.root, env: project.environ, input, encoding: 'utf8' },
  });
  if (!stdout.startsWith('[')) throw new Error(stderr);
  return JSON.parse(stdout) as readonly CliEnd[];
}

/** A workflow that does nothing, well. */
export const FINE = 'steps:\n  - id: one\n    run: echo fine\n';

/** A workflow that fails in its second step. */
export const FAILING =
  'steps:\n  - id: one\n    run: echo fine\n  - id: two\n    run: echo bad >&2; exit 3\n';

/** How each step ended, in the order in which that was known. */
export function ends(events: readonly Event[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const event of events) {
    const [, end] = /^step-(succeeded|failed|skipped|blocked|canceled)$/.exec(event.type) ?? [];
    if (end !== undefined && 'step' in event) all[event.step] = end;
  }
  return all;
}

/** Runs a command line with `--json`; throws what it says where it prints no event. */
export async function eventsOf(
  project: Project,
  line: string,
  more: Parameters<typeof say>[2] = {},
): Promise<{ code: number | null; events: readonly Event[] }> {
  const { code, stdout, stderr } = await say(project, `${line} --json`, more);
  if (stdout === '') throw new Error(stderr);
  return { code, events: strictEvents(stdout) };
}

// Runs an example of examples/ by replay, once for all who ask.
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Event } from '../../src/model/event.ts';
import { type CliEnd, cli, eventsOf } from '../support/cli.ts';
import { makeProject, type Project } from '../support/repository.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export const EXAMPLES = path.join(ROOT, 'examples');

/** The names of all examples, without `.yml`. */
export const EXAMPLE_NAMES: readonly string[] = readdirSync(EXAMPLES)
  .filter((name) => name.endsWith('.yml'))
  .map((name) => name.replace(/\.yml$/, ''));

/**
 * A repository in which an example can run: its project on `main`, and on a branch `change` what it is to look at, where
 * there is something. Everything is committed; the workflow stands where workflows do.
 */
export function exampleProject(name: string): Project {
  const project = makeProject();
  const files = path.join(EXAMPLES, `${name}-project`);
  if (existsSync(files)) cpSync(files, project.root, { recursive: true });
  const workflows = path.join(project.root, '.codemachine/workflows');
  mkdirSync(workflows, { recursive: true });
  cpSync(path.join(EXAMPLES, `${name}.yml`), path.join(workflows, `${name}.yml`));
  cpSync(path.join(EXAMPLES, 'parts'), path.join(workflows, 'parts'), { recursive: true });
  // Some examples commit, as their author's git does.
  project.git('config', 'user.name', 'Demo');
  project.git('config', 'user.email', 'demo@localhost');
  project.git('add', '--all');
  project.git('commit', '--quiet', '--amend', '--message', 'Begin');
  const change = path.join(EXAMPLES, 'changes', `${name}.patch`);
  if (existsSync(change)) {
    project.git('switch', '--quiet', '--create', 'change');
    project.git('am', '--quiet', change);
  }
  return project;
}

/** Where the answers of its agents are recorded. */
export const recordingOf = (name: string): string => path.join(EXAMPLES, 'recordings', name);

/** What it is started with: `inputs.json` of its project, where that is. */
export function inputsOf(name: string): readonly string[] {
  const file = path.join(EXAMPLES, `${name}-project`, 'inputs.json');
  return existsSync(file) ? ['--inputs', file] : [];
}

/** A run of an example that has ended. */
export interface Replayed {
  readonly project: Project;
  readonly end: CliEnd;
  readonly events: readonly Event[];
}

const replays = new Map<string, Promise<Replayed>>();

/** Runs an example by replay, or gives the run that was made before; nobody changes its project. */
export function replayed(name: string): Promise<Replayed> {
  const before = replays.get(name);
  if (before !== undefined) return before;
  const now = replay(name);
  replays.set(name, now);
  return now;
}

async function replay(name: string): Promise<Replayed> {
  const project = exampleProject(name);
  const end = await cli(project, ['run', name, ...inputsOf(name), '--replay', recordingOf(name), '--json']);
  return { project, end, events: eventsOf(end.stdout) };
}

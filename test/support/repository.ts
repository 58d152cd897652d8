// Makes repositories that the built program is run in.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { asRunId, type RunId } from '../../src/model/ids.ts';
import { openState, type State } from '../../src/state/state.ts';
import { makeRepository, picture, type Repository } from '../workspace/repository.ts';

/** A repository with a home of its own, outside of which the program finds nothing of this machine but `PATH`. */
export interface Project extends Repository {
  /** The directory above repository and home, for what a test keeps outside of both. */
  readonly base: string;
  readonly stateDir: string;
  /** The working tree: modes, links, bytes. Without `.git` and `.codemachine`. */
  picture(): Record<string, string>;
}

/** Makes a project with one commit holding `files`, in memory unless `place` is a directory to make it in. */
export function makeProject(
  files: Readonly<Record<string, string>> = { 'a.txt': 'a\n' },
  place?: string,
): Project {
  const repository = makeRepository(files, place);
  return projectAt(repository, repository.root);
}

/** Makes a project of a working tree beside the repository that it came from: a linked worktree, a clone. */
export function projectAt(repository: Repository, root: string): Project {
  const base = path.dirname(repository.root);
  mkdirSync(path.join(base, 'tmp'));
  return {
    ...repository,
    root,
    write: (name, content, mode) =>
      repository.write(path.relative(repository.root, path.join(root, name)), content, mode),
    read: (name) => repository.read(path.relative(repository.root, path.join(root, name))),
    environ: { ...repository.environ, TMPDIR: path.join(base, 'tmp') },
    base,
    stateDir: path.join(root, '.codemachine', 'state'),
    picture: () => picture(root),
  };
}

/** Looks into a project's state while nobody else writes the same run. */
export async function withState<T>(project: Project, look: (state: State) => T): Promise<T> {
  const opened = await openState(project.stateDir, { version: '0.0.0' });
  if (!opened.ok) throw new Error(opened.error.message);
  try {
    return look(opened.value);
  } finally {
    opened.value.close();
  }
}

/** The only run of a project. */
export async function onlyRun(project: Project): Promise<RunId> {
  const runs = await withState(project, (state) => state.listRuns());
  const [first] = runs;
  if (first === undefined || runs.length > 1) throw new Error(`the project has ${runs.length} runs`);
  return asRunId(first.id);
}

/** Keeps what steps promised, when an attempt ended well. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Artifact } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import type { Attempt, Job } from '../../model/ports.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { globProblem } from '../../plan/glob-problem.ts';
import { matches } from '../../plan/selection.ts';
import { count } from '../../report/words.ts';
import { StateError } from '../../state/problem.ts';
import type { State } from '../../state/state.ts';
import { leadsOut } from '../../workflow/scalars.ts';
import { findPromised, openPromised, type PromisedIn } from '../../workspace/promised.ts';

/** How much one attempt may leave. `bytes` is the sum of the sizes. */
export const MOST_ARTIFACTS = { files: 10_000, bytes: 1024 ** 3 } as const;

/** What keeping needs to know. */
export interface Keeping {
  readonly state: Pick<State, 'keepArtifact'>;
  /** The root of the shared tree. */
  readonly root: string;
  readonly stateDir: string;
}

/** Makes attempts that keep what they promised; one that did not make it has failed. */
export function keeping(k: Keeping, attempt: Attempt): Attempt {
  return async (job, hear, stop) => {
    const outcome = await attempt(job, hear, stop);
    if (!outcome.ok || job.artifacts === undefined) return outcome;
    const kept = await keep(k, job, job.artifacts, stop.hard);
    return kept.ok
      ? { ...outcome, values: { ...outcome.values, artifacts: kept.value } }
      : { ok: false, failure: kept.error, values: outcome.values };
  };
}

async function keep(
  k: Keeping,
  { root = k.root }: Job,
  globs: readonly string[],
  hard: AbortSignal,
): Promise<Result<readonly Artifact[], Failure>> {
  const wrong = globs.map(globProblemOf).find((problem) => problem !== undefined);
  if (wrong !== undefined) return err({ reason: 'config', message: `artifacts: ${wrong}` });
  const place: PromisedIn = { root, stateDir: k.stateDir, match: matches };
  try {
    const { files, missing } = await findPromised(place, globs);
    if (missing.length > 0) return err(broken(`no file fits ${missing.join(', ')}`));
    const tooMuch = await tooMuchOf(root, files);
    return tooMuch === undefined ? await keepAll(k, place, files, hard) : err(tooMuch);
  } catch (error) {
    if (error instanceof StateError) return err({ reason: 'internal', message: error.message });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return err(broken(`the files could not be read: ${error instanceof Error ? error.message : code}`));
  }
}

/** Why a glob of files in the tree cannot be taken: one with an expression is known only when that is filled in. */
export function globProblemOf(glob: string): string | undefined {
  const plain = glob.replace(/^!/, '');
  const problem =
    leadsOut(plain) || plain.split(/[/{},()|]/).includes('..')
      ? 'it leads out of the workspace'
      : globProblem(glob);
  return problem === undefined ? undefined : `${JSON.stringify(glob)}: ${problem}`;
}

async function tooMuchOf(root: string, files: readonly string[]): Promise<Failure | undefined> {
  if (files.length > MOST_ARTIFACTS.files)
    return broken(
      `${count(files.length, 'file')} fit, and more than ${count(MOST_ARTIFACTS.files, 'file')} are not kept`,
    );
  let bytes = 0;
  for (const file of files) bytes += (await stat(path.join(root, file))).size;
  return bytes > MOST_ARTIFACTS.bytes ? tooLarge() : undefined;
}

async function keepAll(
  { state }: Keeping,
  place: PromisedIn,
  files: readonly string[],
  hard: AbortSignal,
): Promise<Result<readonly Artifact[], Failure>> {
  const kept: Artifact[] = [];
  let left: number = MOST_ARTIFACTS.bytes;
  for (const name of files) {
    if (hard.aborted)
      return err({ reason: 'interrupted', message: 'stopped before its artifacts were kept' });
    const file = await openPromised(place, name);
    if (!file.ok) return err(broken(file.error));
    try {
      const one = await state.keepArtifact(file.value, left);
      if (one === undefined) return err(tooLarge());
      left -= one.bytes;
      kept.push({ path: name, sha256: one.sha256 });
    } finally {
      await file.value.close();
    }
  }
  return ok(kept);
}

function tooLarge(): Failure {
  return broken('the files are larger than 1 GiB together, and more is not kept');
}

function broken(message: string): Failure {
  return {
    reason: 'artifacts',
    message: `artifacts: ${message}`,
    help: 'make the files in this step, or mend its `artifacts`',
  };
}

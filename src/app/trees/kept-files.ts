/** Looks at kept files for those who are shown them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../../model/failure.ts';
import type { KeptBy, LookAtKept } from '../../model/ports.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { ShownArtifact } from '../../model/shown.ts';
import { matches } from '../../plan/selection.ts';
import { StateError } from '../../state/problem.ts';
import type { State } from '../../state/state.ts';
import { openPromised } from '../../workspace/promised.ts';
import { globProblemOf } from '../attempts/artifacts.ts';

/** How much text of kept files is shown with one glob, in bytes: longer files only by their name, size and digest. */
const MOST_TEXT = { file: 4 * 1024, all: 32 * 1024 } as const;

/** What looking needs to know. */
export interface LookingAt {
  readonly state: Pick<State, 'readArtifact'>;
  /** The root of the shared tree. */
  readonly root: string;
  readonly stateDir: string;
}

/** Makes what looks at those of the kept files that fit a glob. */
export function lookingAtKept(at: LookingAt): LookAtKept {
  return async (written, kept) => {
    const problem = globProblemOf(written);
    if (problem !== undefined) return err({ reason: 'config', message: `show: ${problem}` });
    const globs = [written.replace(/^(\.\/+)+/, '')];
    const shown: ShownArtifact[] = [];
    let left: number = MOST_TEXT.all;
    for (const one of kept.filter((file) => matches(file.path, globs))) {
      const read = await readCopy(at, one.sha256, Math.min(left, MOST_TEXT.file));
      if (!read.ok) return read;
      const copy = read.value;
      if (copy === undefined) return err({ reason: 'config', message: goneWords(one), help: GONE_HELP });
      const text = copy.content === undefined ? undefined : textOf(copy.content);
      if (text !== undefined) left -= copy.bytes;
      const file = { step: one.step, path: one.path, sha256: one.sha256, bytes: copy.bytes };
      const tree = await treeNow(at, file);
      shown.push({ ...file, ...(text === undefined ? {} : { text }), tree });
    }
    return ok(shown);
  };
}

async function readCopy(
  { state }: LookingAt,
  sha256: string,
  most: number,
): Promise<Result<Awaited<ReturnType<State['readArtifact']>>, Failure>> {
  try {
    return ok(await state.readArtifact(sha256, most));
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return err({ reason: 'internal', message: error.message });
  }
}

const GONE_HELP = 'retry the run from the step that makes the file';

function goneWords({ path: name, step }: KeptBy): string {
  return `the copy of ${name} that ${step} kept is gone from the state directory`;
}

/** What the shared tree has where a kept file was. What cannot be read is not what was kept. */
export async function treeNow(
  { root, stateDir }: Omit<LookingAt, 'state'>,
  { path: name, sha256, bytes }: Pick<ShownArtifact, 'path' | 'sha256' | 'bytes'>,
): Promise<ShownArtifact['tree']> {
  if (!existsSync(path.join(root, name))) return 'missing';
  try {
    const file = await openPromised({ root, stateDir }, name);
    if (!file.ok) return 'differs';
    try {
      if ((await file.value.stat()).size !== bytes) return 'differs';
      const hash = createHash('sha256');
      for await (const piece of file.value.createReadStream({ autoClose: false }))
        hash.update(piece as Buffer);
      return hash.digest('hex') === sha256 ? 'same' : 'differs';
    } finally {
      await file.value.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return 'differs';
  }
}

/** A text has no control characters but those that lay it out. */
const NO_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return NO_TEXT.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

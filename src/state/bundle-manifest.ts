/** Knows what may be in a bundle, and what it says of itself. */
import { asRunId, RUN_ID_PATTERN, type RunId } from '../model/ids.ts';
import { BundleError } from './bundle-cipher.ts';
import { MIGRATIONS } from './migrations.ts';
import { TRANSCRIPT_FILES } from './transcripts.ts';

/** The first member. */
export const MANIFEST = 'manifest.json';

/** What the database has of the run, but for its milestones. */
export const RUN_ROWS = 'run.json';

/** One milestone a line, as it stands in the journal. */
export const MILESTONES = 'milestones.jsonl';

/** The recordings of the tree, as `git bundle` writes them. */
export const OBJECTS = 'objects.bundle';

/** The form of all of it. */
const FORMAT = 1;

/** In bytes: some ten thousand attempts. */
export const MOST_MANIFEST = 32 * 1024 * 1024;

/** One member, as the list has it. */
export interface Listed {
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** What is in a bundle. */
export interface Manifest {
  readonly format: typeof FORMAT;
  /** The version of codemachine that wrote it. */
  readonly by: string;
  /** The shape that its database had. */
  readonly shape: number;
  readonly run: RunId;
  /** The workflow's name. */
  readonly workflow: string;
  /** The last milestone, which says whether two journals are the same. */
  readonly end: { readonly seq: number; readonly hash: string };
  /** The commit that the run began at and that a checkout must have; absent where it began without one. */
  readonly commit?: string;
  /** `sha1` or `sha256`; absent where the run has no git. */
  readonly objects?: string;
  /** The recording of the tree as the run left it. */
  readonly tree?: string;
  readonly members: readonly Listed[];
}

/** What a manifest says before it is known what is in the bundle. */
export function about(
  version: string,
  rest: Omit<Manifest, 'format' | 'by' | 'shape' | 'members'>,
): Omit<Manifest, 'members'> {
  return { format: FORMAT, by: version, shape: MIGRATIONS.length, ...rest };
}

const HEX = /^[0-9a-f]{64}$/;
const OBJECT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const TRANSCRIPT = new RegExp(
  `^runs/[A-Za-z0-9_][A-Za-z0-9._-]{0,80}-[0-9a-f]{8}\\.[0-9]{1,9}/(?:${TRANSCRIPT_FILES.join('|').replaceAll('.', '\\.')})$`,
);

/** Reads what a bundle says of itself. Throws a BundleError that says which program can read it, or that there is no sense in it. */
export function manifestOf(text: string): Manifest {
  const value = parsed(text);
  const { format, by, shape } = value;
  const writer = typeof by === 'string' && /^[\w.+-]{1,64}$/.test(by) ? by : '(unknown)';
  if (!Number.isSafeInteger(format) || !Number.isSafeInteger(shape)) throw senseless('of which form it is');
  if ((format as number) > FORMAT || (shape as number) > MIGRATIONS.length)
    throw new BundleError(
      `it was written by codemachine ${writer}, in a newer form than this one knows`,
      'use that version or a later one',
    );
  if (format !== FORMAT || (shape as number) < 1) throw senseless('of which form it is');
  const { run, workflow, end, commit, objects, tree, members } = value;
  if (typeof run !== 'string' || !RUN_ID_PATTERN.test(run)) throw senseless('which run it holds');
  if (typeof workflow !== 'string') throw senseless('which workflow it holds');
  const { seq, hash } = (end ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(seq) || typeof hash !== 'string' || !HEX.test(hash))
    throw senseless('how it ends');
  for (const one of [commit, tree])
    if (one !== undefined && (typeof one !== 'string' || !OBJECT.test(one)))
      throw senseless('what its trees are');
  if (objects !== undefined && objects !== 'sha1' && objects !== 'sha256')
    throw senseless('what its trees are');
  const listed = membersOf(members);
  return { ...(value as unknown as Manifest), run: asRunId(run), members: listed };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw senseless('what is in it');
}

function senseless(what: string): BundleError {
  return new BundleError(`it is no bundle of codemachine: it does not say ${what}`);
}

/** Each name is one that we would give, so none leads anywhere else. */
function membersOf(members: unknown): readonly Listed[] {
  if (!Array.isArray(members)) throw senseless('what is in it');
  const seen = new Set<string>();
  for (const one of members as readonly unknown[]) {
    const { name, bytes, sha256 } = (one ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string') throw senseless('what is in it');
    if (!isOurs(name) || seen.has(name))
      throw new BundleError(`it holds ${JSON.stringify(name)}, which is no part of a run`);
    if (
      !Number.isSafeInteger(bytes) ||
      (bytes as number) < 0 ||
      typeof sha256 !== 'string' ||
      !HEX.test(sha256)
    )
      throw senseless('what is in it');
    if (name.startsWith('artifacts/') && name !== `artifacts/${sha256}`)
      throw new BundleError(`${name} in it is not what its name says`);
    seen.add(name);
  }
  for (const needed of [RUN_ROWS, MILESTONES])
    if (!seen.has(needed)) throw new BundleError(`it lacks ${needed}, without which there is no run`);
  return members as readonly Listed[];
}

function isOurs(name: string): boolean {
  if (name === RUN_ROWS || name === MILESTONES || name === OBJECTS) return true;
  return /^artifacts\/[0-9a-f]{64}$/.test(name) || TRANSCRIPT.test(name);
}

/** Puts trouble with the state directory into sentences that say what to do. */

/** What is wrong with the state directory. */
export type StateProblemKind =
  | 'driver'
  | 'newer'
  | 'foreign'
  | 'damaged'
  | 'full'
  | 'read-only'
  | 'permission'
  | 'busy'
  | 'io';

/** Trouble with the state directory, as a sentence that names the place and the next move. */
export interface StateProblem {
  readonly kind: StateProblemKind;
  readonly message: string;
}

/** Thrown where the state directory fails in the middle of something; `message` is a sentence for people. */
export class StateError extends Error {
  readonly kind: StateProblemKind | 'lease-lost';

  constructor(kind: StateProblemKind | 'lease-lost', message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'StateError';
    this.kind = kind;
  }
}

/** Whether a run was taken over: what this process does from now on would be written into somebody else's run. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof StateError && error.kind === 'lease-lost';
}

/** The code of an error of SQLite (`SQLITE_CORRUPT_VTAB`) or of the system (`ENOSPC`). */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

// SQLite's result codes: https://www.sqlite.org/rescode.html. Extended codes begin with the primary one, so order matters
// where a longer name means something else.
const KINDS: readonly (readonly [start: string, kind: StateProblemKind])[] = [
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  // Our SQL is right, so a table that it names is missing.
  ['SQLITE_ERROR', 'damaged'],
  ['SQLITE_FULL', 'full'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['SQLITE_READONLY', 'read-only'],
  ['EROFS', 'read-only'],
  ['SQLITE_PERM', 'permission'],
  ['SQLITE_CANTOPEN', 'permission'],
  ['SQLITE_AUTH', 'permission'],
  ['EACCES', 'permission'],
  ['EPERM', 'permission'],
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
];

/** Whether the world failed us here, and not we it. */
function isStorageError(error: unknown): boolean {
  const code = codeOf(error);
  // A broken constraint or a misuse is a defect of ours and keeps its stack.
  if (/^SQLITE_(CONSTRAINT|MISUSE|RANGE|ERROR|MISMATCH)/.test(code)) return false;
  return code.startsWith('SQLITE_') || /^E[A-Z0-9]+$/.test(code);
}

/** Explains an error of SQLite or of the file system; `place` is the file or directory people have to look at. */
export function explain(error: unknown, place: string): StateProblem {
  const code = codeOf(error);
  const kind = KINDS.find(([start]) => code.startsWith(start))?.[1] ?? 'io';
  return { kind, message: sentence(kind, place, error instanceof Error ? error.message : String(error)) };
}

function sentence(kind: StateProblemKind, place: string, said: string): string {
  const elsewhere = 'or keep the state elsewhere with --state-dir';
  switch (kind) {
    case 'damaged':
      return `the database in ${place} is damaged (${said}): restore it from a backup, or move it away to start with an empty one`;
    case 'full':
      return `no space is left for ${place}: free some, ${elsewhere}; what was recorded before is safe`;
    case 'read-only':
      return `${place} cannot be written to because it is read-only: make it writable, ${elsewhere}`;
    case 'permission':
      return `${place} cannot be opened (${said}): check its owner and permissions, ${elsewhere}`;
    case 'busy':
      return `the database in ${place} is kept locked by another program: close that program and try again`;
    case 'driver':
    case 'newer':
    case 'foreign':
    case 'io':
      return `${place} cannot be used (${said}): check the disk, ${elsewhere}`;
  }
}

/** As `guarded`, for work that takes its time. */
export async function guardedAsync<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return guarded(place, () => {
      throw error;
    });
  }
}

/** Runs `work`; what the disk does wrong becomes a StateError with a sentence, everything else stays as it is. */
export function guarded<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StateError || !isStorageError(error)) throw error;
    const { kind, message } = explain(error, place);
    throw new StateError(kind, message, error);
  }
}

/** Finds earlier executions by what they came from. */
import { existsSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { MilestoneBody } from '../model/event.ts';
import type { CachedChange, Fingerprint } from '../model/fingerprint.ts';
import type { RunId, StepId, StepKey } from '../model/ids.ts';
import type { Spent } from '../model/plan.ts';
import type { CachedResult, ExecutionOf, KnownChanges } from '../model/ports.ts';
import type { Json } from '../model/result.ts';
import type { Connection } from './driver.ts';
import type { LeaseTools } from './lease.ts';
import type { Row } from './milestones.ts';
import { guarded } from './problem.ts';
import { spentBefore } from './spent.ts';

/** Looks into what earlier runs of this state directory came to. */
export interface Cached {
  /** What digests of values are keyed with, so that nobody guesses a value from its digest. */
  key(): string;
  /** The results that came from the same, newest first; one whose artifacts are not all there says so. */
  find(fingerprint: string): readonly CachedResult[];
  /** What the newest executions did to files: of the same key, or that came from the same, or others of the workflow. */
  changes(of: CachedResult, as: ExecutionOf): KnownChanges;
  /** What the newest execution of a step came from that could be found again, by the workflow's name. */
  newest(workflow: string, step: StepKey): Fingerprint | undefined;
  /** Keeps what a digest of a fingerprint stands for, as long as a result has that digest. */
  keepList(digest: string, list: Json): void;
  list(digest: string): Json | undefined;
  /** What each step of the outermost list took in the newest runs, with everything in it, at most `most` of each. */
  spent(workflow: string, most: number): ReadonlyMap<StepId, readonly Spent[]>;
}

/** So many results are looked at for one that is all there. */
const CANDIDATES = 10;

/** Makes the door to it. */
export function makeCached({ connection, place }: LeaseTools, directory: string): Cached {
  const safely = <T>(work: () => T): T => guarded(place, work);
  const one = (sql: string, ...values: readonly (string | number)[]) =>
    safely(() =>
      connection
        .prepare(sql)
        .pluck()
        .get(...values),
    ) as string | undefined;
  return {
    key: () => one('SELECT key FROM cache_key') ?? '',
    find: (fingerprint) => {
      const rows = safely(() => connection.prepare(FIND).all(fingerprint, CANDIDATES)) as FoundRow[];
      return rows.flatMap((row) => resultOf(row) ?? []).map((result) => withLost(directory, result));
    },
    changes: (of, as) => {
      const { sha256 } = of.values.fingerprint;
      const all = (sql: string, ...values: readonly (string | number)[]): readonly CachedChange[] =>
        changesIn(safely(() => connection.prepare(sql).all(...values)) as FoundRow[]);
      const own = [
        ...all(SAME_KEY, of.run, of.step, SIBLINGS_SEEN),
        ...(as.step === of.step ? [] : all(SAME_KEY, as.run, as.step, SIBLINGS_SEEN)),
        ...all(FIND, sha256, SIBLINGS_SEEN),
      ];
      const rows = safely(() => connection.prepare(OF_WORKFLOW).all(as.run)) as FoundRow[];
      const others = rows.filter(({ step }) => step !== as.step && step !== of.step);
      return { own, others: ofEach(others) };
    },
    newest: (workflow, step) => {
      const body = one(NEWEST, workflow, step);
      const said = body === undefined ? undefined : parsed(body);
      return said?.type === 'step-succeeded' ? said.fingerprint : undefined;
    },
    keepList: (digest, list) =>
      void safely(() =>
        connection
          .prepare(
            `INSERT INTO cache_lists (digest, list) SELECT @digest, @list
             WHERE EXISTS (SELECT 1 FROM cache WHERE inputs = @digest OR env = @digest) ON CONFLICT (digest) DO NOTHING`,
          )
          .run({ digest, list: JSON.stringify(list) }),
      ),
    list: (digest) => {
      const text = one('SELECT list FROM cache_lists WHERE digest = ?', digest);
      return text === undefined ? undefined : (JSON.parse(text) as Json);
    },
    spent: (workflow, most) => safely(() => spentBefore(connection, workflow, most)),
  };
}

interface FoundRow {
  readonly run: RunId;
  readonly step: StepKey;
  readonly body: string;
}

const FIND = `SELECT cache.run, cache.step, body FROM cache
  JOIN milestones ON milestones.run = cache.run AND milestones.seq = cache.seq
  JOIN runs ON runs.id = cache.run
  WHERE fingerprint = ? ORDER BY milestones.at DESC, cache.seq DESC LIMIT ?`;

/** So many of them tell which files an execution writes. */
const SIBLINGS_SEEN = 20;

/** So many of all others, and of each of them, tell whose a file is. */
const OTHERS_SEEN = 64;
const SEEN_OF_EACH = 3;

const SAME_KEY = `SELECT cache.run, cache.step, body FROM cache
  JOIN milestones ON milestones.run = cache.run AND milestones.seq = cache.seq
  JOIN runs ON runs.id = cache.run
  WHERE name = (SELECT name FROM runs WHERE id = ?) AND step = ?
  ORDER BY milestones.at DESC, cache.seq DESC LIMIT ?`;

const OF_WORKFLOW = `SELECT cache.run, cache.step, body FROM cache
  JOIN milestones ON milestones.run = cache.run AND milestones.seq = cache.seq
  JOIN runs ON runs.id = cache.run
  WHERE name = (SELECT name FROM runs WHERE id = ?) ORDER BY milestones.at DESC, cache.seq DESC LIMIT 200`;

const NEWEST = `SELECT body FROM cache JOIN milestones ON milestones.run = cache.run AND milestones.seq = cache.seq
  JOIN runs ON runs.id = cache.run WHERE name = ? AND step = ? ORDER BY milestones.at DESC, cache.seq DESC LIMIT 1`;

function parsed(body: string): MilestoneBody | undefined {
  try {
    return JSON.parse(body) as MilestoneBody;
  } catch {
    // Damaged; `doctor` says so.
    return undefined;
  }
}

function resultOf({ run, step, body }: FoundRow): CachedResult | undefined {
  const said = parsed(body);
  if (said?.type !== 'step-succeeded' || said.fingerprint === undefined) return undefined;
  const { type: _, step: __, attempt: ___, reused: ____, fingerprint, ...values } = said;
  return { run, step, values: { ...values, fingerprint } };
}

function changesIn(rows: readonly FoundRow[]): readonly CachedChange[] {
  return rows.flatMap((row) => resultOf(row)?.values.fingerprint.change ?? []);
}

function ofEach(rows: readonly FoundRow[]): KnownChanges['others'] {
  const seen = new Map<StepKey, number>();
  const found: (CachedChange & { readonly step: StepKey })[] = [];
  for (const row of rows) {
    const times = seen.get(row.step) ?? 0;
    if (times === SEEN_OF_EACH || found.length === OTHERS_SEEN) continue;
    seen.set(row.step, times + 1);
    found.push(...changesIn([row]).map((change) => ({ ...change, step: row.step })));
  }
  return found;
}

/** Whoever clears up spares young files: what is about to be named again is made young. */
function withLost(directory: string, result: CachedResult): CachedResult {
  const now = new Date();
  const lost = (result.values.artifacts ?? []).find(({ sha256 }) => {
    const file = path.join(directory, 'artifacts', sha256);
    if (!existsSync(file)) return true;
    try {
      utimesSync(file, now, now);
      return false;
    } catch {
      return true;
    }
  });
  return lost === undefined ? result : { ...result, lost: lost.path };
}

/** Puts a good end that says what it came from where it is found again; one that a retry took over stands there already. */
export function cacheIndex(connection: Connection): (row: Row) => void {
  const insert = connection.prepare(
    `INSERT INTO cache (fingerprint, run, seq, step, attempt, inputs, env)
     VALUES (@fingerprint, @run, @seq, @step, @attempt, @inputs, @env)`,
  );
  return ({ run, seq, type, body }) => {
    if (type !== 'step-succeeded' || !body.includes('"fingerprint":')) return;
    const said = parsed(body);
    if (said?.type !== 'step-succeeded' || said.fingerprint === undefined) return;
    if (said.reused !== undefined && said.reused !== 'cache') return;
    const { step, attempt, fingerprint } = said;
    const { sha256, parts } = fingerprint;
    const { inputs = null, env = null } = parts as { inputs?: string; env?: string };
    insert.run({ fingerprint: sha256, run, seq, step, attempt, inputs, env });
  };
}

/** Forgets what no result stands for any more. */
export function dropLists(connection: Connection): void {
  connection
    .prepare(
      `DELETE FROM cache_lists WHERE NOT EXISTS
       (SELECT 1 FROM cache WHERE cache.inputs = digest OR cache.env = digest)`,
    )
    .run();
}

/** Finds earlier executions by what they came from. */
import { existsSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { MilestoneBody, Usage } from '../model/event.ts';
import type { CachedChange, Fingerprint } from '../model/fingerprint.ts';
import { type RunId, type StepId, type StepKey, stepOfKey } from '../model/ids.ts';
import type { Spent } from '../model/plan.ts';
import type { CachedResult } from '../model/ports.ts';
import type { Json } from '../model/result.ts';
import type { Connection } from './driver.ts';
import type { LeaseTools } from './lease.ts';
import type { Row } from './milestones.ts';
import { guarded } from './problem.ts';

/** Looks into what earlier runs of this state directory came to. */
export interface Cached {
  /** What digests of values are keyed with, so that nobody guesses a value from its digest. */
  key(): string;
  /** The results that came from the same, newest first, with all their artifacts. */
  find(fingerprint: string): readonly CachedResult[];
  /** What the newest executions of the same step of the same workflow did to files, whatever they came from. */
  changes(of: CachedResult): readonly CachedChange[];
  /** What the newest execution of a step came from that could be found again, by the workflow's name. */
  newest(workflow: string, step: StepKey): Fingerprint | undefined;
  /** Keeps what a digest of a fingerprint stands for, as long as a result has that digest. */
  keepList(digest: string, list: Json): void;
  list(digest: string): Json | undefined;
  /** What the newest good executions of each step took, in loops and matrices too, at most `most` of each. */
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
      return rows.flatMap((row) => resultOf(row) ?? []).filter((result) => hasArtifacts(directory, result));
    },
    changes: ({ run, step }) => {
      const rows = safely(() => connection.prepare(SIBLINGS).all(run)) as FoundRow[];
      const same = rows.filter((row) => stepOfKey(row.step) === stepOfKey(step)).slice(0, SIBLINGS_SEEN);
      return same.flatMap((row) => resultOf(row)?.values.fingerprint.change ?? []);
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
    spent: (workflow, most) =>
      grouped(safely(() => connection.prepare(SPENT).all(workflow)) as SpentRow[], most),
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

/** So many of them tell which files a step writes. */
const SIBLINGS_SEEN = 20;

const SIBLINGS = `SELECT cache.run, cache.step, body FROM cache
  JOIN milestones ON milestones.run = cache.run AND milestones.seq = cache.seq
  JOIN runs ON runs.id = cache.run
  WHERE name = (SELECT name FROM runs WHERE id = ?) ORDER BY milestones.at DESC, cache.seq DESC LIMIT 200`;

const NEWEST = `SELECT body FROM cache JOIN milestones ON milestones.run = cache.run AND milestones.seq = cache.seq
  JOIN runs ON runs.id = cache.run WHERE name = ? AND step = ? ORDER BY milestones.at DESC, cache.seq DESC LIMIT 1`;

/** A look at the past must not take longer than what it is about. */
const MOST_LOOKED_AT = 20_000;

const SPENT = `SELECT json_extract(body, '$.step') AS step, json_extract(body, '$."duration-ms"') AS ms,
  json_extract(body, '$.usage') AS usage FROM runs JOIN milestones ON milestones.run = runs.id
  WHERE name = ? AND type = 'step-succeeded' AND json_valid(body) AND json_extract(body, '$.reused') IS NULL
  ORDER BY created_at DESC, seq DESC LIMIT ${MOST_LOOKED_AT}`;

interface SpentRow {
  readonly step: StepKey;
  readonly ms: number | null;
  readonly usage: string | null;
}

function grouped(rows: readonly SpentRow[], most: number): ReadonlyMap<StepId, readonly Spent[]> {
  const found = new Map<StepId, Spent[]>();
  for (const { step, ms, usage } of rows) {
    const id = stepOfKey(step);
    const all = found.get(id) ?? [];
    found.set(id, all);
    if (all.length === most) continue;
    all.push({
      ...(ms === null ? {} : { ms }),
      ...(usage === null ? {} : { usage: JSON.parse(usage) as Usage }),
    });
  }
  return found;
}

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

/** Whoever clears up spares young files: what is about to be named again is made young. */
function hasArtifacts(directory: string, { values: { artifacts = [] } }: CachedResult): boolean {
  const now = new Date();
  return artifacts.every(({ sha256 }) => {
    const file = path.join(directory, 'artifacts', sha256);
    if (!existsSync(file)) return false;
    try {
      utimesSync(file, now, now);
      return true;
    } catch {
      return false;
    }
  });
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

/** Says what the steps of a workflow took in earlier runs: each of its outermost list as a whole. */
import type { Usage } from '../model/event.ts';
import { asStepId, outermost, type RunId, type StepId, type StepKey } from '../model/ids.ts';
import type { Spent } from '../model/plan.ts';
import type { Connection } from './driver.ts';

/** A look at the past must not take longer than what it is about. */
const MOST_RUNS = 200;
const MOST_ROWS = 40_000;

const RUNS = `SELECT id FROM runs WHERE name = ? ORDER BY created_at DESC LIMIT ${MOST_RUNS}`;

const ROWS = `SELECT type, at, json_extract(body, '$.step') AS step, json_extract(body, '$.attempt') AS attempt,
  json_extract(body, '$.engine') AS engine, json_extract(body, '$."duration-ms"') AS ms,
  json_extract(body, '$.usage') AS usage, json_extract(body, '$.reused') AS reused
  FROM milestones WHERE run = ? AND json_valid(body) AND type IN
  ('run-resumed', 'step-started', 'change-ready', 'step-succeeded', 'step-failed') ORDER BY seq`;

interface Row {
  readonly type: string;
  readonly at: string;
  readonly step: StepKey | null;
  readonly attempt: number | null;
  readonly engine: string | null;
  readonly ms: number | null;
  readonly usage: string | null;
  readonly reused: string | null;
}

/**
 * What each step of the outermost list took, newest run first, at most `most` of each. Of a loop, a matrix, a used workflow and a reduce
 * that is the time of the whole and the cost of everything that was made in it, failed attempts included. A run in which the step did
 * not succeed, or in which a part of it was not worked for, tells nothing of it.
 */
export function spentBefore(
  connection: Connection,
  workflow: string,
  most: number,
): ReadonlyMap<StepId, readonly Spent[]> {
  const found = new Map<StepId, Spent[]>();
  const runs = connection.prepare(RUNS).pluck().all(workflow) as RunId[];
  const rowsOf = connection.prepare(ROWS);
  let looked = 0;
  for (const run of runs) {
    if (looked > MOST_ROWS) break;
    const rows = rowsOf.all(run) as Row[];
    looked += rows.length;
    for (const [id, spent] of inOneRun(rows)) {
      const all = found.get(id) ?? [];
      found.set(id, all);
      if (all.length < most) all.push(spent);
    }
  }
  return found;
}

/** What is heard of one step of the outermost list, with everything in it. */
interface Whole {
  /** What agents were asked, by key and attempt: USD, null where nobody said it. */
  readonly asked: Map<string, number | null>;
  /** Everything in it was worked for. */
  made: boolean;
  /** The run was resumed while it was under way: the time of one owner is not that of the whole. */
  split: boolean;
  startedAt?: string;
  ended?: { readonly at: string; readonly ms: number | null };
}

function inOneRun(rows: readonly Row[]): readonly (readonly [StepId, Spent])[] {
  const wholes = new Map<StepKey, Whole>();
  for (const row of rows) {
    if (row.type === 'run-resumed') {
      for (const whole of wholes.values()) whole.split ||= whole.ended === undefined;
      continue;
    }
    if (row.step === null) continue;
    const key = outermost(row.step);
    const whole: Whole = wholes.get(key) ?? { asked: new Map(), made: true, split: false };
    wholes.set(key, whole);
    hear(whole, row, row.step === key);
  }
  return [...wholes].flatMap(([key, whole]) => {
    if (whole.ended === undefined || !whole.made) return [];
    return [[asStepId(key), spentOf(whole, whole.ended)] as const];
  });
}

function hear(
  whole: Whole,
  { type, at, step, attempt, engine, ms, usage, reused }: Row,
  isOwn: boolean,
): void {
  if (reused !== null) whole.made = false;
  const asked = `${step} ${attempt}`;
  if (type === 'step-started') {
    if (isOwn) whole.startedAt ??= at;
    if (engine !== null) whole.asked.set(asked, null);
  }
  if (usage !== null) whole.asked.set(asked, (JSON.parse(usage) as Usage).usd);
  if (type === 'step-succeeded' && isOwn) whole.ended = { at, ms };
}

function spentOf({ asked, split, startedAt }: Whole, ended: NonNullable<Whole['ended']>): Spent {
  const costs = [...asked.values()];
  const known = costs.filter((usd) => usd !== null);
  const between = startedAt === undefined ? Number.NaN : Date.parse(ended.at) - Date.parse(startedAt);
  const ms = ended.ms ?? (Number.isFinite(between) ? Math.max(0, between) : null);
  return {
    ...(split || ms === null ? {} : { ms }),
    ...(known.length < costs.length ? {} : { usd: known.reduce((sum, usd) => sum + usd, 0) }),
  };
}

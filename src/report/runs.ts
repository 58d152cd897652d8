/** Shows a list of runs, for people or for programs. */
import type { RunId } from '../model/ids.ts';
import type { RunStatus } from '../model/progress.ts';
import type { JsonObject } from '../model/result.ts';
import { cleanForTerminal, oneLine } from './clean.ts';
import { painter } from './paint.ts';
import { table } from './table.ts';
import { age } from './words.ts';

const WIDEST_NAME = 40;
const WIDEST_PATH = 200;

/** A run as the list needs it. Times are ISO 8601 in UTC. */
export interface RunRow {
  readonly id: RunId;
  readonly name: string;
  readonly path: string;
  /** The root of the tree it works in, absolute. */
  readonly workspace: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly changedAt: string;
  /** Whether a process that lives owns the run. A run that is said to run and has no owner was left by one that died. */
  readonly owned: boolean;
  /** The run whose results it took over. */
  readonly retryOf?: RunId;
  /** Of one that a living process wants to begin or to resume: the runs before it in its line, if they are known. */
  readonly waitsFor?: readonly RunId[];
  /** For each gate that is open, the command that decides there. */
  readonly gates?: readonly string[];
}

/** How the list is shown. */
export interface RunsOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly color: boolean;
  /** The checkout where people are; where every run is of this one, it is not named. */
  readonly here: string;
}

/** The list in columns, in the order given. Ends with a line break. */
export function runsTable(rows: readonly RunRow[], { now, color, here }: RunsOptions): string {
  if (rows.length === 0) return 'no runs yet; start one with `codemachine run <workflow>`\n';
  const paint = painter(color);
  const elsewhere = rows.some(({ workspace }) => workspace !== here);
  const cells = rows.map((row) => [
    row.id,
    waitingOf(row),
    age(now - Date.parse(row.createdAt)),
    `${oneLine(row.name, WIDEST_NAME)}${row.retryOf === undefined ? '' : ` (retry of ${row.retryOf})`}`,
    ...(elsewhere ? [row.workspace === here ? '.' : oneLine(row.workspace, WIDEST_PATH)] : []),
  ]);
  const titles = ['RUN', 'STATUS', 'STARTED', 'WORKFLOW', ...(elsewhere ? ['CHECKOUT'] : [])];
  const [head = '', ...lines] = table([titles, ...cells]);
  const asking = rows.flatMap(({ gates = [] }) =>
    gates.map((command) => `  ${oneLine(command, WIDEST_PATH)}`),
  );
  const waits = asking.length === 0 ? [] : ['', 'waiting for a decision:', ...asking];
  return cleanForTerminal(`${[paint.dim(head), ...lines, ...waits].join('\n')}\n`, { color });
}

/** The list for programs. */
export function runsJson(rows: readonly RunRow[]): readonly JsonObject[] {
  return rows.map((row) => ({
    run: row.id,
    workflow: row.name,
    path: row.path,
    workspace: row.workspace,
    status: stateOf(row),
    'created-at': row.createdAt,
    'changed-at': row.changedAt,
    ...(row.gates === undefined || row.gates.length === 0 ? {} : { gates: row.gates }),
    ...(row.retryOf === undefined ? {} : { 'retry-of': row.retryOf }),
    ...(row.waitsFor === undefined ? {} : { 'waits-for': row.waitsFor }),
  }));
}

/** Whom a run waits for that is not gone on with yet. */
export function waitingWords(waitsFor: readonly RunId[]): string {
  const [first, ...others] = waitsFor;
  if (first === undefined) return 'waiting for its turn';
  return `waiting for ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

function waitingOf(row: RunRow): string {
  return row.waitsFor === undefined ? stateOf(row) : waitingWords(row.waitsFor);
}

function stateOf({ status, owned, waitsFor }: RunRow): string {
  if (waitsFor !== undefined) return 'waiting';
  return (status === 'running' || status === 'new') && !owned ? 'interrupted' : status;
}

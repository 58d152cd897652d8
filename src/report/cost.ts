/** Shows what was spent, so that what is not known is never taken for nothing. */
import { type Bill, knownUsd } from '../model/bill.ts';
import type { JsonObject } from '../model/result.ts';
import { cleanForTerminal, oneLine } from './clean.ts';
import { painter } from './paint.ts';
import { table } from './table.ts';
import { count, money } from './words.ts';

const WIDEST_NAME = 60;

/** What attempts are added up by. */
export type CostBy = 'step' | 'engine' | 'workflow' | 'day' | 'run';

/** Bills, as they are shown. */
export interface Costs {
  readonly by: CostBy;
  readonly bills: ReadonlyMap<string, Bill>;
  readonly total: Bill;
  /** How many runs were looked at. */
  readonly runs: number;
}

/** The bills in columns, then the whole. Ends with a line break. */
export function costText({ by, bills, total, runs }: Costs, { color }: { readonly color: boolean }): string {
  if (total.attempts === 0) return `no agent was asked in ${count(runs, 'run')}\n`;
  const paint = painter(color);
  const titles = [by.toUpperCase(), 'ATTEMPTS', 'IN', 'CACHED', 'OUT', 'COST'];
  const rows = [...bills].map(([name, bill]) => [oneLine(name, WIDEST_NAME), ...cells(bill)]);
  const [head = '', ...lines] = table(aligned([titles, ...rows, ['total', ...cells(total)]]));
  const last = lines.pop() ?? '';
  const text = [paint.dim(head), ...lines, paint.bold(last), ...notes(total)].join('\n');
  return cleanForTerminal(`${text}\n`, { color });
}

/** Numbers end in one column. */
function aligned(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell : cell.padStart(widths[column] ?? 0))),
  );
}

function cells(bill: Bill): readonly string[] {
  const { usage, attempts, silent } = bill;
  const tokens = [usage['input-tokens'], usage['cached-tokens'], usage['output-tokens']].map((number) =>
    silent > 0 && silent === attempts
      ? 'unknown'
      : `${silent > 0 ? '≥ ' : ''}${number.toLocaleString('en-US')}`,
  );
  return [attempts.toLocaleString('en-US'), ...tokens, costCell(bill)];
}

function costCell(bill: Bill): string {
  const known = knownUsd(bill);
  if (known === null) return 'unknown';
  return `${bill.unknown > 0 ? '≥ ' : ''}${money(known)}`;
}

function notes(total: Bill): readonly string[] {
  const { unknown, silent, attempts, priced, failed } = total;
  const known = knownUsd(total);
  // A price is of tokens: where none were told, it makes nothing known.
  const remedy = unknown > silent ? '; `prices` in the configuration make later ones known' : '';
  const words = [
    ...(failed > 0
      ? [`${count(failed, 'attempt')} of ${attempts.toLocaleString('en-US')} did not succeed, and counted`]
      : []),
    ...(priced > 0 ? [`${money(priced)} of it computed from \`prices\``] : []),
    ...(unknown > 0
      ? [
          `${known === null ? '' : `at least ${money(known)}: `}${count(unknown, 'attempt')} of unknown cost${unknown === attempts ? '' : ` of ${attempts.toLocaleString('en-US')}`}${remedy}`,
        ]
      : []),
  ];
  return words.length === 0 ? [] : ['', ...words];
}

/** The bills for programs, as `schemas/cost.schema.json` says. */
export function costJson({ by, bills, total, runs }: Costs): JsonObject {
  return {
    by,
    runs,
    groups: [...bills].map(([name, bill]) => ({ name, ...billJson(bill) })),
    total: billJson(total),
  };
}

function billJson(bill: Bill): JsonObject {
  const { attempts, failed, usage, reported, priced, unknown, silent } = bill;
  const none = silent > 0 && silent === attempts;
  return {
    attempts,
    failed,
    'input-tokens': none ? null : usage['input-tokens'],
    'output-tokens': none ? null : usage['output-tokens'],
    'cached-tokens': none ? null : usage['cached-tokens'],
    usd: knownUsd(bill),
    'usd-reported': reported,
    'usd-from-prices': priced,
    'unknown-cost': unknown,
    'unknown-tokens': silent,
  };
}

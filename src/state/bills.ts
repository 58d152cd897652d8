/** Finds what the attempts of agents cost, run by run. */
import { BILLED, type Charge, chargesOf, type Told } from '../model/bill.ts';
import type { Usage } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import type { Connection } from './driver.ts';

const ROWS = `SELECT type, at, json_extract(body, '$.step') AS step, json_extract(body, '$.attempt') AS attempt,
  json_extract(body, '$.engine') AS engine, json_extract(body, '$.model') AS model,
  json_extract(body, '$.usage') AS usage, json_extract(body, '$.reused') AS reused,
  json_extract(body, '$.failure.reason') AS reason
  FROM milestones WHERE run = ? AND type IN (${BILLED.map((type) => `'${type}'`).join(', ')}) AND json_valid(body)
  ORDER BY seq`;

type Row = Omit<Told, 'usage'> & { readonly usage: string | null };

/** Every attempt of an agent in these runs, in their order. The texts of the milestones are left in the database. */
export function chargesIn(
  connection: Connection,
  runs: readonly { readonly id: RunId; readonly name: string }[],
): readonly Charge[] {
  const rowsOf = connection.prepare(ROWS);
  return runs.flatMap(({ id, name }) => {
    const rows = rowsOf.all(id) as Row[];
    const told = rows.map((row) => ({
      ...row,
      usage: row.usage === null ? null : (JSON.parse(row.usage) as Usage),
    }));
    return chargesOf(id, name, told);
  });
}

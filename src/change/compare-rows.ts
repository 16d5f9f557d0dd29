import type { Connection } from '../database/connection.ts';
import { rowCounts } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';

export interface TableRows {
  readonly table: string;
  /** Null for a table that was not there. */
  readonly before: number | null;
  /** Null for a table that was dropped. */
  readonly after: number | null;
}

export interface RowExpectation {
  /** What ran, as in “Row counts differ after the migration”. */
  readonly what: string;
  /** Tables that the run adds rows to. */
  readonly growing: ReadonlySet<string>;
  /** Whether the run drops this table. */
  goes(table: string): boolean;
}

/**
 * Row counts before and after; a table of the gateway that lost or gained rows is an error, which takes the run back.
 */
export async function compareRows(
  db: Connection,
  before: ReadonlyMap<string, number>,
  schema: Schema,
  { what, growing, goes }: RowExpectation,
): Promise<{ rows: TableRows[]; warnings: string[] }> {
  const after = await rowCounts(db, [...schema.keys()]);
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const rows = names.map((table) => ({
    table,
    before: before.get(table) ?? null,
    after: after.get(table) ?? null,
  }));
  const wrong: string[] = [];
  const warnings: string[] = [];
  for (const { table, before: then, after: now } of rows) {
    if (then === null || now === then) continue;
    if (now === null && goes(table)) continue;
    if (now !== null && now > then && growing.has(table)) continue;
    const text = `${table}: ${then} rows before, ${now ?? 'no table'} after`;
    // No statement of a run names such a table.
    if (now !== null && !GATEWAY_TABLES.has(table))
      warnings.push(`${text}: a trigger, or something else of this site, writes to it.`);
    // Where others can write while a run goes on, more rows are theirs.
    else if (!db.dialect.exclusive && now !== null && now > then)
      warnings.push(`${text}: something else writes to it.`);
    else wrong.push(text);
  }
  if (wrong.length === 0) return { rows, warnings };
  throw new GatewayError('FAILED', `Row counts differ after ${what}.`, {
    details: wrong,
    hint: db.dialect.transactionalDdl ? 'Everything was taken back: the database is as it was.' : '',
  });
}

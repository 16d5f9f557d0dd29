import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { datetime, id, integer, string, table } from '../schema/define.ts';
import { HISTORY_TABLE } from '../schema/gateway-tables.ts';
import type { Schema, Table } from '../schema/model.ts';

/** `mcpgw_migration`: one row for each step each time it changed something. */
export const historyTable: Table = table(
  HISTORY_TABLE,
  {
    id: id(),
    step: string(64),
    checksum: string(64),
    tool_version: string(32),
    applied_at: datetime(),
    duration_ms: integer(),
    rows_written: integer(),
  },
  { primaryKey: ['id'] },
);

/** A step of a change of rows: no step that a database is known by, and none of two runs does the same. */
export type DataStepId = `${string}:${string}`;

export const isDataStep = (step: string): step is DataStepId => step.includes(':');

export interface HistoryRow {
  readonly step: string;
  readonly checksum: string;
  readonly tool_version: string;
  readonly applied_at: unknown;
  readonly duration_ms: number;
  readonly rows_written: number;
}

export async function readHistory(db: Connection, schema: Schema): Promise<readonly HistoryRow[]> {
  if (!schema.has(HISTORY_TABLE)) return [];
  return db.query<HistoryRow>(
    sql`SELECT step, checksum, tool_version, applied_at, duration_ms, rows_written
        FROM ${sql.table(HISTORY_TABLE)} ORDER BY id`,
  );
}

/** The record of a step that was run. */
export function historyRow(db: Connection, row: Readonly<Record<keyof HistoryRow, unknown>>): Statement {
  return db.compile(
    sql`INSERT INTO ${sql.table(HISTORY_TABLE)}
          (step, checksum, tool_version, applied_at, duration_ms, rows_written)
        VALUES (${row.step}, ${row.checksum}, ${row.tool_version}, ${row.applied_at}, ${row.duration_ms},
                ${row.rows_written})`,
  );
}

/** The same before the run: what only the run will know is said in words. */
export function plannedHistoryRow(
  db: Connection,
  known: Pick<HistoryRow, 'step' | 'checksum' | 'tool_version'>,
): Statement {
  return historyRow(db, {
    ...known,
    applied_at: '<time of the run>',
    duration_ms: '<milliseconds it took>',
    rows_written: '<rows written>',
  });
}

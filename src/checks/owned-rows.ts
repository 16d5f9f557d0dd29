import { type RawBuilder, sql } from 'kysely';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import type { CheckContext, Findings } from './check.ts';
import { type OwnedCounts, scanOwnedTables } from './owned-table-scan.ts';
import { rowLine } from './row-line.ts';

/** The tables that a check on ownership needs. */
export const OWNERSHIP_TABLES: readonly string[] = [
  'email_users',
  'email_teams',
  ...OWNED_TABLES.map(({ name }) => name),
];

export interface OwnedRow {
  readonly id: unknown;
  readonly label: string | null;
  readonly team_id: string | null;
  readonly owner_email: string | null;
  readonly visibility: string | null;
}

/** Rows of owned tables that have something wrong with them. */
export interface OwnedProblem {
  /** How many rows of a table have it, of what the scan counted. */
  readonly count: (counts: OwnedCounts) => number;
  /** The same as an SQL condition over `t`. */
  readonly rows: RawBuilder<unknown>;
  readonly describe: (row: OwnedRow) => string;
}

/** Counts rows of all owned tables and shows some of them; tables without the columns are no pass. */
export async function findOwnedRows(
  context: CheckContext,
  { count, rows, describe }: OwnedProblem,
): Promise<Findings> {
  const { tables, lacking } = await scanOwnedTables(context);
  const affected = tables.filter((counts) => count(counts) > 0);
  if (affected.length === 0 && lacking.length > 0) {
    const which = lacking.join(', ');
    return {
      count: 0,
      sample: [],
      skipped: `${which} without team_id, owner_email or visibility (schema.columns)`,
    };
  }
  const sample: string[] = [];
  for (const { table } of affected) {
    if (sample.length >= context.sampleSize) break;
    const found = await context.db.query<OwnedRow>(sql<OwnedRow>`
      SELECT t.id AS id, ${sql.ref(`t.${table.label}`)} AS label, t.team_id AS team_id,
             t.owner_email AS owner_email, t.visibility AS visibility
      FROM ${sql.table(table.name)} t WHERE ${rows} ORDER BY t.id LIMIT ${sql.lit(context.sampleSize - sample.length)}`);
    sample.push(...found.map((row) => rowLine(table.name, row.id, row.label, describe(row))));
  }
  return { count: affected.reduce((sum, counts) => sum + count(counts), 0), sample };
}

import { sql } from 'kysely';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { LEFTOVER_COPIES } from '../schema/gateway-tables.ts';
import { type Check, type CheckContext, found } from './check.ts';
import { hasColumns } from './schema-part.ts';

interface Leftover {
  readonly copy: string;
  readonly original: string;
  readonly rows: number;
  /** Rows that are not in the original; null when that cannot be told. */
  readonly missing: number | null;
}

async function leftovers({ db, schema }: CheckContext): Promise<Leftover[]> {
  const copies: Leftover[] = [];
  for (const [copy, original] of LEFTOVER_COPIES) {
    if (!schema.has(copy)) continue;
    const comparable = hasColumns(schema.get(copy), ['id']) && hasColumns(schema.get(original), ['id']);
    const absent = sql`CASE WHEN o.id IS NULL THEN 1 ELSE 0 END`;
    const [row] = await db.query<{ n: unknown; missing: unknown }>(
      comparable
        ? sql`SELECT count(*) AS n, coalesce(sum(${absent}), 0) AS missing
              FROM ${sql.table(copy)} c LEFT JOIN ${sql.table(original)} o ON o.id = c.id`
        : sql`SELECT count(*) AS n, 0 AS missing FROM ${sql.table(copy)}`,
    );
    const missing = comparable ? Number(row?.missing ?? 0) : null;
    copies.push({ copy, original, rows: Number(row?.n ?? 0), missing });
  }
  return copies;
}

/**
 * Full copies of tables that the gateway's own upgrade leaves behind on MySQL; that of `gateways` holds
 * credentials (COMPATIBILITY §1). One is dropped only when each of its rows is in the real table.
 */
export const schemaLeftovers: Check = {
  id: 'schema.leftovers',
  title: 'Tables left behind by the gateway’s own upgrade',
  level: 'error',
  hint: advise`Run: ${mcpgw('fix', '--only', 'schema.leftovers')}`,
  async find(context) {
    const copies = await leftovers(context);
    const kept = copies.filter(({ missing }) => missing !== 0).length;
    const lines = copies.map(({ copy, original, rows, missing }) => {
      const compared = `${missing === 0 ? 'all of them' : `${missing} of them not`} in ${original}`;
      const told = missing === null ? `which cannot be compared with ${original}` : compared;
      return `${copy}: ${plural(rows, 'row')}, ${told}`;
    });
    if (kept === 0) return found(lines);
    const others =
      kept < copies.length
        ? advise` For the other copy run: ${mcpgw('fix', '--only', 'schema.leftovers')}`
        : '';
    const byHand = 'Look at the rows that are in the copy only; bring them back or drop the table yourself.';
    return found(lines, { unfixable: kept, hint: `${byHand}${others}` });
  },
  async repair(context) {
    const copies = (await leftovers(context)).filter(({ missing }) => missing === 0);
    return {
      summary: copies.map(({ copy, original }) => `${copy} is dropped: all its rows are in ${original}`),
      statements: copies.map(({ copy }) => {
        context.schema.delete(copy);
        return context.db.dialect.dropTable(copy);
      }),
    };
  },
};

import { type RawBuilder, sql } from 'kysely';
import type { Statement } from '../database/statement.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import type { Check, CheckContext } from './check.ts';
import { hasColumns } from './schema-part.ts';

/** Columns by table. */
export type Needs = Readonly<Record<string, readonly string[]>>;

/** A check whose findings are the rows of one query. */
export interface RowCheck<Row> extends Pick<Check, 'id' | 'title'> {
  /** Without these it cannot be checked. */
  readonly needs: Needs;
  /** In place of `mcpgw fix`. */
  readonly hint?: Text;
  /** The rows that are wrong; null where there can be none. */
  rows(context: CheckContext): RawBuilder<Row> | null | Promise<RawBuilder<Row> | null>;
  /** What is wrong with one, and what the repair makes of it. */
  line(row: Row, context: CheckContext): string;
  /** Whether the repair is made without being asked for with a flag. */
  repairs?(context: CheckContext): boolean;
  repair(rows: readonly Row[], context: CheckContext): Promise<readonly Statement[]> | readonly Statement[];
}

/** A warning: the gateway works, but not as somebody would expect. */
export function rowCheck<Row>({ needs, rows, line, repairs, repair, ...described }: RowCheck<Row>): Check {
  return {
    level: 'warning',
    hint: advise`Run: ${mcpgw('fix', '--only', described.id)}`,
    requires: Object.keys(needs),
    ...described,
    async find(context) {
      const lost = Object.entries(needs).filter(
        ([table, columns]) => !hasColumns(context.schema.get(table), columns),
      );
      if (lost.length > 0) {
        const which = lost
          .map(([table, columns]) => `${table} lacks one of ${columns.join(', ')}`)
          .join('; ');
        return { count: 0, sample: [], skipped: `${which} (schema.columns)` };
      }
      const query = await rows(context);
      if (query === null) return { count: 0, sample: [] };
      const found = await context.db.query<Row & { readonly found: unknown }>(
        sql`SELECT x.*, count(*) OVER () AS found FROM (${query}) x ORDER BY 1, 2 LIMIT ${sql.lit(context.sampleSize)}`,
      );
      const count = Number(found[0]?.found ?? 0);
      const unfixable = repairs?.(context) === false ? count : 0;
      return { count, unfixable, sample: found.map((row) => line(row, context)) };
    },
    async repair(context, { unfixable = 0 }) {
      const query = unfixable > 0 ? null : await rows(context);
      if (query === null) return null;
      const found = await context.db.query<Row>(query);
      const statements = await repair(found, context);
      return statements.length === 0 ? null : { summary: found.map((row) => line(row, context)), statements };
    },
  };
}

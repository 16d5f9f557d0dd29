import { type RawBuilder, sql } from 'kysely';
import type { Statement } from '../database/statement.ts';
import { plural } from '../report/plural.ts';
import type { CheckContext, DataRepair } from './check.ts';
import { inKeyRanges } from './in-key-ranges.ts';
import type { OwnedProblem } from './owned-rows.ts';
import { scanOwnedTables } from './owned-table-scan.ts';

/**
 * A repair that writes the same values into all rows that have a problem.
 *
 * @param values as after SET
 * @param what for people, after `tools: 3 rows`
 */
export async function updateOwnedRows(
  context: CheckContext,
  { count, rows }: OwnedProblem,
  values: RawBuilder<unknown>,
  what: string,
): Promise<DataRepair | null> {
  const statements: Statement[] = [];
  const summary: string[] = [];
  for (const counts of (await scanOwnedTables(context)).tables) {
    const affected = count(counts);
    if (affected === 0) continue;
    const { name } = counts.table;
    const update: Statement = {
      ...context.db.compile(
        sql`UPDATE ${sql.table(name)} AS t SET ${values}${sql.raw(context.db.dialect.kept(name))} WHERE ${rows}`,
      ),
      counts: 'written',
      table: name,
    };
    statements.push(...(await inKeyRanges(context.db, name, affected, [update])));
    summary.push(`${name}: ${plural(affected, 'row')} ${what}`);
  }
  return statements.length === 0 ? null : { summary, statements };
}

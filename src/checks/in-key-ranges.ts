import type { Connection } from '../database/connection.ts';
import { inRanges, keyRanges } from '../database/key-ranges.ts';
import type { Statement } from '../database/statement.ts';

/**
 * Updates of many rows of one table in ranges of its key, where the dialect wants that.
 *
 * @param rows how many rows they write
 * @param statements each ends in a WHERE clause that more conditions can be added to
 */
export async function inKeyRanges(
  db: Connection,
  table: string,
  rows: number,
  statements: readonly Statement[],
): Promise<readonly Statement[]> {
  const { ranges } = db.dialect;
  if (ranges === null || rows <= ranges.size) return statements;
  const bounds = await keyRanges(db, table, ranges);
  return statements.flatMap((statement) => inRanges(db, statement, bounds));
}

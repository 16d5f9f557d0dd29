import { sql } from 'kysely';
import { translateSqliteError } from '../../../database/sqlite/errors.ts';
import { readDamage } from '../../../database/sqlite/read-damage.ts';
import { plural } from '../../../report/plural.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { OpenContext } from '../../context.ts';

/** Between two tables; what one takes cannot be known before. */
const BUDGET_MS = 300;

/**
 * Which tables of a file with damaged pages those are of, a line each: `tools is damaged: …`. SQLite itself often
 * says no more than that something is.
 *
 * @returns the tables that there was no time for, too, in a line of their own
 */
export async function damagedTables({
  db,
  target,
  thorough,
}: OpenContext<SqliteTarget>): Promise<readonly string[]> {
  const tables = await db.query<{ name: string }>(
    sql`SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rootpage`,
  );
  const until = performance.now() + BUDGET_MS;
  const lines: string[] = [];
  for (const [i, { name }] of tables.entries()) {
    if (!thorough && performance.now() > until) {
      lines.push(`${plural(tables.length - i, 'table')} not looked at, to save time: mcpgw doctor --verbose`);
      break;
    }
    const problem = await problemOf(db, name, target.path);
    if (problem !== null) lines.push(`${name} is damaged: ${problem}`);
  }
  return lines;
}

async function problemOf(
  db: OpenContext<SqliteTarget>['db'],
  table: string,
  path: string,
): Promise<string | null> {
  try {
    const [first] = await readDamage(db, 'quick', table);
    return first ?? null;
  } catch (error) {
    if (translateSqliteError(error, path)?.code !== 'CORRUPT') throw error;
    return (error as Error).message;
  }
}

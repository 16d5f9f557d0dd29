import { sql } from 'kysely';
import type { Connection } from '../connection.ts';

/** Values a constraint would not allow are the checks' concern: the file that holds them is sound. */
const VALUES_ONLY = /^(?:NULL value in|CHECK constraint failed in|[A-Z]+ value in) /;

/**
 * What is wrong with the pages of the file, a line each.
 *
 * @param how `quick` leaves out whether indexes hold what their tables do, `full` takes several times as long
 * @param table looks at this one alone
 * @throws the driver's own error where the damage stops the check itself
 */
export async function readDamage(
  db: Connection,
  how: 'quick' | 'full',
  table?: string,
): Promise<readonly string[]> {
  const of = table === undefined ? sql`` : sql`(${sql.lit(table)})`;
  const rows = await db.query<{ damage: string }>(
    how === 'quick'
      ? sql`SELECT quick_check AS damage FROM pragma_quick_check${of}`
      : sql`SELECT integrity_check AS damage FROM pragma_integrity_check${of}`,
  );
  return rows
    .flatMap((row) => row.damage.split('\n'))
    .filter((line) => line !== 'ok' && !line.startsWith('***') && !VALUES_ONLY.test(line));
}

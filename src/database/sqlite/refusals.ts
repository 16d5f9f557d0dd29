import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import { lostInWal } from '../../salvage/index.ts';
import type { Connection } from '../connection.ts';
import { statement } from '../statement.ts';

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

/**
 * Refuses a file with damaged pages before anything is written to it: those that a run does not read would
 * otherwise be found only when it is too late.
 *
 * @throws GatewayError CORRUPT; the driver's own error where the damage stops the check itself
 */
export async function refuseDamaged(db: Connection, path: string): Promise<void> {
  const damage = await readDamage(db, 'quick');
  if (damage.length === 0) return;
  throw new GatewayError('CORRUPT', `${path} is damaged.`, {
    details: damage.slice(0, 5),
    hint: advise`Nothing was changed. Restore a backup, or salvage what is left of it: ${mcpgw('doctor', '--repair')}`,
  });
}

/**
 * Refuses a database with a damaged `-wal` file, before SQLite sees it: opening it for writing brings over what is
 * before the damage and removes the file, and with it what was committed behind; a backup would lack that.
 *
 * @throws GatewayError CORRUPT
 */
export async function refuseLostWal(path: string): Promise<void> {
  const lost = await lostInWal(path);
  if (lost === null) return;
  throw new GatewayError(
    'CORRUPT',
    `The -wal file of ${path} is damaged: what was committed behind the damage would be lost.`,
    {
      details: [lost],
      hint: advise`Nothing was changed. Open the database with nothing else and keep all its files; what can be done: ${mcpgw('doctor')}`,
    },
  );
}

/**
 * Finds out, inside the transaction of a run, whether the file and its folder can be written: BEGIN IMMEDIATE
 * succeeds even where they cannot. A header field that keeps its value makes SQLite open its journal, and leaves
 * nothing behind.
 *
 * @throws the driver's own error, which `translateSqliteError` knows
 */
export async function refuseUnwritable(db: Connection): Promise<void> {
  const [row] = await db.query<{ user_version: number }>(sql`PRAGMA user_version`);
  await db.run(statement(`PRAGMA user_version = ${row?.user_version ?? 0}`));
}

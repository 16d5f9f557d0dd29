import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { Connection } from '../connection.ts';

/** Values a constraint would not allow are the checks' concern: the file that holds them is sound. */
const VALUES_ONLY = /^(?:NULL value in|CHECK constraint failed in|[A-Z]+ value in) /;

/**
 * Refuses a file with damaged pages before anything is written to it: those that a run does not read would
 * otherwise be found only when it is too late.
 *
 * @throws GatewayError CORRUPT; the driver's own error where the damage stops the check itself
 */
export async function refuseDamaged(db: Connection, path: string): Promise<void> {
  const rows = await db.query<{ quick_check: string }>(sql`PRAGMA quick_check`);
  const damage = rows
    .flatMap((row) => row.quick_check.split('\n'))
    .filter((line) => line !== 'ok' && !line.startsWith('***') && !VALUES_ONLY.test(line));
  if (damage.length === 0) return;
  throw new GatewayError('CORRUPT', `${path} is damaged.`, {
    details: damage.slice(0, 5),
    hint: 'Nothing was changed. Restore a backup, or salvage a copy of it with the sqlite3 shell’s .recover.',
  });
}

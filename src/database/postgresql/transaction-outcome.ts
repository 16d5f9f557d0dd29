import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import { TIMING } from '../../timing.ts';
import { poll } from '../poll.ts';
import { withDatabase } from '../with-database.ts';

const LOOK_EVERY_MS = 250;

/**
 * What became of a transaction whose COMMIT was sent, asked on a new connection.
 *
 * @param transaction what `txid_current()` said in it
 * @returns `open` when the server has not made up its mind after a while, `unknown` when it cannot be asked
 */
export async function transactionOutcome(
  target: PostgresqlTarget,
  transaction: string,
): Promise<'committed' | 'aborted' | 'open' | 'unknown'> {
  const options = { access: 'read', retries: 2, retryIntervalMs: 1_000 } as const;
  try {
    return await withDatabase(target, options, async (db) => {
      const settled = await poll(
        { timeoutMs: TIMING.noticeMs, everyMs: LOOK_EVERY_MS, onWait: async () => {} },
        async () => {
          const [row] = await db.query<{ status: string | null }>(
            sql`SELECT txid_status(${transaction}::bigint) AS status`,
          );
          return row?.status === 'committed' || row?.status === 'aborted' ? row.status : undefined;
        },
      );
      return settled ?? 'open';
    });
  } catch (error) {
    if (error instanceof GatewayError) return 'unknown';
    throw error;
  }
}

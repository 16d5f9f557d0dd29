import { sql } from 'kysely';
import { perContext } from '../../checks/per-context.ts';
import type { Connection } from '../../database/connection.ts';
import { isBehindPooler } from '../../database/postgresql/pooler.ts';
import { statement } from '../../database/statement.ts';
import { errorText } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/**
 * How a pooler hands out the server's connections: for a session, a transaction, or one statement; `unknown`
 * when it could not be seen; null without a pooler.
 */
export type Pooling = 'session' | 'transaction' | 'statement' | 'unknown' | null;

/** Other clients may take the connection that was just given back; so often it is looked at. */
const LOOKS = 3;

export const pooling = perContext(async (context: TargetContext<PostgresqlTarget>): Promise<Pooling> => {
  if (!(await isBehindPooler(context.target))) return null;
  try {
    return await context.connect('read', async (first) => {
      const refusal = await transactionRefusal(first);
      if (refusal !== null) return /statement pooling/i.test(refusal) ? 'statement' : 'unknown';
      return await context.connect('read', async (second) => {
        for (let look = 0; look < LOOKS; look++) {
          // Two clients that are both connected share a server process only when neither has it for good.
          if ((await processOf(first)) === (await processOf(second))) return 'transaction';
        }
        return 'session';
      });
    });
  } catch {
    return 'unknown';
  }
});

async function transactionRefusal(db: Connection): Promise<string | null> {
  try {
    await db.run(statement('BEGIN READ ONLY'));
    await db.run(statement('ROLLBACK'));
    return null;
  } catch (error) {
    return errorText(error);
  }
}

async function processOf(db: Connection): Promise<number | undefined> {
  const [row] = await db.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  return row?.pid;
}

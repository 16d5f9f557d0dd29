import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { statement } from '../statement.ts';

const POLL_MS = 200;
/** How long a schema change may wait for the metadata lock of its table. */
const METADATA_LOCK_S = 30;

/** GET_LOCK names are server-wide and hold 64 characters: a hash of the database's name keeps them apart. */
const LOCK_NAME = sql`concat('mcpgw:', left(sha2(database(), 256), 40))`;

/**
 * Takes the named lock of this database. GET_LOCK answers 1 (ours), 0 (not in time) or NULL (an error); it is
 * asked again and again rather than waited for, so that signals and time-outs are honoured.
 */
export async function beginMysqlRun(db: Connection, lock: RunLock): Promise<void> {
  const deadline = Date.now() + lock.timeoutMs;
  for (let first = true; ; first = false) {
    const [row] = await db.query<{ locked: number | string | null }>(
      sql`SELECT GET_LOCK(${LOCK_NAME}, 0) AS locked`,
    );
    if (Number(row?.locked ?? 0) === 1) break;
    const holder = await holderOf(db);
    if (first) lock.onWait(holder);
    if (Date.now() >= deadline) {
      throw new GatewayError('LOCKED', `Another run of mcpgw is at work on this database: ${holder}.`, {
        hint: 'Wait until it is done and run the command again (or give it longer: --lock-timeout 300). Nothing was changed.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await db.run(statement(`SET SESSION lock_wait_timeout = ${METADATA_LOCK_S}`));
}

async function holderOf(db: Connection): Promise<string> {
  const [row] = await db.query<{ id: number | null; user: string; host: string; since: number }>(sql`
    SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.TIME AS since
    FROM information_schema.PROCESSLIST p WHERE p.ID = IS_USED_LOCK(${LOCK_NAME})`);
  if (row === undefined || row.id === null) return 'a run that has just ended';
  return `connection ${row.id} of ${row.user} from ${row.host}, last active ${row.since} s ago`;
}

export async function endMysqlRun(db: Connection): Promise<void> {
  await db.query(sql`SELECT RELEASE_LOCK(${LOCK_NAME})`);
}

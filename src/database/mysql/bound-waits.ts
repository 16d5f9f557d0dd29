import type { Connection } from '../connection.ts';
import { statement } from '../statement.ts';

/** How long a statement of a run may wait at most; the gateway's queries of the table queue up behind it. */
const LONGEST_S = 30;

/** Bounds how long each statement of this session waits for a table, and for rows that somebody else is writing. */
export async function boundMysqlWaits(db: Connection, lockTimeoutMs: number): Promise<void> {
  // Whole seconds, from 1.
  const wait = Math.min(LONGEST_S, Math.max(1, Math.ceil(lockTimeoutMs / 1000)));
  await db.run(
    statement(`SET SESSION lock_wait_timeout = ${wait}, SESSION innodb_lock_wait_timeout = ${wait}`),
  );
}

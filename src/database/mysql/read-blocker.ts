import { sql } from 'kysely';
import type { Connection } from '../connection.ts';

interface Client {
  readonly id: number | string;
  readonly account: string;
  readonly host: string;
  readonly seconds: number | string;
}

/** How many connections are named, when any of them may be the one. */
const NAMED = 3;

/**
 * Who has locked a table so that it cannot be read (LOCK TABLES, or a schema change), as far as this account may
 * know: MySQL lists it for accounts that may read performance_schema, MariaDB needs a plugin for that. Else the
 * other connections to this database are named, of which it is one.
 */
export async function mysqlReadBlocker(db: Connection): Promise<string | null> {
  const known = await holderOfMetadataLock(db);
  if (known !== null) return known;
  const others = await db
    .query<Client>(sql`
      SELECT ID AS id, USER AS account, HOST AS host, TIME AS seconds FROM information_schema.PROCESSLIST
      WHERE DB = database() AND ID <> connection_id() ORDER BY ID`)
    // See `namedLockHolder`.
    .catch(() => []);
  if (others.length === 0) return null;
  const named = others.slice(0, NAMED).map(describe);
  const more = others.length > NAMED ? [`${others.length - NAMED} more`] : [];
  return `by ${others.length === 1 ? '' : 'one of '}${[...named, ...more].join(', ')}`;
}

async function holderOfMetadataLock(db: Connection): Promise<string | null> {
  try {
    const [row] = await db.query<Client & { readonly name: string }>(sql`
      SELECT m.OBJECT_NAME AS name, t.PROCESSLIST_ID AS id, t.PROCESSLIST_USER AS account,
        t.PROCESSLIST_HOST AS host, t.PROCESSLIST_TIME AS seconds
      FROM performance_schema.metadata_locks m
      JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
      WHERE m.OBJECT_SCHEMA = database() AND m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED'
        AND m.LOCK_TYPE IN ('SHARED_NO_READ_WRITE', 'EXCLUSIVE') AND t.PROCESSLIST_ID <> connection_id()
      ORDER BY m.OBJECT_NAME LIMIT 1`);
    return row === undefined ? null : `${row.name} by ${describe(row)}`;
  } catch {
    // This account may not read performance_schema.
    return null;
  }
}

function describe({ id, account, host, seconds }: Client): string {
  const since = new Date(Date.now() - Number(seconds) * 1000).toISOString().slice(0, 19);
  return `connection ${id} from ${host.replace(/:\d+$/, '')}, account ${account}, busy or idle since ${since}Z`;
}

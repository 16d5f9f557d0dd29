import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';

/** Another connection to this database, or one with an open transaction. Never the text of its statement. */
export interface Client {
  readonly id: string;
  readonly user: string;
  readonly host: string;
  /** Seconds since its transaction began; null when it has none or it may not be seen. */
  readonly transactionS: number | null;
  /** Seconds since its statement began; null when it is idle. */
  readonly statementS: number | null;
  /** `Waiting for table metadata lock` … */
  readonly state: string;
  /** Tables that nobody else can change because of it. */
  readonly tables: readonly string[];
}

export interface Sight {
  /** Whether the user has PROCESS, without which it sees its own connections and no transactions. */
  readonly process: boolean;
  /** Whether the server keeps track of metadata locks. */
  readonly metadataLocks: boolean;
}

interface Row {
  readonly id: number | string;
  readonly user: string | null;
  readonly host: string | null;
  readonly transaction_s: number | string | null;
  readonly statement_s: number | string | null;
  readonly state: string | null;
}

/**
 * The other connections to this database. A transaction whose connection has chosen no database counts, too: it
 * may have named it.
 */
export async function readClients(db: Connection, sight: Sight): Promise<readonly Client[]> {
  const transactions = sight.process
    ? sql`LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID`
    : sql``;
  const began = sight.process ? sql`TIMESTAMPDIFF(SECOND, t.trx_started, now())` : sql`NULL`;
  const rows = await db.query<Row>(sql`
    SELECT p.ID AS id, p.USER AS user, p.HOST AS host, ${began} AS transaction_s,
      CASE WHEN p.COMMAND IN ('Query', 'Execute') THEN p.TIME END AS statement_s, p.STATE AS state
    FROM information_schema.PROCESSLIST p ${transactions}
    WHERE p.ID <> connection_id() AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')
      AND (p.DB = database()${sight.process ? sql` OR (p.DB IS NULL AND t.trx_id IS NOT NULL)` : sql``})
    ORDER BY p.ID`);
  const locked = sight.metadataLocks ? await lockedTables(db) : new Map<string, string[]>();
  return rows.map((row) => ({
    id: String(row.id),
    user: row.user ?? '',
    host: row.host ?? '',
    transactionS: row.transaction_s === null ? null : Number(row.transaction_s),
    statementS: row.statement_s === null ? null : Number(row.statement_s),
    state: row.state ?? '',
    tables: locked.get(String(row.id)) ?? [],
  }));
}

/** Tables of this database, by the connection that keeps all others from changing them. */
async function lockedTables(db: Connection): Promise<ReadonlyMap<string, readonly string[]>> {
  const locked = new Map<string, string[]>();
  try {
    const rows = await db.query<{ id: number | string; name: string }>(sql`
      SELECT DISTINCT t.PROCESSLIST_ID AS id, m.OBJECT_NAME AS name
      FROM performance_schema.metadata_locks m
      JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
      WHERE m.OBJECT_SCHEMA = database() AND m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED'
        AND m.LOCK_TYPE IN ('SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE')
        AND t.PROCESSLIST_ID <> connection_id()
      ORDER BY m.OBJECT_NAME`);
    for (const { id, name } of rows) locked.set(String(id), [...(locked.get(String(id)) ?? []), name]);
  } catch {
    // This account may not read performance_schema.
  }
  return locked;
}

import { type RawBuilder, sql } from 'kysely';
import type { Blocker } from '../blocker.ts';
import type { Connection } from '../connection.ts';
import { literalMysql } from './ddl.ts';

interface Client {
  readonly id: number | string;
  readonly account: string;
  readonly host: string;
  /** Of its transaction, or of what it does or does not do now. */
  readonly seconds: number | string;
}

export interface LockedTables {
  /** Nobody else may use these. */
  readonly changed: readonly string[];
  /** Nobody else may write to these. */
  readonly others: readonly string[];
}

type Holder = Client & { readonly name: string };

/** How many connections are named, when any of them may be the one. */
const NAMED = 3;

/**
 * Who has locked a table so that it cannot be read (LOCK TABLES, or a schema change), as far as this account may
 * know: MySQL lists it for accounts that may read performance_schema, MariaDB needs a plugin for that. Else the
 * other connections to this database are named, of which it is one.
 */
export async function mysqlReadBlocker(db: Connection): Promise<Blocker | null> {
  const among = sql`m.LOCK_TYPE IN ('SHARED_NO_READ_WRITE', 'EXCLUSIVE')`;
  return (await holderOfMetadataLock(db, among)) ?? (await connections(db));
}

/**
 * Whose open transaction keeps one of the tables from being changed: the same sources, and between them what
 * InnoDB knows of open transactions, for accounts with PROCESS.
 */
export async function mysqlTableHolder(db: Connection, tables: LockedTables): Promise<Blocker | null> {
  const among = inTheWay(tables, sql`m.OBJECT_NAME`, sql`m.LOCK_TYPE`);
  return (
    (await holderOfMetadataLock(db, among)) ??
    (await holderByPlugin(db, tables)) ??
    (await openTransactions(db)) ??
    (await preparedTransaction(db)) ??
    (await connections(db))
  );
}

async function holderOfMetadataLock(db: Connection, which: RawBuilder<unknown>): Promise<Blocker | null> {
  const [row] = await ifAllowed<Holder>(
    db,
    sql`
      SELECT m.OBJECT_NAME AS name, t.PROCESSLIST_ID AS id, t.PROCESSLIST_USER AS account,
        t.PROCESSLIST_HOST AS host, t.PROCESSLIST_TIME AS seconds
      FROM performance_schema.metadata_locks m
      JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
      WHERE m.OBJECT_SCHEMA = database() AND m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED'
        AND ${which} AND t.PROCESSLIST_ID <> connection_id()
      ORDER BY t.PROCESSLIST_TIME DESC, m.OBJECT_NAME LIMIT 1`,
  );
  return row === undefined ? null : { text: `${row.name} by ${describe(row)}`, end: ending(row) };
}

/** Any lock on a table that is changed, and on the others those of whoever writes. */
function inTheWay(
  { changed, others }: LockedTables,
  name: RawBuilder<unknown>,
  mode: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const among = (names: readonly string[]) =>
    names.length === 0 ? sql`false` : sql`${name} IN (${sql.join([...names])})`;
  return sql`(${among(changed)} OR (${among(others)} AND (${mode} LIKE '%WRITE%' OR ${mode} LIKE '%EXCLUSIVE')))`;
}

/** MariaDB, where somebody has installed its plugin `metadata_lock_info`. */
async function holderByPlugin(db: Connection, tables: LockedTables): Promise<Blocker | null> {
  const [row] = await ifAllowed<Holder>(
    db,
    sql`
      SELECT m.TABLE_NAME AS name, p.ID AS id, p.USER AS account, p.HOST AS host, p.TIME AS seconds
      FROM information_schema.METADATA_LOCK_INFO m JOIN information_schema.PROCESSLIST p ON p.ID = m.THREAD_ID
      WHERE m.TABLE_SCHEMA = database() AND ${inTheWay(tables, sql`m.TABLE_NAME`, sql`m.LOCK_MODE`)}
        AND p.ID <> connection_id()
      ORDER BY p.TIME DESC, m.TABLE_NAME LIMIT 1`,
  );
  return row === undefined ? null : { text: `${row.name} by ${describe(row)}`, end: ending(row) };
}

/** The oldest first; one that has chosen no database may have named it. */
async function openTransactions(db: Connection): Promise<Blocker | null> {
  const rows = await ifAllowed<Client>(
    db,
    sql`
      SELECT p.ID AS id, p.USER AS account, p.HOST AS host,
        TIMESTAMPDIFF(SECOND, t.trx_started, now()) AS seconds
      FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
      WHERE (p.DB = database() OR p.DB IS NULL) AND p.ID <> connection_id() ORDER BY t.trx_started`,
  );
  return listed(rows, 'by an open transaction of ', 'by an open transaction of one of ');
}

/** One of XA PREPARE has no session any more, and keeps its locks through a restart of the server. */
async function preparedTransaction(db: Connection): Promise<Blocker | null> {
  const rows = await ifAllowed<{ gtrid_length: number; data: string }>(db, sql`XA RECOVER`);
  const [row] = rows;
  if (row === undefined) return null;
  const gtrid = literalMysql(row.data.slice(0, Number(row.gtrid_length)));
  const text = `by ${rows.length === 1 ? '' : 'one of the prepared transactions, such as '}XA ${gtrid}`;
  return { text, end: rows.length === 1 ? `XA ROLLBACK ${gtrid};` : null };
}

async function connections(db: Connection): Promise<Blocker | null> {
  const rows = await ifAllowed<Client>(
    db,
    sql`
      SELECT ID AS id, USER AS account, HOST AS host, TIME AS seconds FROM information_schema.PROCESSLIST
      WHERE DB = database() AND ID <> connection_id() ORDER BY ID`,
  );
  return listed(rows, 'by ', 'by one of ');
}

/** Nothing where this account may not ask, or this server does not know; see also `namedLockHolder`. */
function ifAllowed<Row>(db: Connection, query: RawBuilder<Row>): Promise<readonly Row[]> {
  return db.query(query).catch(() => []);
}

function listed(clients: readonly Client[], one: string, several: string): Blocker | null {
  if (clients.length === 0) return null;
  const named = clients.slice(0, NAMED).map(describe);
  const more = clients.length > NAMED ? [`${clients.length - NAMED} more`] : [];
  const [first] = clients;
  return {
    text: `${clients.length === 1 ? one : several}${[...named, ...more].join(', ')}`,
    end: first !== undefined && clients.length === 1 ? ending(first) : null,
  };
}

const ending = ({ id }: Client) => `KILL ${id};`;

function describe({ id, account, host, seconds }: Client): string {
  const since = new Date(Date.now() - Number(seconds) * 1000).toISOString().slice(0, 19);
  return `connection ${id} from ${host.replace(/:\d+$/, '')}, account ${account}, busy or idle since ${since}Z`;
}

import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import { sqlCommand } from '../../report/advice.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';
import { factsOf, isOn } from './facts.ts';

/** A transaction of the gateway is done in far less. */
const LONG_S = 5;

/** InnoDB shows transactions as they were up to a tenth of a second ago: what is found is looked at once more. */
const SETTLED_MS = 200;

/** What a schema change would wait for: every transaction that has touched its table keeps it from beginning. */
export const blockers: DoctorCheck<OpenContext<MysqlTarget>> = {
  id: 'database.blockers',
  title: 'Nobody holds the gateway’s tables',
  level: 'error',
  hint: 'A schema change waits for these, and after --lock-timeout the migration gives up. Stop the gateway or what else holds the tables, or let it come to an end. A connection that nobody needs is ended by an administrator with KILL and its number.',
  command: sqlCommand('SHOW PROCESSLIST;'),
  async find(context) {
    const facts = await factsOf(context);
    const seesAll = facts.grants.hasGlobally('PROCESS');
    const look = async () => {
      const locked = isOn(facts, 'performance_schema') ? await lockedTables(context.db) : new Map();
      return judgeClients(await readClients(context.db, seesAll), seesAll, locked);
    };
    const finding = await look();
    if (finding.count === 0) return finding;
    await setTimeout(SETTLED_MS);
    return look();
  },
};

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
}

/**
 * The other connections to this database. A transaction whose connection has chosen no database counts, too: it
 * may have named it.
 *
 * @param seesAll whether the user has PROCESS, without which it sees its own connections and no transactions
 */
async function readClients(db: Connection, seesAll: boolean): Promise<readonly Client[]> {
  const transactions = sql`LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID`;
  const began = sql`TIMESTAMPDIFF(SECOND, t.trx_started, now())`;
  const rows = await db.query<Client>(sql`
    SELECT CAST(p.ID AS CHAR) AS id, coalesce(p.USER, '') AS user, coalesce(p.HOST, '') AS host,
      ${seesAll ? began : sql`NULL`} AS transactionS,
      CASE WHEN p.COMMAND IN ('Query', 'Execute') THEN p.TIME END AS statementS, coalesce(p.STATE, '') AS state
    FROM information_schema.PROCESSLIST p ${seesAll ? transactions : sql``}
    WHERE p.ID <> connection_id() AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')
      AND (p.DB = database()${seesAll ? sql` OR (p.DB IS NULL AND t.trx_id IS NOT NULL)` : sql``})
    ORDER BY p.ID`);
  const seconds = (value: number | null) => (value === null ? null : Number(value));
  return rows.map((row) => ({
    ...row,
    transactionS: seconds(row.transactionS),
    statementS: seconds(row.statementS),
  }));
}

type LockedTables = ReadonlyMap<string, string>;

/** Tables of this database, by the connection that keeps all others from changing them. */
async function lockedTables(db: Connection): Promise<LockedTables> {
  try {
    const rows = await db.query<{ id: string; names: string }>(sql`
      SELECT CAST(t.PROCESSLIST_ID AS CHAR) AS id,
        group_concat(DISTINCT m.OBJECT_NAME ORDER BY m.OBJECT_NAME SEPARATOR ', ') AS names
      FROM performance_schema.metadata_locks m
      JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
      WHERE m.OBJECT_SCHEMA = database() AND m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED'
        AND m.LOCK_TYPE IN ('SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE')
        AND t.PROCESSLIST_ID <> connection_id()
      GROUP BY t.PROCESSLIST_ID`);
    return new Map(rows.map(({ id, names }) => [id, names]));
  } catch {
    // This account may not read performance_schema.
    return new Map();
  }
}

/**
 * @param seesAll whether other accounts' connections are among them
 * @param locked tables that nobody else can change, by the connection that holds them
 */
export function judgeClients(clients: readonly Client[], seesAll: boolean, locked: LockedTables): Findings {
  const lines = clients.flatMap(({ id, user, host, transactionS, statementS, state }) => {
    const names = locked.get(id);
    const doing = state === '' ? '' : ` (${state})`;
    const why = [
      ...(names === undefined ? [] : [`has locked ${names}`]),
      ...((transactionS ?? 0) >= LONG_S ? [`a transaction that is open for ${transactionS} s`] : []),
      ...((statementS ?? 0) >= LONG_S ? [`a statement that runs for ${statementS} s${doing}`] : []),
    ];
    return why.length === 0
      ? []
      : [`connection ${id} (${user}@${host.replace(/:\d+$/, '')}): ${why.join(', ')}`];
  });
  if (lines.length > 0 || seesAll) return found(lines);
  return fine(
    'This user sees its own connections only: GRANT PROCESS ON *.* shows the others, and open transactions',
  );
}

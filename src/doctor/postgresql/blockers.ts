import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DoctorCheck, foundEach } from '../../checks/check.ts';
import { literalPostgresql } from '../../database/postgresql/ddl.ts';
import { duration } from '../../report/duration.ts';
import { plural } from '../../report/plural.ts';
import type { PostgresqlContext } from './facts.ts';

/** The gateway's own transactions are over in milliseconds; one of its requests may take a little longer. */
const LONG_MS = 5_000;
/** A transaction that may be a short one is looked at again after so long. */
const SECOND_LOOK_MS = 1_000;
const SHOWN = 3;

interface Holder {
  readonly pid: number;
  /** Of this very transaction. */
  readonly transaction: string;
  readonly tables: readonly string[];
  readonly modes: readonly string[];
  readonly user: string;
  readonly application: string;
  readonly host: string | null;
  /** Null for those of other users, unless this one may see them. */
  readonly state: string | null;
  readonly ageMs: number | null;
  /** The first word of what it runs or ran last. */
  readonly verb: string | null;
}

/**
 * Transactions that keep the migration from its locks: it takes every table for itself for a moment (see
 * `lockPostgresqlTables`). Short ones are waited for. Nothing is ever ended from here.
 */
export const blockers: DoctorCheck<PostgresqlContext> = {
  id: 'database.blockers',
  title: 'No long transaction holds locks on the tables',
  level: 'warning',
  hint: 'Commit or roll back where each of them was begun, or stop that program (the gateway itself, a forgotten psql, a report). When nobody knows it, this ends its session and takes its transaction back; mcpgw never does.',
  async find(context) {
    const holders = await holdersOf(context);
    const long = holders.filter(({ ageMs }) => ageMs !== null && ageMs >= LONG_MS);
    const doubtful = holders.filter((holder) => !long.includes(holder) && isLookedAtAgain(holder));
    return foundEach(
      [...long, ...(await stillThere(context, doubtful))],
      describe,
      ({ pid }) => `SELECT pg_terminate_backend(${pid});`,
    );
  },
};

/** A lock that keeps readers out is told at any age, unless it is gone at once. */
function isLookedAtAgain({ ageMs, modes }: Holder): boolean {
  return ageMs === null || modes.includes('AccessExclusiveLock');
}

/**
 * Autovacuum gives way by itself, but for one against wraparound. Only the first word of a query is read, on the
 * server: the rest may hold anything.
 */
function holdersOf({ db }: PostgresqlContext): Promise<Holder[]> {
  return db.query<Holder>(sql`
    SELECT l.pid, l.virtualtransaction AS transaction,
           json_agg(DISTINCT c.relname) AS tables, json_agg(DISTINCT l.mode) AS modes,
           coalesce(a.usename::text, 'unknown') AS user, coalesce(a.application_name, '') AS application,
           coalesce(a.client_hostname, host(a.client_addr)) AS host, a.state,
           (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS "ageMs",
           upper(substring(a.query FROM '^\\s*([A-Za-z]+)\\M')) AS verb
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT (coalesce(a.backend_type, '') = 'autovacuum worker' AND a.query NOT LIKE '%to prevent wraparound%')
    GROUP BY l.pid, l.virtualtransaction, a.usename, a.application_name, a.client_hostname, a.client_addr,
             a.state, a.xact_start, a.query
    ORDER BY a.xact_start NULLS LAST, l.pid`);
}

/** Locks are always shown as they are now, whatever the transaction of the one who looks. */
async function stillThere(
  context: PostgresqlContext,
  doubtful: readonly Holder[],
): Promise<readonly Holder[]> {
  if (doubtful.length === 0) return [];
  await sleep(SECOND_LOOK_MS);
  const now = new Set((await holdersOf(context)).map(({ transaction }) => transaction));
  return doubtful.filter(({ transaction }) => now.has(transaction));
}

function describe({ pid, user, application, host, state, ageMs, tables, modes, verb }: Holder): string {
  const what = application === '' ? 'a client' : application;
  // Of whom the age may not be seen, nothing is said of where he is either.
  const from = ageMs === null ? '' : host === null ? ' on the server itself' : ` from ${host}`;
  const age =
    ageMs === null
      ? `for more than ${duration(SECOND_LOOK_MS)} (its age needs pg_read_all_stats)`
      : `for ${duration(ageMs)}`;
  const doing = [state, verb && `last statement: ${verb}`].filter((each) => each !== null && each !== '');
  const rest = tables.length <= SHOWN ? '' : ` and ${plural(tables.length - SHOWN, 'other')}`;
  const locks = `locks ${tables.slice(0, SHOWN).join(', ')}${rest} (${modes.join(', ')})`;
  return `${[`process ${pid}`, `user ${user}`, `${what}${from}`, age, ...doing].join(', ')}: ${locks}`;
}

/**
 * Prepared transactions outlive their session and every restart of the server, with their locks. No process
 * holds them, so that nobody finds them among the sessions.
 */
export const prepared: DoctorCheck<PostgresqlContext> = {
  id: 'database.prepared',
  title: 'No prepared transaction holds locks on the tables',
  level: 'error',
  hint: 'The migration waits in vain for a transaction that was prepared (two-phase commit) and never ended. Ask the program that prepared it (its transaction manager) how it was to end, and end it as its owner: COMMIT PREPARED keeps what it did, ROLLBACK PREPARED takes it back.',
  preflight: 'warn',
  async find({ db }) {
    const rows = await db.query<{ gid: string; owner: string; ageMs: number; tables: string }>(sql`
      SELECT p.gid, p.owner, (extract(epoch FROM clock_timestamp() - p.prepared) * 1000)::float8 AS "ageMs",
             string_agg(DISTINCT c.relname, ', ' ORDER BY c.relname) AS tables
      FROM pg_prepared_xacts p
      JOIN pg_locks x ON x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.granted
      JOIN pg_locks l ON l.virtualtransaction = x.virtualtransaction AND l.pid IS NULL
      JOIN pg_class c ON c.oid = l.relation
      WHERE p.database = current_database() AND l.granted
        AND c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      GROUP BY p.gid, p.owner, p.prepared ORDER BY p.prepared`);
    return foundEach(
      rows,
      ({ gid, owner, ageMs, tables }) =>
        `${gid}, of ${owner}, prepared ${duration(ageMs)} ago: locks ${tables}`,
      ({ gid }) => `ROLLBACK PREPARED ${literalPostgresql(gid)};`,
    );
  },
};

import { sql } from 'kysely';
import { literalPostgresql } from '../../database/postgresql/ddl.ts';
import { duration } from '../../report/duration.ts';
import type { Examination } from '../examination.ts';
import type { PostgresqlContext } from './session-facts.ts';

/**
 * Prepared transactions outlive their session and every restart of the server, with their locks. No process
 * holds them, so that nobody finds them among the sessions.
 */
export const prepared: Examination<PostgresqlContext> = {
  id: 'database.prepared',
  title: 'No prepared transaction holds locks on the tables',
  level: 'error',
  meaning:
    'A transaction that was prepared (two-phase commit) and never ended holds locks on the gateway’s tables, until somebody ends it. The migration waits for it in vain.',
  command: '',
  preflight: 'warn',
  async find({ db }) {
    const found = await db.query<{ gid: string; owner: string; ageMs: number; tables: string }>(sql`
      SELECT p.gid, p.owner, (extract(epoch FROM clock_timestamp() - p.prepared) * 1000)::float8 AS "ageMs",
             string_agg(DISTINCT c.relname, ', ' ORDER BY c.relname) AS tables
      FROM pg_prepared_xacts p
      JOIN pg_locks x ON x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.granted
      JOIN pg_locks l ON l.virtualtransaction = x.virtualtransaction AND l.pid IS NULL
      JOIN pg_class c ON c.oid = l.relation
      WHERE p.database = current_database() AND l.granted
        AND c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      GROUP BY p.gid, p.owner, p.prepared ORDER BY p.prepared`);
    return {
      count: found.length,
      sample: found.map(
        ({ gid, owner, ageMs, tables }) =>
          `${gid}, of ${owner}, prepared ${duration(ageMs)} ago: locks ${tables}`,
      ),
      hint: 'Ask the program that prepared it (its transaction manager) how it was to end, and end it as its owner: COMMIT PREPARED keeps what it did, ROLLBACK PREPARED takes it back.',
      command: found.map(({ gid }) => `ROLLBACK PREPARED ${literalPostgresql(gid)};`).join(' '),
    };
  },
};

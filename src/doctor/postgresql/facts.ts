import { sql } from 'kysely';
import { perContext } from '../../checks/per-context.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';

export type PostgresqlContext = OpenContext<PostgresqlTarget>;

/** What a session of this user finds, before anything is set in it. */
export interface SessionFacts {
  readonly user: string;
  readonly database: string;
  /** The first schema of the search path that is there and may be used; null when none is. */
  readonly schema: string | null;
  readonly recovering: boolean;
  readonly encoding: string;
  readonly databaseBytes: number;
  /** Of those asked for, without the ones that this server does not have or this user may not see. */
  readonly settings: Readonly<Partial<Record<(typeof SETTINGS)[number], Setting>>>;
}

const SETTINGS = ['data_directory', 'default_transaction_read_only', 'port', 'search_path'] as const;

interface Setting {
  /** What the session began with (`reset_val`), not what it was set to since; times are milliseconds. */
  readonly value: string;
  /** Where it comes from, as pg_settings calls it: `user`, `database`, `client` … */
  readonly source: string;
}

/** One round trip for all that several checks ask about the session and the database. */
export const sessionFacts = perContext(async ({ db }: PostgresqlContext): Promise<SessionFacts> => {
  const [row] = await db.query<SessionFacts>(sql`
    SELECT current_user AS user, d.datname AS database, current_schema() AS schema,
           pg_is_in_recovery() AS recovering, pg_encoding_to_char(d.encoding) AS encoding,
           pg_database_size(d.oid)::float8 AS "databaseBytes",
           coalesce((SELECT json_object_agg(name, json_build_object('value', reset_val, 'source', source))
                     FROM pg_settings WHERE name IN (${sql.join([...SETTINGS])})), '{}') AS settings
    FROM pg_database d WHERE d.datname = current_database()`);
  if (row === undefined) throw new Error('pg_database does not have the current database');
  return row;
});

/** A table of the current schema, and what this user may do with it. */
export interface TableFacts {
  readonly name: string;
  /** With its indexes and what is kept out of line. */
  readonly bytes: number;
  /** Of the rows alone. */
  readonly rowBytes: number;
  /** Whether the planner was ever told what is in it. */
  readonly analysed: boolean;
  /** As its owner or a member of its owner. */
  readonly isOwned: boolean;
  readonly may: Readonly<Record<'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE', boolean>>;
  /** Row-level security hides rows from this user. */
  readonly hidesRows: boolean;
  /** Sequences of its columns that this user may not read, and those that it may not count up. */
  readonly unreadableSequences: readonly string[];
  readonly unusableSequences: readonly string[];
}

/** Every table of the schema that the gateway's are in, by name. */
export const tableFacts = perContext(
  ({ db }: PostgresqlContext): Promise<readonly TableFacts[]> =>
    db.query<TableFacts>(sql`
    SELECT c.relname AS name,
           pg_total_relation_size(c.oid)::float8 AS bytes, pg_relation_size(c.oid)::float8 AS "rowBytes",
           (c.relkind = 'p' OR c.reltuples > 0
            OR coalesce(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid))
               IS NOT NULL) AS analysed,
           pg_has_role(c.relowner, 'USAGE') AS "isOwned", row_security_active(c.oid) AS "hidesRows",
           json_build_object('SELECT', has_table_privilege(c.oid, 'SELECT'),
                             'INSERT', has_table_privilege(c.oid, 'INSERT'),
                             'UPDATE', has_table_privilege(c.oid, 'UPDATE'),
                             'DELETE', has_table_privilege(c.oid, 'DELETE')) AS may,
           coalesce(s.unreadable, '[]'::json) AS "unreadableSequences",
           coalesce(s.unusable, '[]'::json) AS "unusableSequences"
    FROM pg_class c
    LEFT JOIN LATERAL (
      SELECT json_agg(q.relname ORDER BY q.relname) FILTER (WHERE NOT has_sequence_privilege(q.oid, 'SELECT'))
               AS unreadable,
             json_agg(q.relname ORDER BY q.relname) FILTER (WHERE NOT has_sequence_privilege(q.oid, 'USAGE'))
               AS unusable
      FROM pg_depend p JOIN pg_class q ON q.oid = p.objid AND q.relkind = 'S'
      WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid
    ) s ON true
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
    ORDER BY c.relname`),
);

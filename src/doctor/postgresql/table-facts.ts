import { sql } from 'kysely';
import { perContext } from '../../checks/per-context.ts';
import type { PostgresqlContext } from './session-facts.ts';

/** A table of the current schema, and what this user may do with it. */
export interface TableFacts {
  readonly name: string;
  readonly owner: string;
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
export const tableFacts = perContext(async ({ db }: PostgresqlContext): Promise<readonly TableFacts[]> => {
  const rows = await db.query<
    Omit<TableFacts, 'bytes' | 'rowBytes'> & { bytes: string; rowBytes: string }
  >(sql`
    SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
           pg_total_relation_size(c.oid) AS bytes, pg_relation_size(c.oid) AS "rowBytes",
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
    ORDER BY c.relname`);
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes), rowBytes: Number(row.rowBytes) }));
});

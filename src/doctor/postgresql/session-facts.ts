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
  readonly settings: Readonly<Partial<Record<SettingName, Setting>>>;
}

const SETTINGS = ['data_directory', 'default_transaction_read_only', 'port', 'search_path'] as const;
export type SettingName = (typeof SETTINGS)[number];

export interface Setting {
  /** What the session began with (`reset_val`), not what it was set to since; times are milliseconds. */
  readonly value: string;
  /** Where it comes from, as pg_settings calls it: `user`, `database`, `client` … */
  readonly source: string;
}

/** One round trip for all that several examinations ask about the session and the database. */
export const sessionFacts = perContext(async ({ db }: PostgresqlContext): Promise<SessionFacts> => {
  const [row] = await db.query<{
    user: string;
    database: string;
    schema: string | null;
    recovering: boolean;
    encoding: string;
    bytes: string;
    settings: Record<string, Setting> | null;
  }>(sql`
    SELECT current_user AS user, d.datname AS database, current_schema() AS schema,
           pg_is_in_recovery() AS recovering, pg_encoding_to_char(d.encoding) AS encoding,
           pg_database_size(d.oid) AS bytes,
           (SELECT json_object_agg(name, json_build_object('value', reset_val, 'source', source))
            FROM pg_settings WHERE name IN (${sql.join([...SETTINGS])})) AS settings
    FROM pg_database d WHERE d.datname = current_database()`);
  if (row === undefined) throw new Error('pg_database does not have the current database');
  return { ...row, databaseBytes: Number(row.bytes), settings: row.settings ?? {} };
});

import { sql } from 'kysely';
import type { Connection } from '../connection.ts';
import { quotePostgresql as q } from './ddl.ts';

export interface MissingPrivilege {
  /** What this user may not do. */
  readonly what: string;
  /** What gives the privilege; '' when no statement can. */
  readonly statement: string;
}

/** What a run lacks, a line each. */
export async function missingPostgresqlPrivileges(
  db: Connection,
  tables: readonly string[],
): Promise<readonly string[]> {
  const missing = await lackingForChanges(db, tables);
  return missing.map(({ what, statement }) => (statement === '' ? what : `${what}: ${statement}`));
}

/**
 * What this user lacks to change the schema: tables are changed by their owner only, and new ones need CREATE on
 * their schema.
 */
export async function lackingForChanges(
  db: Connection,
  tables: readonly string[],
): Promise<readonly MissingPrivilege[]> {
  const [schema] = await db.query<{ name: string | null; may_create: boolean | null; who: string }>(sql`
    SELECT current_schema() AS name, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           current_user AS who`);
  if (schema === undefined || schema.name === null) {
    return [
      { what: 'no schema of the search path exists; check search_path in DATABASE_URL', statement: '' },
    ];
  }
  const { name: schemaName, who, may_create: mayCreate } = schema;
  const missing = mayCreate
    ? []
    : [{ what: 'create tables', statement: `GRANT CREATE ON SCHEMA ${q(schemaName)} TO ${q(who)};` }];
  if (tables.length === 0) return missing;
  const foreign = await db.query<{ name: string; owner: string }>(sql`
    SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname IN (${sql.join([...tables])})
      AND NOT pg_has_role(c.relowner, 'USAGE')
    ORDER BY c.relname`);
  return [
    ...missing,
    ...foreign.map(({ name, owner }) => ({
      what: `change table ${name}, which belongs to ${owner}`,
      statement: `ALTER TABLE ${q(schemaName)}.${q(name)} OWNER TO ${q(who)};`,
    })),
  ];
}

import { sql } from 'kysely';
import type { Connection } from '../connection.ts';

/** Tables are changed by their owner only, and new ones need CREATE on their schema. */
export async function missingPostgresqlPrivileges(
  db: Connection,
  tables: readonly string[],
): Promise<readonly string[]> {
  const [schema] = await db.query<{ name: string | null; may_create: boolean | null; who: string }>(sql`
    SELECT current_schema() AS name, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           current_user AS who`);
  if (schema === undefined || schema.name === null) {
    return ['no schema of the search path exists; check search_path in DATABASE_URL'];
  }
  const missing = schema.may_create
    ? []
    : [`create tables: GRANT CREATE ON SCHEMA "${schema.name}" TO "${schema.who}";`];
  if (tables.length === 0) return missing;
  const foreign = await db.query<{ name: string; owner: string }>(sql`
    SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname IN (${sql.join([...tables])})
      AND NOT pg_has_role(c.relowner, 'USAGE')
    ORDER BY c.relname`);
  return [...missing, ...foreign.map(({ name, owner }) => `change table ${name}, which belongs to ${owner}`)];
}

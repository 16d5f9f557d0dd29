import { sql } from 'kysely';
import type { Connection } from '../connection.ts';
import { quotePostgresql as q } from './ddl.ts';

export interface PublishedTable {
  readonly table: string;
  readonly publication: string;
  /** This user may change the publication. */
  readonly isOurs: boolean;
  /** What puts the table back once it was dropped and made anew. */
  readonly statement: string;
}

/** The tables of the schema that a publication names: dropping one takes it out, and no dump of it says so. */
export async function publishedTables(
  db: Connection,
  isWanted: (table: string) => boolean,
): Promise<readonly PublishedTable[]> {
  // Columns and rows can be chosen since PostgreSQL 15.
  const chosen =
    Number.parseInt(db.dialect.server.version, 10) < 15
      ? sql`NULL AS columns, NULL AS rows`
      : sql`(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
             WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) AS columns,
            pg_get_expr(r.prqual, r.prrelid) AS rows`;
  const found = await db.query<{
    table: string;
    schema: string;
    publication: string;
    ours: boolean;
    columns: string | null;
    rows: string | null;
  }>(sql`
    SELECT c.relname AS table, current_schema() AS schema, p.pubname AS publication,
           pg_has_role(p.pubowner, 'USAGE') AS ours, ${chosen}
    FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY p.pubname, c.relname`);
  return found
    .filter(({ table }) => isWanted(table))
    .map(({ table, schema, publication, ours, columns, rows }) => {
      const only = `${columns === null ? '' : ` (${columns})`}${rows === null ? '' : ` WHERE (${rows})`}`;
      return {
        table,
        publication,
        isOurs: ours,
        statement: `ALTER PUBLICATION ${q(publication)} ADD TABLE ONLY ${q(schema)}.${q(table)}${only}`,
      };
    });
}

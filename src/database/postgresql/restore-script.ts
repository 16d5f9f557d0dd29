import { sql } from 'kysely';
import type { RestoreScriptRequest } from '../backup-tool.ts';
import type { Connection } from '../connection.ts';
import { quotePostgresql as q, quotePostgresql } from './ddl.ts';
import { type Dependency, dependentsOf } from './dependents.ts';
import type { DumpContents } from './dump-contents.ts';

/** What psql prints in front of what is asked of it. */
export const ANSWER = 'mcpgw-answer ';

/** The statements that psql is given besides those of the dump. A name in them is quoted, and in no string. */
export interface RestoreScript {
  /** Keeps others out; readers may go on, and so may the backup of the present state. */
  readonly lock: readonly string[];
  /** The end of what is there; after it comes the dump. */
  readonly drop: readonly string[];
  /** What keeps that from being dropped, and would not come back. */
  readonly outside: readonly Dependency[];
  /** What a dump of tables does not bring back. */
  readonly after: readonly string[];
  /** Counts each table of the backup, in its order. */
  readonly compare: readonly string[];
  readonly commit: string;
  /** What will be missing, for people. */
  readonly losses: readonly string[];
}

export async function restoreScript(
  db: Connection,
  request: RestoreScriptRequest,
  contents: DumpContents,
): Promise<RestoreScript> {
  const { replaced, lockTimeoutMs, notes, rows } = request;
  const schema = quotePostgresql(notes.schema ?? '');
  const inSchema = (name: string) => `${schema}.${quotePostgresql(name)}`;
  const named = (names: readonly string[]) => names.map(inSchema).join(', ');
  // What is made of tables goes before them, and comes back with the dump.
  const dependents = await dependentsOf(db, ({ kind, name }) =>
    kind === 'TABLE' ? replaced.includes(name) : contents.has(kind, name),
  );
  const isNew = replaced.length === 0;
  const published = await publishedTables(db, (name) => replaced.includes(name) && rows.has(name));
  return {
    lock: [
      'BEGIN',
      `SET LOCAL lock_timeout = ${Math.max(1_000, lockTimeoutMs)}`,
      ...(isNew ? [] : [`LOCK TABLE ${named(replaced)} IN SHARE ROW EXCLUSIVE MODE`]),
      `SELECT '${ANSWER}' || txid_current()`,
    ],
    drop: isNew
      ? []
      : [...dependents.filter(({ goes }) => goes).map(({ drop }) => drop), `DROP TABLE ${named(replaced)}`],
    outside: dependents.filter(({ goes }) => !goes),
    after: published.filter(({ isOurs }) => isOurs).map(({ statement }) => statement),
    compare: [...rows.keys()].map((name) => `SELECT '${ANSWER}' || count(*) FROM ${inSchema(name)}`),
    commit: 'COMMIT',
    losses: published
      .filter(({ isOurs }) => !isOurs)
      .map(
        ({ table, publication, statement }) =>
          `The table ${table} leaves the publication ${publication}, which is somebody else’s. Have its owner put it back: ${statement};`,
      ),
  };
}

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

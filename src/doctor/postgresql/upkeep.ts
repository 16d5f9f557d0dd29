import { sql } from 'kysely';
import { type DoctorCheck, foundEach } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { isBehindPooler } from '../../database/postgresql/pooler.ts';
import { statement } from '../../database/statement.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { plural } from '../../report/plural.ts';
import { type PostgresqlContext, sessionFacts, type TableFacts, tableFacts } from './facts.ts';

/** Dropping waits for whoever uses the table at the moment. */
const LOCK_WAIT_MS = 30_000;

interface InvalidIndex {
  readonly schema: string;
  readonly name: string;
  readonly table: string;
  readonly bytes: number;
  readonly isUnique: boolean;
  /** It belongs to a constraint, which must not lose it. */
  readonly isConstraint: boolean;
  /** Belongs to this user or a role of his. */
  readonly isOwned: boolean;
}

/** Indexes that CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left half made. */
export const invalidIndexes: DoctorCheck<PostgresqlContext> = {
  id: 'database.invalid-indexes',
  title: 'No index is invalid',
  level: 'warning',
  hint: 'An index that was left half made is written to but never read. Drop them, then create those that are wanted anew. One of a constraint is built anew in its place; where that finds duplicates, they go first.',
  find: async ({ db }) =>
    foundEach(
      await invalid(db),
      ({ name, table, bytes, isUnique, isConstraint }) =>
        `${name} on ${table}, ${inMegabytes(bytes)}${isUnique ? ', unique' : ''}${isConstraint ? ', of a constraint' : ''}`,
      command,
    ),
  async repair({ db, connect, target }) {
    const planned = (await invalid(db)).filter(mayDrop);
    if (planned.length === 0) return null;
    return {
      summary: [
        `Drop ${plural(planned.length, 'invalid index', 'invalid indexes')}, without keeping anybody from the tables`,
        ...planned.map(command),
      ],
      async run({ log }) {
        const pooled = await isBehindPooler(target);
        return await connect('write', async (writer) => {
          // A pooler would hand the setting to the gateway's sessions.
          if (!pooled) await writer.run(statement(`SET lock_timeout = ${LOCK_WAIT_MS}`));
          const done: string[] = [];
          for (const index of planned) {
            const now = (await invalid(writer)).filter(mayDrop);
            if (!now.some(({ name }) => name === index.name)) {
              done.push(`${index.name}: left as it is, it is no longer invalid`);
              continue;
            }
            log(command(index));
            await writer.run(statement(command(index)));
            done.push(`${index.name}: dropped (${inMegabytes(index.bytes)})`);
          }
          return done;
        });
      },
    };
  },
};

const mayDrop = ({ isConstraint, isOwned }: InvalidIndex) => !isConstraint && isOwned;

const command = ({ schema, name, isConstraint }: InvalidIndex) =>
  `${isConstraint ? 'REINDEX INDEX' : 'DROP INDEX'} CONCURRENTLY ${q(schema)}.${q(name)};`;

/** Those that are being made right now are invalid as well; so they are left out. */
function invalid(db: Connection): Promise<InvalidIndex[]> {
  return db.query<InvalidIndex>(sql`
    SELECT n.nspname AS schema, i.relname AS name, t.relname AS table, pg_relation_size(i.oid)::float8 AS bytes,
           x.indisunique AS "isUnique",
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid) AS "isConstraint",
           pg_has_role(t.relowner, 'USAGE') AS "isOwned"
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i'
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = current_schema() AND NOT x.indisvalid
      AND NOT EXISTS (
        SELECT FROM pg_stat_progress_create_index p
        WHERE p.datname = current_database() AND (p.relid = t.oid OR p.relid IS NULL))
      AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.relation = i.oid AND l.pid <> pg_backend_pid())
    ORDER BY i.relname`);
}

/** Below this it does not matter how a table is read. */
const LARGE_BYTES = 8_000_000;

/** Large tables of which the planner knows nothing, as after a restore. */
export const statistics: DoctorCheck<PostgresqlContext> = {
  id: 'database.statistics',
  title: 'The planner knows the large tables',
  level: 'warning',
  hint: 'These tables were never analysed: PostgreSQL guesses how many rows they have, and may join them in a way that takes minutes in place of milliseconds.',
  async find(context) {
    const { schema } = await sessionFacts(context);
    return foundEach(
      await unknownTables(context),
      ({ name, rowBytes }) => `${name}, ${inMegabytes(rowBytes)}`,
      ({ name }) => analyse(schema, name),
    );
  },
  async repair(context) {
    const tables = (await unknownTables(context)).filter(({ isOwned }) => isOwned);
    if (tables.length === 0) return null;
    const { schema } = await sessionFacts(context);
    const statements = tables.map(({ name }) => analyse(schema, name));
    const what = `Analyse ${plural(tables.length, 'table')}; no row is changed, and nobody waits`;
    return {
      summary: [what, ...statements],
      async run({ log }) {
        for (const text of statements) log(text);
        await context.connect('write', async (db) => {
          for (const text of statements) await db.run(statement(text));
        });
        return tables.map(({ name }) => `${name}: analysed`);
      },
    };
  },
};

async function unknownTables(context: PostgresqlContext): Promise<readonly TableFacts[]> {
  const tables = await tableFacts(context);
  return tables.filter(({ rowBytes, analysed }) => rowBytes >= LARGE_BYTES && !analysed);
}

const analyse = (schema: string | null, table: string) => `ANALYZE ${q(schema ?? '')}.${q(table)};`;

import { join } from 'node:path';
import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { TIMING } from '../../timing.ts';
import { type BackupTool, type Dump, type Look, orWithoutBackup } from '../backup-tool.ts';
import { clientOutput, saveOutput, startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { countMegabytes } from '../megabytes.ts';
import { rowCounts } from '../row-counts.ts';
import { GATEWAY_LIST } from '../site-object.ts';
import { whileReachable } from '../watch-server.ts';
import { connectOnce } from '../with-database.ts';
import {
  clientEnvironment,
  type PostgresqlBackupContext,
  postgresqlBackupClients,
  postgresqlClient,
} from './clients.ts';
import { quotePostgresql } from './ddl.ts';
import { DUMPED as DUMPED_TABLES } from './dependents.ts';
import { dumpContents } from './dump-contents.ts';
import { isBehindPooler } from './pooler.ts';
import { postgresqlDependents, postgresqlRestoreStatements, restorePostgresql } from './restore.ts';

/** Backups through pg_dump, of the schema that the gateway's tables are in. */
export function postgresqlBackupTool(context: PostgresqlBackupContext): BackupTool {
  const tool: BackupTool = {
    extension: 'dump',
    database: context.target.database,
    defaultDirectory: join(context.cwd, 'mcpgw-backups'),
    replacesEverything: false,
    async preflight(server) {
      await postgresqlBackupClients(context, server.version);
      await refusePooler(context, 'pg_dump', orWithoutBackup(context));
    },
    async preflightRestore(server) {
      await postgresqlClient(context, 'pg_restore', server?.version ?? '', 'restore');
      await postgresqlClient(context, 'psql', server?.version ?? '', 'restore');
      await refusePooler(context, 'psql', '');
    },
    estimate,
    dump: (file, look) => whileReachable(context, (watched) => dump(watched, file, look)),
    async refusal({ notes }) {
      const schema = await connected(context, currentSchema);
      if (schema === notes.schema) return null;
      return `the backup is of the schema ${notes.schema ?? 'unknown'}, and search_path in DATABASE_URL leads to ${schema ?? 'none that exists'}`;
    },
    dependents: (request) => postgresqlDependents(context, request),
    foretell: async () => [],
    rehearse: async () => null,
    restoreStatements: (request) => postgresqlRestoreStatements(context, request),
    restore: (request) => restorePostgresql(context, request, tool.dump),
  };
  return tool;
}

async function refusePooler(
  { target }: PostgresqlBackupContext,
  program: string,
  otherwise: string,
): Promise<void> {
  if (!(await isBehindPooler(target))) return;
  throw new GatewayError(
    'PREFLIGHT',
    `DATABASE_URL leads through a connection pooler, and ${program} needs the server itself.`,
    {
      hint: `Point DATABASE_URL at PostgreSQL itself for this command${otherwise}. Nothing was changed.`,
    },
  );
}

function connected<T>(context: PostgresqlBackupContext, use: (db: Connection) => Promise<T>): Promise<T> {
  return connectOnce(context, 'read', use);
}

async function currentSchema(db: Connection): Promise<string | null> {
  const [row] = await db.query<{ schema: string | null }>(sql`SELECT current_schema() AS schema`);
  return row?.schema ?? null;
}

/** Data without indexes, which a dump does not hold; its compression makes it smaller still. */
async function estimate(db: Connection): Promise<number> {
  const [row] = await db.query<{ bytes: string | null }>(sql`
    SELECT sum(pg_table_size(oid)) AS bytes FROM pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'p')`);
  return Number(row?.bytes ?? 0);
}

/** One snapshot for the counts and for pg_dump, held by a transaction of our own for as long as it runs. */
function dump(context: PostgresqlBackupContext, file: string, look: Look): Promise<Dump> {
  return connected(context, async (db) => {
    const program = await postgresqlClient(context, 'pg_dump', db.dialect.server.version, 'backup');
    await db.dialect.beginRead(db, TIMING.backupTableMs);
    const schema = await currentSchema(db);
    if (schema === null) {
      throw new GatewayError('NO_DATABASE', 'No schema of the search path exists.', {
        hint: 'Check search_path in DATABASE_URL. Nothing was changed.',
      });
    }
    await look(db);
    const [snapshot] = await db.query<{ id: string }>(sql`SELECT pg_export_snapshot() AS id`);
    const rows = await rowCounts(db, await tablesOf(db));
    const others = await othersIn(db);
    const leftOut = others.join(', ');
    if (leftOut !== '') context.progress.log(`Not in the backup, since they are somebody else’s: ${leftOut}`);
    context.progress.start('Backing up (MB)');
    const client = startClient({
      program,
      args: [
        '--format=custom',
        `--schema=${quotePostgresql(schema)}`,
        `--snapshot=${snapshot?.id ?? ''}`,
        ...others.map((name) => `--exclude-table=${quotePostgresql(schema)}.${quotePostgresql(name)}`),
        `--lock-wait-timeout=${TIMING.backupTableMs}`,
        '--no-password',
      ],
      env: clientEnvironment(context, db.dialect.server.version),
      signal: context.signal,
      stdout: 'pipe',
    });
    await saveOutput(client, [countMegabytes(context.progress)], file);
    await db.dialect.endRead(db);
    context.progress.start('Checking the backup');
    await refuseIncomplete(context, db.dialect.server.version, file, { schema, tables: [...rows.keys()] });
    context.progress.done();
    return { rows, notes: { schema, ...(leftOut === '' ? {} : { leftOut }) }, warnings: [] };
  });
}

const OURS = sql.raw(GATEWAY_LIST);
const DUMPED = sql.raw(DUMPED_TABLES);

async function tablesOf(db: Connection): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    sql`SELECT c.relname AS name FROM pg_class c WHERE ${DUMPED} AND NOT c.relispartition ORDER BY c.relname`,
  );
  return rows.map((row) => row.name);
}

/** Tables and sequences in the schema that are somebody else's. */
async function othersIn(db: Connection): Promise<string[]> {
  const rows = await db.query<{ name: string }>(sql`
    SELECT c.relname AS name FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
      AND (c.relkind IN ('r', 'p') AND NOT (${DUMPED}) OR c.relkind = 'S' AND NOT pg_has_role(c.relowner, 'USAGE')
           AND NOT EXISTS (SELECT 1 FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
                           WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND t.relname IN (${OURS})))
    ORDER BY c.relname`);
  return rows.map((row) => row.name);
}

/** A custom-format dump that pg_restore reads to its end, with the data of every table. */
async function refuseIncomplete(
  context: PostgresqlBackupContext,
  serverVersion: string,
  file: string,
  { schema, tables }: { readonly schema: string; readonly tables: readonly string[] },
): Promise<void> {
  const program = await postgresqlClient(context, 'pg_restore', serverVersion, 'backup');
  const { env, signal } = context;
  const list = await clientOutput({ program, args: ['--list', file], env, signal });
  const contents = dumpContents(list, schema);
  const missing = tables.filter((name) => !contents.has('TABLE', name));
  if (missing.length === 0) return;
  throw new GatewayError('FAILED', `The backup is incomplete: it lacks ${missing.join(', ')}.`, {
    hint: 'Run the command again. The database was not changed.',
  });
}

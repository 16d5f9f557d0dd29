import { join } from 'node:path';
import { Transform } from 'node:stream';
import { createGzip } from 'node:zlib';
import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { PASSING_TABLES } from '../../schema/gateway-tables.ts';
import type { BackupTool, Dump, Look } from '../backup-tool.ts';
import { saveOutput, startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import type { Server } from '../dialect.ts';
import { countMegabytes } from '../megabytes.ts';
import { whileReachable } from '../watch-server.ts';
import { connectOnce } from '../with-database.ts';
import {
  clientEnvironment,
  type MysqlBackupContext,
  mysqlClient,
  mysqlClients,
  withLogin,
} from './clients.ts';
import { definerWarnings, foretellDefiners } from './definers.ts';
import { DumpRows, readDump } from './dump-rows.ts';
import { mysqlRestoreStatements, rehearseMysql, restoreMysql } from './restore.ts';

/** Text this plain packs well at once; better levels take several times as long as the dump itself. */
const GZIP_LEVEL = 1;

/** Backups through mysqldump or mariadb-dump, packed on the way. */
export function mysqlBackupTool(context: MysqlBackupContext): BackupTool {
  const tool: BackupTool = {
    extension: 'sql.gz',
    database: context.target.database,
    defaultDirectory: join(context.cwd, 'mcpgw-backups'),
    replacesEverything: false,
    async preflight(server) {
      await mysqlClients(context, server);
    },
    async preflightRestore(server) {
      if (server === null) return;
      await mysqlClient(context, server, 'shell', 'restore');
      // What it logs in with has a place among the temporary files: that is found out before anything is dropped.
      await withLogin(context, server, async () => {});
    },
    estimate,
    dump: (file, look) => whileReachable(context, (watched) => dump(watched, file, look)),
    async refusal(source, server) {
      const product = source.server.split(' ')[0];
      if (server === null || product === server.product) return null;
      return `the backup is of ${source.server}, and the server is ${server.product} ${server.version}: they do not read each other’s dumps`;
    },
    dependents: async () => [],
    foretell: foretellDefiners,
    rehearse: (request) => rehearseMysql(context, request),
    restoreStatements: async (request) => mysqlRestoreStatements(request),
    restore: (request) => restoreMysql(context, request, tool.dump),
  };
  return tool;
}

/** Data without indexes, which a dump does not hold. */
async function estimate(db: Connection): Promise<number> {
  const [row] = await db.query<{ bytes: string | number | null }>(sql`
    SELECT sum(DATA_LENGTH) AS bytes FROM information_schema.TABLES WHERE TABLE_SCHEMA = database()`);
  return Number(row?.bytes ?? 0);
}

/** Behind the lock of runs, or beside none: the state stays what it is before the dump begins. */
async function dump(context: MysqlBackupContext, file: string, look: Look): Promise<Dump> {
  const { server, tables, hasEvents } = await readServer(context, look);
  const clients = await mysqlClients(context, server);
  const { progress, signal, target } = context;
  progress.start('Backing up (MB of SQL)');
  const rows = await withLogin(context, server, async (login) => {
    const client = startClient({
      program: clients.dump,
      args: [
        login.option,
        '--single-transaction',
        '--routines',
        '--triggers',
        ...(hasEvents ? ['--events'] : []),
        '--hex-blob',
        '--no-tablespaces',
        '--add-locks',
        '--comments',
        '--default-character-set=utf8mb4',
        ...PASSING_TABLES.map((name) => `--ignore-table=${target.database}.${name}`),
        ...clients.dumpOptions,
        '--',
        target.database,
      ],
      env: clientEnvironment(context),
      signal,
      stdout: 'pipe',
      handed: login.handed,
    });
    const counter = new DumpRows();
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        counter.add(chunk);
        done(null, chunk);
      },
    });
    const packer = createGzip({ level: GZIP_LEVEL });
    await saveOutput(client, [counting, countMegabytes(progress), packer], file);
    refuseIncomplete(counter.complete, counter.rows, tables);
    return counter.rows;
  });
  // What was written is what was counted.
  const again = await readDump(context, file);
  const isSame = [...rows].every(([name, n]) => again.rows.get(name) === n);
  refuseIncomplete(again.complete && isSame, again.rows, [...rows.keys()]);
  progress.done();
  const warnings = await connectOnce(context, 'read', (db) => definerWarnings(db, again.defined));
  return { rows, notes: {}, warnings };
}

interface DumpedServer {
  readonly server: Server;
  readonly tables: readonly string[];
  /** The gateway has none; asking for them takes a privilege of its own, without which none can be seen. */
  readonly hasEvents: boolean;
}

/** Which of the two servers it is, and what is there before the dump begins. */
function readServer(context: MysqlBackupContext, look: Look): Promise<DumpedServer> {
  return connectOnce(context, 'read', async (db) => {
    await look(db);
    const rows = await db.query<{ name: string }>(sql`
      SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = database() AND TABLE_TYPE = 'BASE TABLE'
        AND TABLE_NAME NOT IN (${sql.join(PASSING_TABLES)})`);
    const [events] = await db.query<{ n: unknown }>(sql`
      SELECT count(*) AS n FROM information_schema.EVENTS WHERE EVENT_SCHEMA = database()`);
    return {
      server: db.dialect.server,
      tables: rows.map((row) => row.name),
      hasEvents: Number(events?.n ?? 0) > 0,
    };
  });
}

function refuseIncomplete(
  complete: boolean,
  rows: ReadonlyMap<string, number>,
  tables: readonly string[],
): void {
  const missing = tables.filter((name) => !rows.has(name));
  if (complete && missing.length === 0) return;
  const what = missing.length === 0 ? 'it was cut short' : `it lacks ${missing.join(', ')}`;
  throw new GatewayError('FAILED', `The backup is incomplete: ${what}.`, {
    hint: 'Run the command again. The database was not changed.',
  });
}

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { BackupTool, Dump } from '../backup-tool.ts';
import { saveOutput, startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { countMegabytes } from '../count-megabytes.ts';
import type { Server } from '../dialect.ts';
import { megabytes } from '../megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import { whileReachable } from '../while-reachable.ts';
import { withDatabase } from '../with-database.ts';
import {
  clientEnvironment,
  type MysqlBackupContext,
  mysqlClient,
  mysqlClients,
  withLogin,
} from './clients.ts';
import { DumpRows } from './dump-rows.ts';
import { mysqlRestoreStatements, restoreMysql } from './restore.ts';

/** Text this plain packs well at once; better levels take several times as long as the dump itself. */
const GZIP_LEVEL = 1;

/** Backups through mysqldump or mariadb-dump, packed on the way. */
export function mysqlBackupTool(context: MysqlBackupContext): BackupTool {
  return {
    extension: 'sql.gz',
    database: context.target.database,
    defaultDirectory: join(context.cwd, 'mcpgw-backups'),
    replacesEverything: false,
    async preflight(server) {
      await mysqlClients(context, server);
    },
    async preflightRestore(server) {
      if (server !== null) await mysqlClient(context, server, 'shell', 'restore');
    },
    estimate,
    dump: (file) => whileReachable(context, (watched) => dump(watched, file)),
    async refusal(source, server) {
      const product = source.server.split(' ')[0];
      if (server === null || product === server.product) return null;
      return `the backup is of ${source.server}, and the server is ${server.product} ${server.version}: they do not read each other’s dumps`;
    },
    restoreStatements: async (request) => mysqlRestoreStatements(request),
    restore: (request) => restoreMysql(context, request),
  };
}

/** Data without indexes, which a dump does not hold. */
async function estimate(db: Connection): Promise<number> {
  const [row] = await db.query<{ bytes: string | number | null }>(sql`
    SELECT sum(DATA_LENGTH) AS bytes FROM information_schema.TABLES WHERE TABLE_SCHEMA = database()`);
  return Number(row?.bytes ?? 0);
}

async function dump(context: MysqlBackupContext, file: string): Promise<Dump> {
  const { server, tables, hasEvents } = await readServer(context);
  const clients = await mysqlClients(context, server);
  const { progress, signal, target } = context;
  progress.start('Backing up (MB of SQL)');
  const rows = await withLogin(context, server, async (login) => {
    const client = startClient({
      program: clients.dump,
      args: [
        login,
        '--single-transaction',
        '--routines',
        '--triggers',
        ...(hasEvents ? ['--events'] : []),
        '--hex-blob',
        '--no-tablespaces',
        '--add-locks',
        '--comments',
        '--default-character-set=utf8mb4',
        ...clients.dumpOptions,
        '--',
        target.database,
      ],
      env: clientEnvironment(context),
      signal,
      stdout: 'pipe',
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
  await readAgain(context, file, rows);
  progress.done();
  return { rows, notes: {} };
}

interface DumpedServer {
  readonly server: Server;
  readonly tables: readonly string[];
  /** The gateway has none; asking for them takes a privilege of its own, without which none can be seen. */
  readonly hasEvents: boolean;
}

/** Which of the two servers it is, and what is there before the dump begins. */
function readServer({ target }: MysqlBackupContext): Promise<DumpedServer> {
  return withDatabase(target, { access: 'read', retries: 0, retryIntervalMs: 0 }, async (db) => {
    const rows = await db.query<{ name: string }>(sql`
      SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = database() AND TABLE_TYPE = 'BASE TABLE'`);
    const [events] = await db.query<{ n: unknown }>(sql`
      SELECT count(*) AS n FROM information_schema.EVENTS WHERE EVENT_SCHEMA = database()`);
    return {
      server: db.dialect.server,
      tables: rows.map((row) => row.name),
      hasEvents: Number(events?.n ?? 0) > 0,
    };
  });
}

/** Unpacks the file and counts again: what was written is what was counted. */
async function readAgain(
  { progress, signal }: MysqlBackupContext,
  file: string,
  rows: ReadonlyMap<string, number>,
): Promise<void> {
  progress.start('Checking the backup (MB of SQL)');
  const counter = new DumpRows();
  const tell = megabytes(progress);
  await pipeline(createReadStream(file), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      refuseWhenStopped(signal);
      counter.add(chunk);
      tell(chunk.length);
    }
  });
  refuseIncomplete(
    counter.complete && [...rows].every(([name, n]) => counter.rows.get(name) === n),
    counter.rows,
    [...rows.keys()],
  );
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

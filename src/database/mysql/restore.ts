import { createReadStream } from 'node:fs';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { errorText, GatewayError } from '../../errors.ts';
import type { RestoreRequest } from '../backup-tool.ts';
import { startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { megabytes } from '../megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import { rowCounts } from '../row-counts.ts';
import { withDatabase } from '../with-database.ts';
import { mysqlBackupTool } from './backup.ts';
import { clientEnvironment, type MysqlBackupContext, mysqlClients, withLogin } from './clients.ts';
import { quoteMysql } from './ddl.ts';

/** Drops what is there and loads the dump. MySQL cannot take either back: what fails after the first is PARTIAL. */
export function restoreMysql(context: MysqlBackupContext, request: RestoreRequest): Promise<void> {
  const { target, progress, signal } = context;
  return withDatabase(target, { access: 'write', retries: 0, retryIntervalMs: 0 }, async (db) => {
    const clients = await mysqlClients(context, db.dialect.server);
    await db.dialect.beginRun(db, {
      timeoutMs: request.lockTimeoutMs,
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
    });
    try {
      await request.beforeReplacing(mysqlBackupTool(context).dump);
      refuseWhenStopped(signal);
      progress.start('Restoring (MB of SQL)');
      await withLogin(context, db.dialect.server, (login) =>
        load(context, clients.shell, login, request)
          .then(() => refuseOtherRows(db, request.rows))
          .catch((error: unknown) => {
            throw partial(error);
          }),
      );
      progress.done();
    } finally {
      await db.dialect.endRun(db, false).catch(() => {});
    }
  });
}

async function load(
  context: MysqlBackupContext,
  program: string,
  login: string,
  { file, replaced, lockTimeoutMs }: RestoreRequest,
): Promise<void> {
  const client = startClient({
    program,
    // In binary mode the client takes no commands from the dump, only SQL.
    args: [login, '--batch', '--binary-mode', `--database=${context.target.database}`],
    env: clientEnvironment(context),
    signal: context.signal,
    stdin: 'pipe',
    uninterruptible: true,
  });
  const input = client.child.stdin as Writable;
  input.on('error', () => {});
  const tables = replaced.map((name) => quoteMysql(name)).join(', ');
  input.write(
    `SET SESSION lock_wait_timeout = ${Math.max(1, Math.ceil(lockTimeoutMs / 1000))};\n` +
      `SET SESSION foreign_key_checks = 0;\n${tables === '' ? '' : `DROP TABLE IF EXISTS ${tables};\n`}`,
  );
  const tell = megabytes(context.progress);
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      tell(chunk.length);
      done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(file), createGunzip(), counting, input);
  } catch (error) {
    // A client that ended at an error closed its input; what it says about it counts more.
    await Promise.race([client.ended, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    client.child.kill('SIGKILL');
    throw error;
  }
  await client.ended;
}

async function refuseOtherRows(db: Connection, expected: ReadonlyMap<string, number>): Promise<void> {
  const found = await rowCounts(db, [...expected.keys()]);
  const wrong = [...expected].filter(([table, rows]) => found.get(table) !== rows);
  if (wrong.length === 0) return;
  throw new GatewayError('PARTIAL', 'the database has other rows than the backup.', {
    details: wrong.map(([table, rows]) => `${table}: ${found.get(table) ?? 'none'}, not ${rows}`),
  });
}

function partial(error: unknown): GatewayError {
  const known = error instanceof GatewayError ? error : null;
  return new GatewayError('PARTIAL', `The restore stopped part-way: ${errorText(error)}`, {
    details: known?.details ?? [],
    cause: error,
  });
}

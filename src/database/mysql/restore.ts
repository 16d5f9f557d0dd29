import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { errorText, GatewayError } from '../../errors.ts';
import type { RestoreRequest, RestoreScriptRequest } from '../backup-tool.ts';
import { startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { countMegabytes } from '../count-megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import { rowCounts } from '../row-counts.ts';
import { whileReachable } from '../while-reachable.ts';
import { withDatabase } from '../with-database.ts';
import { mysqlBackupTool } from './backup.ts';
import { clientEnvironment, type MysqlBackupContext, mysqlClient, withLogin } from './clients.ts';
import { quoteMysql } from './ddl.ts';

/** Drops what is there and loads the dump. MySQL cannot take either back: what fails after the first is PARTIAL. */
export function restoreMysql(context: MysqlBackupContext, request: RestoreRequest): Promise<void> {
  const { target, progress, signal } = context;
  return withDatabase(target, { access: 'write', retries: 0, retryIntervalMs: 0 }, async (db) => {
    const shell = await mysqlClient(context, db.dialect.server, 'shell', 'restore');
    await db.dialect.beginRun(db, {
      timeoutMs: request.lockTimeoutMs,
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
    });
    let isGone = false;
    try {
      await request.beforeReplacing(mysqlBackupTool(context).dump);
      refuseWhenStopped(signal);
      progress.start('Restoring (MB of SQL)');
      // From here on there is no safe point before the end: only a server that is gone stops it.
      await whileReachable(context, (_, gone) =>
        withLogin(context, db.dialect.server, (login) =>
          load({ ...context, signal: gone }, shell, login, request),
        ).then(() => refuseOtherRows(db, request.rows)),
      ).catch((error: unknown) => {
        isGone = error instanceof GatewayError && error.code === 'UNREACHABLE';
        throw partial(error);
      });
      progress.done();
    } finally {
      // A server that is gone gives the lock back when it notices; asking it would only take time.
      if (!isGone) await db.dialect.endRun(db, false).catch(() => {});
    }
  });
}

/** The statements of a restore, in order. */
export function mysqlRestoreStatements(request: RestoreScriptRequest): readonly string[] {
  return [...beforeDump(request), `/* the SQL of ${request.file} */`];
}

/** Tables that the dump does not know would stay in the way of its own. */
function beforeDump({ replaced, lockTimeoutMs }: RestoreScriptRequest): string[] {
  const tables = replaced.map((name) => quoteMysql(name)).join(', ');
  return [
    `SET SESSION lock_wait_timeout = ${Math.max(1, Math.ceil(lockTimeoutMs / 1000))}`,
    'SET SESSION foreign_key_checks = 0',
    ...(tables === '' ? [] : [`DROP TABLE IF EXISTS ${tables}`]),
  ];
}

async function load(
  context: MysqlBackupContext,
  program: string,
  login: string,
  request: RestoreRequest,
): Promise<void> {
  const client = startClient({
    program,
    // In binary mode the client takes no commands from the dump, only SQL.
    args: [login, '--batch', '--binary-mode', `--database=${context.target.database}`],
    env: clientEnvironment(context),
    signal: context.signal,
    stdin: 'pipe',
  });
  const input = client.child.stdin as Writable;
  input.on('error', () => {});
  for (const statement of beforeDump(request)) input.write(`${statement};\n`);
  try {
    await pipeline(createReadStream(request.file), createGunzip(), countMegabytes(context.progress), input);
  } catch (error) {
    // A client that ended at an error closed its input; what it says about it counts more.
    await Promise.race([client.ended, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    client.kill('SIGKILL');
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

import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { errorText, GatewayError, type GatewayErrorOptions } from '../../errors.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import type { BackupTool, RestoreRequest, RestoreScriptRequest } from '../backup-tool.ts';
import { startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { countMegabytes } from '../megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import { rowCounts } from '../row-counts.ts';
import { statement } from '../statement.ts';
import { whileReachable } from '../watch-server.ts';
import { connectOnce } from '../with-database.ts';
import { clientEnvironment, type Login, type MysqlBackupContext, mysqlClient, withLogin } from './clients.ts';
import { quoteMysql } from './ddl.ts';
import { definerWarnings, tryDefiners } from './definers.ts';
import { type ReadDump, readDump } from './dump-rows.ts';
import {
  CREATE_MARKER,
  DROP_MARKER,
  markRestore,
  unfinishedRestore,
  unmarkRestore,
} from './restore-marker.ts';

/**
 * Drops what is there and loads the dump, which was read before. MySQL cannot take either back: what fails in
 * between is PARTIAL, and a marker says so to every later command until a restore has come to its end.
 */
export async function restoreMysql(
  context: MysqlBackupContext,
  request: RestoreRequest,
  dump: BackupTool['dump'],
): Promise<void> {
  const { progress, signal } = context;
  const { defined } = await wholeDump(context, request);
  await connectOnce(context, 'write', async (db) => {
    const shell = await mysqlClient(context, db.dialect.server, 'shell', 'restore');
    await db.dialect.beginRun(db, {
      timeoutMs: request.lockTimeoutMs,
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
      signal,
    });
    let isGone = false;
    try {
      await db.run(statement(CREATE_MARKER));
      const earlier = await unfinishedRestore(db);
      try {
        await tryDefiners(db, defined);
        const safety = earlier === null ? await request.beforeReplacing(dump) : earlier.safety;
        refuseWhenStopped(signal);
        progress.start('Restoring (MB of SQL)');
        await markRestore(db, { backup: request.manifest, safety });
        await drop(db, request);
      } catch (error) {
        const isPartial = error instanceof GatewayError && error.code === 'PARTIAL';
        if (earlier === null && !isPartial) await unmarkRestore(db).catch(() => {});
        throw error;
      }
      // From here on there is no safe point before the end: only a server that is gone stops it.
      await whileReachable(context, (_, gone) =>
        withLogin(context, db.dialect.server, (login) =>
          load({ ...context, signal: gone }, shell, login, request),
        ).then(() => end(context, db, request.rows)),
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

/** See `BackupTool.rehearse`. Whether the definers go is told from what is granted, since trying them writes. */
export async function rehearseMysql(
  context: MysqlBackupContext,
  request: RestoreScriptRequest,
): Promise<GatewayError | null> {
  try {
    const { defined } = await wholeDump(context, request);
    const [message] = await connectOnce(context, 'read', (db) => definerWarnings(db, defined));
    return message === undefined ? null : new GatewayError('PERMISSION', message);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/**
 * Reads the dump as the load will.
 *
 * @throws GatewayError CORRUPT when it is not the whole of what its manifest says
 */
async function wholeDump(
  context: MysqlBackupContext,
  { file, rows }: RestoreScriptRequest,
): Promise<ReadDump> {
  const corrupt = (what: string, options: GatewayErrorOptions) =>
    new GatewayError('CORRUPT', `The backup ${file} ${what}.`, {
      hint: advise`Use another backup: ${mcpgw('backup', '--list')}. Nothing was changed.`,
      ...options,
    });
  const dump = await readDump(context, file).catch((error: unknown) => {
    const isPacking = String((error as NodeJS.ErrnoException).code).startsWith('Z_');
    throw isPacking ? corrupt(`cannot be unpacked: ${errorText(error)}`, { cause: error }) : error;
  });
  context.progress.done();
  if (!dump.complete) throw corrupt('is cut short', {});
  const details = differences(rows, dump.rows);
  if (rows.size === 0 || details.length > 0)
    throw corrupt('has other rows than its manifest says', { details });
  return dump;
}

function differences(expected: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((table) => found.get(table) !== expected.get(table))
    .map((table) => `${table}: ${found.get(table) ?? 'none'}, not ${expected.get(table) ?? 'none'}`);
}

/** The statements of a restore, in order. */
export function mysqlRestoreStatements(request: RestoreScriptRequest): readonly string[] {
  return [CREATE_MARKER, ...beforeDump(request), `/* the SQL of ${request.file} */`, DROP_MARKER];
}

/** Tables that the dump does not know would stay in the way of its own. */
function beforeDump({ replaced, lockTimeoutMs }: RestoreScriptRequest): string[] {
  const tables = replaced.map((name) => quoteMysql(name)).join(', ');
  return [
    lockWait(lockTimeoutMs),
    'SET SESSION foreign_key_checks = 0',
    ...(tables === '' ? [] : [`DROP TABLE IF EXISTS ${tables}`]),
  ];
}

const lockWait = (ms: number) => `SET SESSION lock_wait_timeout = ${Math.max(1, Math.ceil(ms / 1000))}`;

/** @throws GatewayError PARTIAL when a table is gone, else what kept the server from dropping any */
async function drop(db: Connection, request: RestoreScriptRequest): Promise<void> {
  try {
    for (const sql of beforeDump(request)) await db.run(statement(sql));
  } catch (error) {
    const left = await db.dialect.readSchema(db).catch(() => null);
    throw request.replaced.every((table) => left?.has(table)) ? error : partial(error);
  }
}

/** Compares the rows and takes the marker away, also when the connection of the run did not outlast the load. */
function end(context: MysqlBackupContext, db: Connection, rows: ReadonlyMap<string, number>): Promise<void> {
  const compare = async (through: Connection) => {
    await refuseOtherRows(through, rows);
    await unmarkRestore(through);
  };
  return compare(db).catch((error: unknown) => {
    if (db.dialect.translateError(error)?.code !== 'UNREACHABLE') throw error;
    return connectOnce(context, 'write', compare);
  });
}

async function load(
  context: MysqlBackupContext,
  program: string,
  login: Login,
  request: RestoreRequest,
): Promise<void> {
  const client = startClient({
    program,
    // In binary mode the client takes no commands from the dump, only SQL.
    args: [login.option, '--batch', '--binary-mode', `--database=${context.target.database}`],
    env: clientEnvironment(context),
    signal: context.signal,
    stdin: 'pipe',
    handed: login.handed,
  });
  const input = client.child.stdin as Writable;
  input.on('error', () => {});
  input.write(`${lockWait(request.lockTimeoutMs)};\n`);
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
  const details = differences(expected, await rowCounts(db, [...expected.keys()]));
  if (details.length === 0) return;
  throw new GatewayError('PARTIAL', 'the database has other rows than the backup.', { details });
}

function partial(error: unknown): GatewayError {
  const known = error instanceof GatewayError ? error : null;
  return new GatewayError('PARTIAL', `The restore stopped part-way: ${errorText(error)}`, {
    details: known?.details ?? [],
    cause: error,
  });
}

import { randomBytes } from 'node:crypto';
import { on } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { temporaryFolder } from '../../files/temporary-folder.ts';
import { advise, mcpgw, sentences } from '../../report/advice.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { BackupTool, RestoreRequest, RestoreScriptRequest } from '../backup-tool.ts';
import { type Client, clientOutput, startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { megabytes } from '../megabytes.ts';
import { notSaved, unread } from '../not-saved.ts';
import { whileReachable } from '../watch-server.ts';
import { connectOnce } from '../with-database.ts';
import { clientEnvironment, type PostgresqlBackupContext, postgresqlClient } from './clients.ts';
import { type DumpContents, dumpContents, inList, refuseOtherTables } from './dump-contents.ts';
import { ANSWER, type RestoreScript, restoreScript } from './restore-script.ts';
import { transactionOutcome } from './transaction-outcome.ts';

/** pg_restore 17 and later set this, and servers before 17 do not know it. */
const UNKNOWN_BEFORE_17 = 'SET transaction_timeout = 0;\n';
/** Options of pg_restore: what a view or type was made from may have stayed. */
const CLEAN = ['--clean', '--if-exists'];
/** How long a program that closed its input may take to say why. */
const LAST_WORDS_MS = 5_000;

/** The statements of a restore, in order. */
export async function postgresqlRestoreStatements(
  context: PostgresqlBackupContext,
  request: RestoreScriptRequest,
): Promise<readonly string[]> {
  return connectOnce(context, 'read', async (db) => {
    const { contents } = await readDump(context, db, request);
    const { lock, drop, after, compare, commit } = await restoreScript(db, request, contents);
    const dump = `/* the SQL of ${request.file}, as pg_restore ${CLEAN.join(' ')} writes it */`;
    return [...lock, ...drop, dump, ...after, ...compare, commit];
  });
}

/** What is not in the dump and depends on what goes. */
export function postgresqlDependents(
  context: PostgresqlBackupContext,
  request: RestoreScriptRequest,
): Promise<RestoreScript['outside']> {
  return connectOnce(context, 'read', async (db) => {
    const { contents } = await readDump(context, db, request);
    return (await restoreScript(db, request, contents)).outside;
  });
}

/**
 * Replaces the tables by those of a dump in one transaction of psql, which compares the rows before it commits.
 * `pg_restore --clean` alone would stumble over tables that the dump does not know.
 */
export function restorePostgresql(
  context: PostgresqlBackupContext,
  request: RestoreRequest,
  dump: BackupTool['dump'],
): Promise<void> {
  const { target, progress } = context;
  return connectOnce(context, 'write', async (db) => {
    const { version } = db.dialect.server;
    const psql = await postgresqlClient(context, 'psql', version, 'restore');
    const { pgRestore, contents } = await readDump(context, db, request);
    const script = await restoreScript(db, request, contents);
    for (const loss of script.losses) request.warn(loss);
    const owners = await knownOwners(db, contents);
    if (!owners) request.warn(NO_OWNERS);
    // Another mcpgw waits as long as this transaction is open.
    await db.dialect.beginRun(db, {
      timeoutMs: request.lockTimeoutMs,
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
    });
    const reached: Reached = { transaction: '', commit: false };
    const failure = await whileReachable(context, (watched) =>
      replace(watched, { request, dump, version, psql, pgRestore, contents, script, owners, reached }),
    ).then(
      () => null,
      (error: unknown) => error,
    );
    try {
      await settle(target, reached, failure, request.warn);
    } finally {
      // A server that is gone gives the lock back when it notices; asking it would only take time.
      const isGone = failure instanceof GatewayError && failure.code === 'UNREACHABLE';
      if (!isGone) await db.dialect.endRun(db, false).catch(() => {});
    }
    progress.done();
  });
}

const NO_OWNERS =
  'Not every owner in the backup is a role here that this user may give tables to: everything becomes this user’s, and the grants were left out.';

/** What is in the dump, and the program that reads it. @throws GatewayError CORRUPT when it is not what it should be */
async function readDump(
  context: PostgresqlBackupContext,
  db: Connection,
  { file, notes, rows }: RestoreScriptRequest,
): Promise<{ pgRestore: string; contents: DumpContents }> {
  const { env, signal } = context;
  const program = await postgresqlClient(context, 'pg_restore', db.dialect.server.version, 'restore');
  const list = await clientOutput({ program, args: ['--list', file], env, signal }).catch(
    (error: unknown) => {
      if (!(error instanceof GatewayError) || error.code !== 'FAILED') throw error;
      throw new GatewayError('CORRUPT', `The backup ${file} is damaged: ${error.message}`, {
        hint: advise`Use another backup: ${mcpgw('backup', '--list')}. Nothing was changed.`,
        details: error.details,
        cause: error,
      });
    },
  );
  const contents = dumpContents(list, notes.schema ?? '');
  refuseOtherTables(file, contents, rows);
  return { pgRestore: program, contents };
}

/** How far psql has come, for whoever has to find out what became of it. */
interface Reached {
  transaction: string;
  commit: boolean;
}

/**
 * What a restore came to: what another connection is told of its transaction.
 *
 * @param failure what kept psql from its end, or null
 */
async function settle(
  target: PostgresqlTarget,
  { transaction, commit }: Reached,
  failure: unknown,
  warn: RestoreRequest['warn'],
): Promise<void> {
  const outcome = commit ? await transactionOutcome(target, transaction) : 'aborted';
  if (outcome === 'committed') return;
  if (failure !== null) throw outcome === 'aborted' ? unchanged(failure) : unknownEnd(failure);
  if (outcome !== 'unknown') throw notSaved('The restore');
  warn(unread('.'));
}

interface Replace {
  readonly request: RestoreRequest;
  readonly dump: BackupTool['dump'];
  readonly version: string;
  readonly psql: string;
  readonly pgRestore: string;
  readonly contents: DumpContents;
  readonly script: RestoreScript;
  readonly owners: boolean;
  readonly reached: Reached;
}

async function replace(
  context: PostgresqlBackupContext,
  { request, dump, version, psql, pgRestore, contents, script, owners, reached }: Replace,
): Promise<void> {
  const { progress, signal } = context;
  const folder = temporaryFolder();
  let client: Client | null = null;
  try {
    const list = join(folder, 'contents');
    writeFileSync(list, withoutSchema(contents), { mode: 0o600 });
    client = startClient({
      program: psql,
      args: [
        '--no-psqlrc',
        '--quiet',
        '--no-password',
        '--tuples-only',
        '--no-align',
        '--set=ON_ERROR_STOP=1',
      ],
      env: clientEnvironment(context, version),
      signal,
      stdin: 'pipe',
      stdout: 'pipe',
    });
    const input = client.child.stdin as Writable;
    // A client that ends at an error closes its input; what it says about it counts.
    input.on('error', () => {});
    // From psql's own list of commands, which are refused in what follows: a name may look like one.
    const word = randomBytes(16).toString('hex');
    const next = answersOf(client);
    input.write(`\\restrict ${word}\n${sqlOf(script.lock)}`);
    const ended = client.ended.then(() => {
      throw new GatewayError('FAILED', 'psql ended before the restore was done.');
    });
    reached.transaction = await Promise.race([next(), ended]);
    await request.beforeReplacing(dump);
    progress.start('Restoring (MB of SQL)');
    input.write(sqlOf(script.drop));
    // A pg_restore that knows the command begins with one of its own.
    const help = await clientOutput({ program: pgRestore, args: ['--help'], env: context.env, signal });
    const isGuarded = help.includes('--restrict-key');
    if (isGuarded) input.write(`\\unrestrict ${word}\n`);
    const args = [...CLEAN, `--use-list=${list}`, '--file=-', request.file];
    if (!owners) args.unshift('--no-owner', '--no-privileges');
    const keepTimeouts = Number.parseInt(version, 10) >= 17;
    await Promise.race([
      feed({ program: pgRestore, args, context, psql: client, input, keepTimeouts }),
      ended,
    ]);
    if (isGuarded) input.write(`\\restrict ${word}\n`);
    input.write(sqlOf([...script.after, ...script.compare]));
    for (const [table, rows] of request.rows) {
      const now = await Promise.race([next(), ended]);
      if (Number(now) === rows) continue;
      const message = `The table ${table} has other rows than the backup: ${now}, not ${rows}.`;
      throw new GatewayError('FAILED', message);
    }
    reached.commit = true;
    input.end(sqlOf([script.commit]));
    await client.ended;
  } catch (error) {
    // Without the COMMIT at the end of its input, everything is taken back.
    client?.kill('SIGKILL');
    await client?.ended.catch(() => {});
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sqlOf = (statements: readonly string[]) => statements.map((text) => `${text};\n`).join('');

/** Whether every owner in the dump is a role here that we may give tables to; otherwise all becomes ours. */
async function knownOwners(db: Connection, { lines }: DumpContents): Promise<boolean> {
  const roles = await db.query<{ name: string }>(
    sql`SELECT rolname AS name FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')`,
  );
  const ends = roles.map(({ name }) => ` ${inList(name)}`);
  return lines
    .filter((line) => /^\d+; /.test(line) && !line.endsWith(' '))
    .every((line) => ends.some((end) => line.endsWith(end)));
}

/** The schema itself stays: it is not ours to drop, and may hold what is not in the dump. */
function withoutSchema({ lines }: DumpContents): string {
  return lines.filter((line) => !/^\d+; \d+ \d+ (SCHEMA|(ACL|COMMENT) - SCHEMA) /.test(line)).join('\n');
}

/** Reads psql's answers one by one; what the dump's own SQL prints is passed over. */
function answersOf({ child }: Client): () => Promise<string> {
  if (child.stdout === null) throw new Error('psql has no output');
  const lines = on(createInterface({ input: child.stdout }), 'line');
  return async () => {
    for (;;) {
      const { value } = await lines.next();
      const [line] = value as [string];
      if (line.startsWith(ANSWER)) return line.slice(ANSWER.length);
    }
  };
}

interface Feed {
  readonly program: string;
  readonly args: readonly string[];
  readonly context: PostgresqlBackupContext;
  readonly psql: Client;
  readonly input: Writable;
  readonly keepTimeouts: boolean;
}

/** Sends the SQL of the dump to psql; rejects when pg_restore did not come to its end. */
async function feed({ program, args, context, psql, input, keepTimeouts }: Feed): Promise<void> {
  const { env, signal, progress } = context;
  const client = startClient({ program, args, env, signal, stdout: 'pipe' });
  const { stdout } = client.child;
  if (stdout === null) throw new Error('pg_restore has no output');
  const tell = megabytes(progress);
  let head: Buffer | null = Buffer.alloc(0);
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      tell(chunk.length);
      head = head === null ? null : Buffer.concat([head, chunk]);
      if (head === null) done(null, chunk);
      else if (head.length < 4_096) done();
      else {
        const first = prepared(head, keepTimeouts);
        head = null;
        done(null, first);
      }
    },
    flush(done) {
      done(null, head === null ? undefined : prepared(head, keepTimeouts));
    },
  });
  try {
    await pipeline(stdout, through, input, { end: false });
  } catch (error) {
    client.kill('SIGTERM');
    // psql that ended at an error closed its input; what it says about it counts more.
    await Promise.race([psql.ended, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
    throw error;
  }
  await client.ended;
}

function prepared(head: Buffer, keepTimeouts: boolean): Buffer {
  return keepTimeouts ? head : Buffer.from(head.toString('latin1').replace(UNKNOWN_BEFORE_17, ''), 'latin1');
}

function unchanged(error: unknown): unknown {
  if (!(error instanceof GatewayError)) return error;
  const says = 'Everything was taken back: the database is as it was.';
  if (error.hint !== '' && error.code !== 'UNREACHABLE') return error;
  return new GatewayError(error.code, error.message, {
    hint: sentences(error.hint, says),
    details: error.details,
    cause: error,
  });
}

function unknownEnd(cause: unknown): GatewayError {
  const message =
    'The connection was lost while the restore was committed: it is either done or was taken back as a whole.';
  return new GatewayError('PARTIAL', message, { cause });
}

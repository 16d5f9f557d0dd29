import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { RestoreRequest, RestoreScriptRequest } from '../backup-tool.ts';
import { type Client, clientOutput, startClient } from '../client-program.ts';
import type { Connection } from '../connection.ts';
import { megabytes } from '../megabytes.ts';
import { whileReachable } from '../while-reachable.ts';
import { withDatabase } from '../with-database.ts';
import { postgresqlBackupTool } from './backup.ts';
import { clientEnvironment, type PostgresqlBackupContext, postgresqlClient } from './clients.ts';
import { READY, type RestoreScript, restoreScript } from './restore-script.ts';
import { transactionOutcome } from './transaction-outcome.ts';

/** pg_restore 17 and later set this, and servers before 17 do not know it. */
const UNKNOWN_BEFORE_17 = 'SET transaction_timeout = 0;\n';
/** Options of pg_restore: what a view or type was made from may have stayed. */
const CLEAN = ['--clean', '--if-exists'];
/** How long a program that closed its input may take to say why. */
const LAST_WORDS_MS = 5_000;
/** What psql says when all that is left is COMMIT. */
const COMMITTING = 'mcpgw-committing';

/** The statements of a restore, in order. */
export async function postgresqlRestoreStatements(
  context: PostgresqlBackupContext,
  request: RestoreScriptRequest,
): Promise<readonly string[]> {
  const options = { access: 'read', retries: 0, retryIntervalMs: 0 } as const;
  return withDatabase(context.target, options, async (db) => {
    const program = await postgresqlClient(context, 'pg_restore', db.dialect.server.version, 'restore');
    const { env, signal } = context;
    const contents = await clientOutput({ program, args: ['--list', request.file], env, signal });
    const { lock, drop, compare, commit } = await restoreScript(db, request, contents);
    const dump = `/* the SQL of ${request.file}, as pg_restore ${CLEAN.join(' ')} writes it */`;
    return [...lock, ...drop, dump, ...compare, commit];
  });
}

/**
 * Replaces the tables by those of a dump in one transaction of psql, which compares the rows before it commits.
 * `pg_restore --clean` alone would stumble over tables that the dump does not know.
 */
export function restorePostgresql(context: PostgresqlBackupContext, request: RestoreRequest): Promise<void> {
  const { target, progress, signal, env } = context;
  const options = { access: 'write', retries: 0, retryIntervalMs: 0 } as const;
  return withDatabase(target, options, async (db) => {
    const { version } = db.dialect.server;
    const psql = await postgresqlClient(context, 'psql', version, 'restore');
    const pgRestore = await postgresqlClient(context, 'pg_restore', version, 'restore');
    const contents = await clientOutput({ program: pgRestore, args: ['--list', request.file], env, signal });
    const script = await restoreScript(db, request, contents);
    const owners = await knownOwners(db, contents);
    // Another mcpgw waits as long as this transaction is open.
    await db.dialect.beginRun(db, {
      timeoutMs: request.lockTimeoutMs,
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
    });
    const reached: Reached = { transaction: '', commit: false };
    let isGone = false;
    try {
      await whileReachable(context, (watched) =>
        replace(watched, { request, version, psql, pgRestore, contents, script, owners, reached }),
      );
    } catch (error) {
      isGone = error instanceof GatewayError && error.code === 'UNREACHABLE';
      const outcome = reached.commit ? await transactionOutcome(target, reached.transaction) : 'aborted';
      if (outcome === 'unknown') throw unknownEnd(error);
      if (outcome === 'aborted') throw unchanged(error);
    } finally {
      // A server that is gone gives the lock back when it notices; asking it would only take time.
      if (!isGone) await db.dialect.endRun(db, false).catch(() => {});
    }
    progress.done();
  });
}

/** How far psql has come, for whoever has to find out what became of it. */
interface Reached {
  transaction: string;
  commit: boolean;
}

interface Replace {
  readonly request: RestoreRequest;
  readonly version: string;
  readonly psql: string;
  readonly pgRestore: string;
  readonly contents: string;
  readonly script: RestoreScript;
  readonly owners: boolean;
  readonly reached: Reached;
}

async function replace(
  context: PostgresqlBackupContext,
  { request, version, psql, pgRestore, contents, script, owners, reached }: Replace,
): Promise<void> {
  const { progress, signal } = context;
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-'));
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
    input.write(sqlOf(script.lock));
    const ended = client.ended.then(() => {
      throw new GatewayError('FAILED', 'psql ended before the restore was done.');
    });
    await Promise.race([answer(client, reached), ended]);
    await request.beforeReplacing(postgresqlBackupTool(context).dump);
    progress.start('Restoring (MB of SQL)');
    input.write(sqlOf(script.drop));
    const args = [...CLEAN, `--use-list=${list}`, '--file=-', request.file];
    if (!owners) args.unshift('--no-owner', '--no-privileges');
    const keepTimeouts = Number.parseInt(version, 10) >= 17;
    await Promise.race([
      feed({ program: pgRestore, args, context, psql: client, input, keepTimeouts }),
      ended,
    ]);
    input.end(`${sqlOf(script.compare)}\\echo ${COMMITTING}\n${sqlOf([script.commit])}`);
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
async function knownOwners(db: Connection, contents: string): Promise<boolean> {
  const lines = contents.split('\n').filter((line) => /^\d+; /.test(line));
  const owners = [...new Set(lines.map((line) => line.split(' ').at(-1) ?? ''))].filter(
    (name) => name !== '',
  );
  if (owners.length === 0) return true;
  const [row] = await db.query<{ n: unknown }>(sql`
    SELECT count(*) AS n FROM pg_roles
    WHERE rolname IN (${sql.join(owners)}) AND pg_has_role(current_user, oid, 'MEMBER')`);
  return Number(row?.n ?? 0) === owners.length;
}

/** The schema itself stays: it is not ours to drop, and may hold what is not in the dump. */
function withoutSchema(contents: string): string {
  return contents
    .split('\n')
    .filter((line) => !/^\d+; \d+ \d+ (SCHEMA|(ACL|COMMENT) - SCHEMA) /.test(line))
    .join('\n');
}

/** Reads what psql says for as long as it runs; resolves when it has the locks. */
function answer({ child }: Client, reached: Reached): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-1_000);
      reached.commit ||= text.includes(COMMITTING);
      const transaction = new RegExp(`${READY} (\\d+)\\s`).exec(text)?.[1];
      if (transaction === undefined) return;
      reached.transaction = transaction;
      resolve();
    });
  });
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
    hint: `${error.hint} ${says}`.trim(),
    details: error.details,
    cause: error,
  });
}

function unknownEnd(cause: unknown): GatewayError {
  const message =
    'The connection was lost while the restore was committed: it is either done or was taken back as a whole.';
  return new GatewayError('PARTIAL', message, { cause });
}

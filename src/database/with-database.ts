import { CompiledQuery } from 'kysely';
import { GatewayError } from '../errors.ts';
import { mapParts, type Text } from '../report/advice.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { namingSource } from '../settings/naming-source.ts';
import { TIMING } from '../timing.ts';
import type { BackupToolContext } from './backup-tool.ts';
import { type Blocker, toEndIt } from './blocker.ts';
import { type Connection, connection } from './connection.ts';
import type { Access, OpenDatabase, OpenOptions } from './dialect.ts';
import { openDatabase } from './drivers.ts';
import { keepAwake } from './watch.ts';
import { watchServer } from './watch-server.ts';

export interface ConnectOptions {
  readonly access: Access;
  /** SQLite: make the file when it is missing. */
  readonly create?: boolean;
  /** How often to try again when the server does not answer, and how long to pause before each try. */
  readonly retries: number;
  readonly retryIntervalMs: number;
  /** Keep trying for this long instead, for a server that is still starting; 0 does not. */
  readonly waitMs?: number;
  readonly onRetry?: (error: GatewayError, inMs: number) => void;
  readonly onStatement?: OpenOptions['onStatement'];
  /** How long one statement may take; 0, the default, for as long as the server can be reached. */
  readonly statementTimeoutMs?: number;
}

/**
 * Opens the database, gives `use` one connection to it, and closes it whatever happens. Errors of the driver
 * come out as GatewayErrors.
 */
export async function withDatabase<T>(
  target: DatabaseTarget,
  options: ConnectOptions,
  use: (db: Connection) => Promise<T>,
): Promise<T> {
  const open = await openPatiently(target, options).catch((error: unknown) => {
    throw namingUrlSource(error, target.givenBy);
  });
  const { kysely, dialect, cut } = open;
  const watched = cut === null ? null : watchServer(target, cut, options.statementTimeoutMs);
  try {
    if (dialect.server.unsupported !== null) {
      const { product, version, unsupported } = dialect.server;
      throw new GatewayError('SERVER_VERSION', `${product} ${version} is too old: ${unsupported}.`, {
        hint: 'Upgrade the database server first. Nothing was changed.',
      });
    }
    return await kysely.connection().execute(async (pinned) => {
      const ping = () => pinned.executeQuery(CompiledQuery.raw('SELECT 1'));
      const awake = watched === null ? null : keepAwake(watched, ping);
      const db = connection(dialect, pinned, awake?.watch ?? null, open.lastWords);
      try {
        return await use(db);
      } catch (error) {
        throw options.access === 'read' ? await namingBlocker(db, error) : error;
      } finally {
        awake?.stop();
      }
    });
  } catch (error) {
    const known = error instanceof GatewayError ? error : (dialect.translateError(error) ?? error);
    throw namingUrlSource(known, target.givenBy);
  } finally {
    await close(open);
  }
}

async function close({ kysely, cut }: OpenDatabase): Promise<void> {
  const impatience = cut === null ? undefined : setTimeout(cut, TIMING.closeMs);
  // A connection that broke cannot be closed in order; what went wrong with it is already on its way.
  await kysely.destroy().catch(() => {});
  clearTimeout(impatience);
  // MySQL's driver does not wait for the server to hang up, but its socket does, and keeps the process for as long.
  cut?.();
}

/** Tries again while the server does not answer: a few times, or until `waitMs` is up. */
async function openPatiently(target: DatabaseTarget, options: ConnectOptions): Promise<OpenDatabase> {
  const { access, create = false, retries, retryIntervalMs, waitMs = 0, onRetry, onStatement } = options;
  const deadline = Date.now() + waitMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await openDatabase(target, {
        access,
        create,
        connectTimeoutMs: TIMING.connectMs,
        onStatement,
      });
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'UNREACHABLE') throw error;
      const waiting = waitMs > 0;
      if (waiting ? Date.now() >= deadline : attempt >= retries) throw error;
      const pause = waiting ? TIMING.startingMs : retryIntervalMs;
      onRetry?.(error, pause);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/**
 * The error of a read that waited in vain for a table, with who has it locked where that can be known; any other
 * error as it is. Ends the transaction in which it failed.
 */
export async function namingBlocker(db: Connection, error: unknown): Promise<unknown> {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known?.code !== 'BUSY') return error;
  try {
    await db.dialect.endRead(db);
    const blocker = await db.dialect.readBlocker(db);
    if (blocker === null) return error;
    const run = await runAtWork(db, blocker);
    if (run !== null) {
      return new GatewayError('LOCKED', `Another run of mcpgw is at work on this database: ${run}.`, {
        hint: 'Wait until it is done, then run the command again. Nothing was changed.',
        cause: error,
      });
    }
    return new GatewayError('BUSY', `The gateway’s tables are in use: ${blocker.text}.`, {
      hint: `Wait for it, or end that transaction, then run the command again. ${toEndIt(blocker)}Nothing was changed.`,
      cause: error,
    });
  } catch {
    // Who it is cannot be asked; what it waited for is still true.
    return error;
  }
}

/** The run that is at work, where it is or may be the one that is waited for; null otherwise. */
async function runAtWork(db: Connection, { end }: Blocker): Promise<string | null> {
  let run: string | null = null;
  const onWait = (holder: string, ending: string | null = null) => {
    if (end === null || ending === null || end === ending) run = holder;
  };
  try {
    await db.dialect.beginRun(db, { timeoutMs: 0, peek: true, onWait });
    await db.dialect.endRun(db, false);
    return null;
  } catch (error) {
    return error instanceof GatewayError && error.code === 'LOCKED' ? run : null;
  }
}

/** An error that blames DATABASE_URL, with what the URL really came from in its place (see `namingSource`). */
export function namingUrlSource(error: unknown, givenBy: string | undefined): unknown {
  // An error of a class of its own is for whoever knows that class.
  if (givenBy === undefined || !(error instanceof GatewayError) || error.constructor !== GatewayError) {
    return error;
  }
  const name = (words: string) => namingSource(words, givenBy);
  const namedIn = (text: Text) => mapParts(text, name);
  const { code, message, hint, details, cause, stack } = error;
  const named = new GatewayError(code, name(message), {
    hint: namedIn(hint),
    details: details.map(namedIn),
    cause,
  });
  if (stack !== undefined) named.stack = stack;
  return named;
}

/** A connection of a backup tool's own, beside that of the run it serves. One attempt: the run has found the server. */
export function connectOnce<T>(
  { target, onStatement }: Pick<BackupToolContext, 'target' | 'onStatement'>,
  access: 'read' | 'write',
  use: (db: Connection) => Promise<T>,
): Promise<T> {
  return withDatabase(target, { access, retries: 0, retryIntervalMs: 0, onStatement }, use);
}

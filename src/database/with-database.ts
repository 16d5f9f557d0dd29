import { CompiledQuery } from 'kysely';
import { GatewayError } from '../errors.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { TIMING } from '../timing.ts';
import { type Connection, connection } from './connection.ts';
import type { Access, OpenDatabase, OpenOptions } from './dialect.ts';
import { openDatabase } from './drivers.ts';
import { keepAwake } from './keep-awake.ts';
import { namingBlocker } from './naming-blocker.ts';
import { namingUrlSource } from './naming-url-source.ts';
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

import { createConnection } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { GatewayError } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { Open } from '../dialect.ts';
import { readPem } from '../read-pem.ts';
import { saidByServer } from '../said-by-server.ts';
import { thisProcess } from '../this-process.ts';
import { translatePostgresqlError } from './errors.ts';
import { postgresqlDialect } from './postgresql.ts';
import { postgresqlSession } from './session.ts';

/** A peer that has vanished is found out this long, and ten seconds, after its last word. */
const KEEPALIVE_MS = 10_000;

/** What pg's types leave out. */
interface ClientInside extends ServerSession {
  readonly connection: { readonly stream: { readonly destroyed: boolean; destroy(): void } };
  readonly _activeQuery: object | null;
}

/** Opens a pool of one connection and checks that it answers. */
export const openPostgresql: Open<PostgresqlTarget> = async (t, options) => {
  const attempts = sslAttempts(t);
  for (const ssl of attempts) {
    const connectTimeoutMs = t.connectTimeoutMs ?? options.connectTimeoutMs;
    const clients = new Set<ClientInside>();
    // What the server says while nobody asks is why the next statement fails.
    let lastWords: Error | null = null;
    const pool = new pg.Pool({
      // Also one that was not let in: pg leaves its connection to the server, which ends it after a minute.
      Client: class extends pg.Client {
        constructor(config?: pg.ClientConfig) {
          super(config);
          this.on('error', (error) => {
            if (saidByServer(error)) lastWords = error;
          });
          clients.add(this as unknown as ClientInside);
        }
      },
      host: t.host,
      port: t.port,
      user: t.user ?? undefined,
      // Without one the driver would look for the file that was looked through, and warn of it.
      password: t.password ?? (() => ''),
      database: t.database,
      options: t.options ?? undefined,
      application_name: t.applicationName ?? thisProcess(),
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_MS,
      max: 1,
      ssl,
    } as pg.PoolConfig);
    // A connection that the server ends between two statements is met again, as an error, by the next one.
    pool.on('error', () => {});
    const cut = () => {
      for (const client of clients) {
        const { stream } = client.connection;
        if (client._activeQuery != null && !stream.destroyed) cancelStatement(t, client);
        stream.destroy();
      }
    };
    options.abandon?.addEventListener('abort', cut);
    const { onStatement } = options;
    const kysely = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: lastResults(pool) }),
      log(event) {
        if (event.level === 'query') onStatement?.(event.query.sql, event.query.parameters);
      },
    });
    try {
      const client = await pool.connect();
      // Where another process runs the query than the one that was promised, there is a pooler between.
      const { processID } = client as unknown as Partial<ServerSession>;
      const { rows } = await client.query<{ version: string; who: string }>({
        text: postgresqlSession(`pg_backend_pid() IS DISTINCT FROM ${processID ?? 'NULL'}`),
        query_timeout: connectTimeoutMs,
      } as pg.QueryConfig);
      client.release();
      const dialect = postgresqlDialect(rows[0]?.version.split(' ')[0] ?? '', rows[0]?.who);
      return { kysely, dialect, cut, lastWords: () => lastWords };
    } catch (error) {
      cut();
      await kysely.destroy();
      const last = ssl === attempts.at(-1);
      if (
        !last &&
        options.abandon?.aborted !== true &&
        error instanceof Error &&
        /SSL|28000/.test(`${error.message} ${(error as { code?: string }).code}`)
      ) {
        continue;
      }
      throw translatePostgresqlError(error) ?? error;
    }
  }
  throw new GatewayError('UNREACHABLE', 'PostgreSQL does not answer.');
};

/** Of statements that are sent together (see `boundedPostgresqlQuery`) the last one's result counts. */
function lastResults(pool: pg.Pool): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect();
      const query = async (text: string, values: readonly unknown[]) => {
        const result: pg.QueryResult | pg.QueryResult[] = await client.query(text, [...values]);
        return Array.isArray(result) ? result.at(-1) : result;
      };
      return { query, release: () => client.release() } as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

/** The TLS settings to try in turn, as libpq's sslmode has it. */
export function sslAttempts(target: PostgresqlTarget): readonly (false | ConnectionOptions)[] {
  const { mode, rootCert, cert, key, crl } = target.ssl;
  // libpq speaks no TLS over a unix socket.
  if (target.host.startsWith('/')) return [false];
  if (mode.startsWith('verify-') && rootCert === null) {
    throw new GatewayError('URL', `sslmode=${mode} needs a root certificate, and there is none.`, {
      hint: 'Name it: sslrootcert=/path/to/root.crt in DATABASE_URL, PGSSLROOTCERT, or ~/.postgresql/root.crt. For the authorities that everybody trusts: sslrootcert=system. The gateway’s driver refuses as well. Nothing was changed.',
    });
  }
  const files = {
    ...(rootCert === null || rootCert === 'system' ? {} : { ca: readPem('sslrootcert', rootCert) }),
    ...(cert === null ? {} : { cert: readPem('sslcert', cert) }),
    ...(key === null ? {} : { key: readPem('sslkey', key) }),
    ...(crl === null ? {} : { crl: readPem('sslcrl', crl) }),
  };
  const unverified: ConnectionOptions = { ...files, rejectUnauthorized: false };
  switch (mode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, unverified];
    case 'prefer':
      return [unverified, false];
    case 'require':
      return [unverified];
    case 'verify-ca':
      return [{ ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }];
    case 'verify-full':
      return [{ ...files, rejectUnauthorized: true }];
  }
}

/** After this long without a connection it is left be: the server is out of reach. */
const TIMEOUT_MS = 2_000;

/** PostgreSQL manual, "Canceling Requests in Progress" and "Message Formats", CancelRequest. */
const CANCEL_REQUEST = 80877102;

export interface ServerSession {
  /** As the server gave them at the start. */
  readonly processID: number;
  readonly secretKey: number;
}

/**
 * Asks the server to end the statement that a session is busy with, as otherwise it would go on with it, and
 * keep its locks, for a client that is gone. Not waited for, and nothing comes of it when it fails.
 */
export function cancelStatement(
  { host, port }: { readonly host: string; readonly port: number },
  { processID, secretKey }: ServerSession,
): void {
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(CANCEL_REQUEST, 4);
  packet.writeInt32BE(processID, 8);
  packet.writeInt32BE(secretKey, 12);
  const socket = createConnection(
    host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port },
  );
  socket.on('error', () => {});
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.on('connect', () => socket.end(packet));
}

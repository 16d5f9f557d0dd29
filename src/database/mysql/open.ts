import { Kysely, MysqlDialect } from 'kysely';
import { createPool, type PoolConnection, type PoolOptions, type SslOptions } from 'mysql2';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { Open } from '../dialect.ts';
import { readPem } from '../read-pem.ts';
import { GATEWAY_LIST } from '../site-object.ts';
import { thisProcess } from '../this-process.ts';
import { translateMysqlError } from './errors.ts';
import { mysqlDialect } from './mysql.ts';
import { MYSQL_SESSION } from './session.ts';

/** The collation of new tables where the database's own is not utf8mb4: every supported server has it. */
const FALLBACK_COLLATION = 'utf8mb4_general_ci';

/** A peer that has vanished is found out this long, and ten seconds, after its last word. */
const KEEPALIVE_MS = 10_000;

const SERVER = `SELECT version() AS version, @@collation_database AS collation,
  (SELECT group_concat(TABLE_NAME, '.', COLUMN_NAME SEPARATOR '\n') FROM information_schema.COLUMNS
   WHERE TABLE_SCHEMA = database() AND TABLE_NAME IN (${GATEWAY_LIST}) AND EXTRA LIKE '%on update%') AS stamped`;

/** What mysql2's types leave out. */
interface ConnectionInside {
  readonly stream: { destroy(): void };
}
interface PoolInside {
  readonly _allConnections: { toArray(): readonly ConnectionInside[] };
}

interface ServerRow {
  version: string;
  collation: string;
  stamped: string | null;
}

/** Opens a pool of one connection, checks that it answers, and finds out which of the two servers it is. */
export const openMysql: Open<MysqlTarget> = async (target, options) => {
  const attempts = sslAttempts(target);
  for (const [i, ssl] of attempts.entries()) {
    const connectTimeout = target.connectTimeoutMs ?? options.connectTimeoutMs;
    const pool = createPool({
      host: target.host,
      port: target.port,
      user: target.user ?? undefined,
      password: target.password ?? undefined,
      database: target.database,
      socketPath: target.socketPath ?? undefined,
      charset: target.charset?.startsWith('utf8mb4') ? target.charset.toUpperCase() : 'UTF8MB4',
      timezone: 'Z',
      dateStrings: true,
      supportBigNumbers: true,
      connectTimeout,
      connectAttributes: { program_name: thisProcess() },
      enableKeepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_MS,
      connectionLimit: 1,
      ...(ssl === null ? {} : { ssl }),
    } as PoolOptions);
    const connections = new Set<PoolConnection>();
    let lastWords: Error | null = null;
    pool.on('connection', (made) => {
      // What the server says while nobody asks is why the next statement fails.
      made.on('error', (error) => {
        const { code } = error as { code?: unknown };
        if (typeof code === 'number') lastWords = Object.assign(error, { errno: code, code: `${code}` });
      });
      connections.add(made);
    });
    const cut = () => {
      for (const made of connections) (made as unknown as ConnectionInside).stream.destroy();
    };
    // The driver tells of a connection when it is made.
    options.abandon?.addEventListener('abort', () => {
      for (const any of (pool as unknown as PoolInside)._allConnections.toArray()) any.stream.destroy();
    });
    const { onStatement } = options;
    const kysely = new Kysely<unknown>({
      dialect: new MysqlDialect({ pool }),
      log(event) {
        if (event.level === 'query') onStatement?.(event.query.sql, event.query.parameters);
      },
    });
    try {
      const ask = (sql: string) =>
        new Promise<ServerRow | undefined>((resolve, reject) => {
          pool.query({ sql, timeout: connectTimeout }, (error, rows) => {
            if (error) reject(error);
            else resolve((rows as ServerRow[])[0]);
          });
        });
      await ask(MYSQL_SESSION);
      const row = await ask(SERVER);
      const version = row?.version ?? '';
      const collation = row?.collation.startsWith('utf8mb4_') ? row.collation : FALLBACK_COLLATION;
      const mariadb = /mariadb/i.test(version);
      const stamped = row?.stamped?.split('\n') ?? [];
      const dialect = mysqlDialect(version.replace(/^5\.5\.5-/, ''), { mariadb, collation, stamped });
      return { kysely, dialect, cut, lastWords: () => lastWords };
    } catch (error) {
      cut();
      await kysely.destroy();
      const noTls = (error as { code?: string }).code === 'HANDSHAKE_NO_SSL_SUPPORT';
      if (noTls && i < attempts.length - 1) continue;
      throw translateMysqlError(error) ?? error;
    }
  }
  throw new Error('unreachable: every attempt returns or throws');
};

/** The TLS settings to try in turn, as MySQL's ssl-mode has it; null is no TLS. */
function sslAttempts({ ssl: { mode, ca, cert, key } }: MysqlTarget): readonly (SslOptions | null)[] {
  const files: SslOptions = {
    ...(ca === null ? {} : { ca: readPem('ssl_ca', ca) }),
    ...(cert === null ? {} : { cert: readPem('ssl_cert', cert) }),
    ...(key === null ? {} : { key: readPem('ssl_key', key) }),
  };
  const unverified: SslOptions = { ...files, rejectUnauthorized: false };
  switch (mode) {
    case 'disabled':
      return [null];
    case 'preferred':
      return [unverified, null];
    case 'required':
      return [unverified];
    case 'verify-ca':
      return [{ ...files, rejectUnauthorized: true, verifyIdentity: false }];
    case 'verify-identity':
      return [{ ...files, rejectUnauthorized: true, verifyIdentity: true }];
  }
}

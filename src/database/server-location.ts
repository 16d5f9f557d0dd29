import { connect, type Socket } from 'node:net';
import type { MysqlTarget, PostgresqlTarget } from '../settings/database-target.ts';
import { TIMING } from '../timing.ts';

/** Where a server listens: at an address and port, or, when `socketPath` is given, at a unix socket. */
export interface ServerLocation {
  /** A name or an address; of no meaning beside `socketPath`. */
  readonly host: string;
  readonly port: number;
  /** Absolute path of the socket itself. */
  readonly socketPath: string | null;
  /** How long to wait for it; null for that of TIMING. */
  readonly connectTimeoutMs: number | null;
}

/** `db.example:5432`, `[::1]:5432`, or the path of the socket. */
export function placeOf({ host, port, socketPath }: ServerLocation): string {
  return socketPath ?? `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Connects a socket to a server, and says nothing on it yet. The caller destroys it.
 *
 * @throws Error of the system with its `code`; ETIMEDOUT when it takes longer than the location allows
 */
export function dial({ host, port, socketPath, connectTimeoutMs }: ServerLocation): Promise<Socket> {
  const ms = connectTimeoutMs ?? TIMING.connectMs;
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath === null ? { host, port } : { path: socketPath });
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error(`no answer within ${ms / 1000} s`), { code: 'ETIMEDOUT' }));
    }, ms);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', reject);
      // From here on an error is the business of whoever reads; without a listener it would end the process.
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Where a target's server listens. */
export function mysqlLocation({ host, port, socketPath, connectTimeoutMs }: MysqlTarget): ServerLocation {
  return { host, port, socketPath, connectTimeoutMs };
}

/** Where a target's server listens; a host that is a folder holds a socket named after the port. */
export function postgresqlLocation({ host, port, connectTimeoutMs }: PostgresqlTarget): ServerLocation {
  const socketPath = host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : null;
  return { host, port, socketPath, connectTimeoutMs };
}

/** What a client may begin with (PostgreSQL manual, "Message Formats", SSLRequest): one letter answers it. */
export const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

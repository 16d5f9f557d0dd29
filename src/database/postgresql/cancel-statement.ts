import { createConnection } from 'node:net';

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

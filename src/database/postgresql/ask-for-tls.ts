import type { Socket } from 'node:net';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import { TIMING } from '../../timing.ts';
import { dial, postgresqlLocation, SSL_REQUEST } from '../server-location.ts';

export interface TlsAnswer {
  /**
   * `S`: it goes on with TLS; `N`: it speaks none; `silent`: it said nothing in time; `closed`: it hung up;
   * `other`: it answered something that is not PostgreSQL's protocol.
   */
  readonly answer: 'S' | 'N' | 'silent' | 'closed' | 'other';
  /** Open after the answer, for whoever goes on with it, and to be destroyed by him. */
  readonly socket: Socket;
}

/**
 * Asks a server whether it speaks TLS, which any PostgreSQL and any pooler answers with one letter before it
 * wants to know who asks.
 *
 * @throws Error of the system when there is no connection
 */
export async function askForTls(target: PostgresqlTarget): Promise<TlsAnswer> {
  const socket = await dial(postgresqlLocation(target));
  const ms = target.connectTimeoutMs ?? TIMING.connectMs;
  socket.write(SSL_REQUEST);
  const answer = await new Promise<TlsAnswer['answer']>((resolve) => {
    const timer = setTimeout(() => resolve('silent'), ms);
    const done = (result: TlsAnswer['answer']) => {
      clearTimeout(timer);
      resolve(result);
    };
    socket.once('readable', () => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return done('closed');
      const letter = bytes.length === 1 ? bytes.toString('latin1') : '';
      done(letter === 'S' || letter === 'N' ? letter : 'other');
    });
    socket.once('close', () => done('closed'));
  });
  return { answer, socket };
}

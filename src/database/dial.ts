import { connect, type Socket } from 'node:net';
import { TIMING } from '../timing.ts';
import type { ServerLocation } from './server-location.ts';

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

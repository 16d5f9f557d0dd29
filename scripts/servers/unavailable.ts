import { urlVariable } from './environment.ts';
import type { ServerName } from './server.ts';

/** A server that cannot be had on this machine: which one, why, and the command or variable that helps. */
export class ServerUnavailableError extends Error {
  readonly server: ServerName;

  constructor(server: ServerName, reason: string, remedy: string) {
    super(`${server}: ${reason}. What helps: ${remedy}, or give a server by ${urlVariable(server)}.`);
    this.name = 'ServerUnavailableError';
    this.server = server;
  }
}

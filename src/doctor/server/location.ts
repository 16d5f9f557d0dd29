import type { ServerLocation } from '../../database/server-location.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/** What the examinations of DNS and TCP must know of a kind of server. */
export interface ServerKind<Target extends DatabaseTarget> {
  /** `PostgreSQL`; for MySQL and MariaDB `MySQL or MariaDB`. */
  readonly product: string;
  readonly defaultPort: number;
  /** Name of its service: what `systemctl start` takes. */
  readonly service: string;
  locationOf(context: TargetContext<Target>): ServerLocation;
}

/** Whether it is this machine by every sign; a forwarded port looks the same. */
export function isLocal({ host, socketPath }: Pick<ServerLocation, 'host' | 'socketPath'>): boolean {
  return socketPath !== null || /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}

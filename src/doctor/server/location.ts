import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/** Where a server listens: at an address and port, or, when `socketPath` is given, at a unix socket. */
export interface ServerLocation {
  /** A name or an address; of no meaning beside `socketPath`. */
  readonly host: string;
  readonly port: number;
  /** Absolute path of the socket itself. */
  readonly socketPath: string | null;
  /** How long to wait for it; null for CONNECT_TIMEOUT_MS. */
  readonly connectTimeoutMs: number | null;
}

/** What the examinations of DNS and TCP must know of a kind of server. */
export interface ServerKind<Target extends DatabaseTarget> {
  /** `PostgreSQL`; for MySQL and MariaDB `MySQL or MariaDB`. */
  readonly product: string;
  readonly defaultPort: number;
  /** Name of its service: what `systemctl start` takes. */
  readonly service: string;
  locationOf(context: TargetContext<Target>): ServerLocation;
}

/** As long as the drivers wait, unless the URL says otherwise. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Whether it is this machine by every sign; a forwarded port looks the same. */
export function isLocal({ host, socketPath }: Pick<ServerLocation, 'host' | 'socketPath'>): boolean {
  return socketPath !== null || /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}

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

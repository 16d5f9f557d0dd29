import { errorText, GatewayError } from '../../errors.ts';

/** At which gate of the server an attempt to log in ended. */
export type Gate = 'protocol' | 'tls' | 'authentication' | 'database' | 'version';

/** Why a server did not let somebody in. */
export interface Refusal {
  readonly gate: Gate;
  /** The server's error number, or the code of the driver or of this program. */
  readonly code: number | string;
  /** What the server or the driver says. It may name the user and the client's host, never the password. */
  readonly message: string;
}

/** Server Error Message Reference: transport must be secure; no such database, not yours, host not allowed … */
const GATES: Readonly<Record<number, Gate>> = { 3159: 'tls', 1044: 'database', 1049: 'database' };

/** Codes of mysql2 and of TLS; with any other nothing came that the driver could read. */
const DRIVER_GATES: readonly (readonly [RegExp, Gate])[] = [
  [/^(HANDSHAKE_|ERR_(OSSL|SSL|TLS)_|EPROTO$)/, 'tls'],
  [/^(AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED)$/, 'authentication'],
];

/** Sorts what an attempt to log in ended in. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof GatewayError && (error.code === 'SERVER_VERSION' || error.code === 'URL')) {
    // Of what the URL names, only the files for TLS are read while connecting.
    const gate = error.code === 'URL' ? 'tls' : 'version';
    return { gate, code: error.code, message: error.message };
  }
  if (error instanceof GatewayError && error.code === 'NOT_A_DATABASE') {
    return { gate: 'protocol', code: '', message: error.message };
  }
  const cause = error instanceof GatewayError && error.cause instanceof Error ? error.cause : error;
  const { errno, code = '', sqlMessage } = cause as { errno?: number; code?: string; sqlMessage?: string };
  const message = sqlMessage ?? errorText(cause);
  // The system's own numbers are negative.
  if (errno !== undefined && errno > 0) {
    return { gate: GATES[errno] ?? 'authentication', code: errno, message };
  }
  return { gate: DRIVER_GATES.find(([codes]) => codes.test(code))?.[1] ?? 'protocol', code, message };
}

import { perContext } from '../../checks/per-context.ts';
import { GatewayError } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/** What came of one real attempt to open the database, as every command opens it. */
export interface LoginAttempt {
  /** The server's version; '' when the attempt failed. */
  readonly version: string;
  /** Null when it succeeded. */
  readonly failure: LoginFailure | null;
}

export interface LoginFailure {
  /** What the program makes of it; null when it knows nothing to say. */
  readonly error: GatewayError | null;
  /** SQLSTATE of the server, or the code of the driver, of TLS or of the system; '' for none. */
  readonly code: string;
  /** As the server or the driver said it. It holds no password. */
  readonly message: string;
  /** What the server added, as `User does not have CONNECT privilege.` */
  readonly detail: string;
  /** The server itself said it, and not the way there. */
  readonly fromServer: boolean;
}

/** The one attempt that TLS, login and database are judged by. */
export const loginAttempt = perContext(
  async (context: TargetContext<PostgresqlTarget>): Promise<LoginAttempt> => {
    try {
      const version = await context.connect('read', async (db) => db.dialect.server.version);
      return { version, failure: null };
    } catch (error) {
      return { version: '', failure: failureOf(error) };
    }
  },
);

function failureOf(error: unknown): LoginFailure {
  const known = error instanceof GatewayError ? error : null;
  const cause = (known === null ? error : (known.cause ?? known)) as Error & {
    readonly code?: string;
    readonly detail?: string;
    readonly severity?: string;
  };
  return {
    error: known,
    code: cause.code ?? '',
    message: cause.message,
    detail: cause.detail ?? '',
    fromServer: cause.severity !== undefined,
  };
}

import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';

/** Errors of the connection, whose own advice cannot know that a run was on its way. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(['UNREACHABLE', 'FAILED']);

/**
 * What to throw for an error of a run that was one transaction and was not committed.
 *
 * @param command that starts it again
 */
export function takenBack(db: Connection, error: unknown, command: string): unknown {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known === null || !OF_THE_CONNECTION.has(known.code)) return error;
  const { code, message, details } = known;
  return new GatewayError(code, message, {
    hint: `Nothing was changed: what was not committed, the server takes back. To start again, run: ${command}`,
    details,
    cause: error,
  });
}

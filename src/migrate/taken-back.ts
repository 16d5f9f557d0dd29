import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { advise, type Command, joined } from '../report/advice.ts';

/** Errors whose own advice cannot know that a run was on its way; that of a lost connection is of no use then. */
const WITHOUT_THE_END: ReadonlySet<string> = new Set(['UNREACHABLE', 'FAILED']);

/**
 * What to throw for an error of a run that was one transaction and was not committed.
 *
 * @param command that starts it again
 */
export function takenBack(db: Connection, error: unknown, command: Command): unknown {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known === null || !WITHOUT_THE_END.has(known.code)) return error;
  const { code, message, hint, details } = known;
  const end = advise`Nothing was changed: what was not committed, the server takes back. To start again, run: ${command}`;
  return new GatewayError(code, message, {
    hint: code === 'FAILED' ? joined([hint, end], ' ') : end,
    next: command,
    details,
    cause: error,
  });
}

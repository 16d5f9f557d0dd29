import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';

/**
 * What to throw for an error after the first write on a database that cannot take schema changes back.
 *
 * @param what that stopped, as a sentence starts: `The migration`
 * @param command that goes on
 */
export function partialError(db: Connection, error: unknown, what: string, command: string): GatewayError {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known?.code === 'INTERRUPTED' || known?.code === 'TERMINATED') return known;
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  return new GatewayError('PARTIAL', `${what} stopped part-way: ${message}`, {
    hint: `${known?.hint ?? ''} What was done so far stays, and is right. To go on, run: ${command}`.trim(),
    details: known?.details ?? [],
    cause: error,
  });
}

import { GatewayError } from '../errors.ts';
import { type Blocker, toEndIt } from './blocker.ts';

/**
 * The error of a run that waited in vain for tables that somebody else has locked.
 *
 * @param blocker which table, and by whom
 */
export function tablesInUse(blocker: Blocker, waitedMs: number, cause: unknown): GatewayError {
  const message = `The gateway’s tables are in use: ${blocker.text}. They still were after ${waitedMs / 1000} s.`;
  return new GatewayError('LOCKED', message, {
    hint: `Stop the gateway or end that transaction, then run the command again (or give it longer: --lock-timeout 300). ${toEndIt(blocker)}Nothing was changed.`,
    cause,
  });
}

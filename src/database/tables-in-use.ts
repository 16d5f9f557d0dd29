import { GatewayError } from '../errors.ts';

/**
 * The error of a run that waited in vain for tables that somebody else has locked.
 *
 * @param blocker which table, and by whom, as far as it can be known
 */
export function tablesInUse(blocker: string, waitedMs: number, cause: unknown): GatewayError {
  const message = `The gateway’s tables are in use: ${blocker}. They still were after ${waitedMs / 1000} s.`;
  return new GatewayError('LOCKED', message, {
    hint: 'Stop the gateway or end that transaction, then run the command again (or give it longer: --lock-timeout 300). Nothing was changed.',
    cause,
  });
}

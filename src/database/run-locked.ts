import { GatewayError } from '../errors.ts';

/**
 * The error of a run that waited for another one in vain.
 *
 * @param holder process, host and since when, as far as they can be known
 */
export function runLocked(holder: string, waitedMs: number): GatewayError {
  const message = `Another run of mcpgw is at work on this database: ${holder}. It still was after ${waitedMs / 1000} s.`;
  return new GatewayError('LOCKED', message, {
    hint: 'Wait until it is done and run the command again (or give it longer: --lock-timeout 300). Nothing was changed.',
  });
}

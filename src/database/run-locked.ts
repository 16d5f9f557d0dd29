import { GatewayError } from '../errors.ts';
import { type Blocker, toEndIt } from './blocker.ts';

/** The error of a run that waited for another one in vain. */
export function runLocked(holder: Blocker, waitedMs: number): GatewayError {
  const message = `Another run of mcpgw is at work on this database: ${holder.text}. It still was after ${waitedMs / 1000} s.`;
  return new GatewayError('LOCKED', message, {
    hint: `Wait until it is done and run the command again (or give it longer: --lock-timeout 300). ${toEndIt(holder)}Nothing was changed.`,
  });
}

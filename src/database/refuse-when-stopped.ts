import { GatewayError } from '../errors.ts';

/**
 * A safe point: throws when the user asked to stop.
 *
 * @param hint what is left behind
 */
export function refuseWhenStopped(signal: AbortSignal, hint = 'Nothing was changed.'): void {
  if (!signal.aborted) return;
  const code = /^SIG(TERM|HUP)$/.test(String(signal.reason)) ? 'TERMINATED' : 'INTERRUPTED';
  throw new GatewayError(code, `Stopped by ${signal.reason ?? 'a signal'}.`, { hint });
}

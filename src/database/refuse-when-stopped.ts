import { GatewayError } from '../errors.ts';
import type { Text } from '../report/advice.ts';

/**
 * A safe point: throws when the user asked to stop.
 *
 * @param hint what is left behind, and what to do about it; without one nothing was changed
 */
export function refuseWhenStopped(signal: AbortSignal, hint: Text = ''): void {
  if (!signal.aborted) return;
  const code = /^SIG(TERM|HUP)$/.test(String(signal.reason)) ? 'TERMINATED' : 'INTERRUPTED';
  const left = hint === '' ? ' Nothing was changed.' : '';
  throw new GatewayError(code, `Stopped by ${signal.reason ?? 'a signal'}.${left}`, { hint });
}

import { GatewayError } from '../errors.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { TIMING } from '../timing.ts';
import { openDatabase } from './drivers.ts';
import { saidByServer } from './said-by-server.ts';
import { type Watch, watch } from './watch.ts';

/** A watch over whatever waits for the server of a target. */
export function watchServer(target: DatabaseTarget, cut: () => void, statementTimeoutMs = 0): Watch {
  return watch({
    statementTimeoutMs,
    silenceMs: TIMING.silenceMs,
    isReachable: () => isReachable(target, TIMING.connectMs),
    cut,
  });
}

/** Whether the server answers on a new connection; a refusal is an answer, too. */
export async function isReachable(target: DatabaseTarget, connectTimeoutMs: number): Promise<boolean> {
  try {
    const { cut } = await openDatabase(target, { access: 'read', create: false, connectTimeoutMs });
    cut?.();
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'UNREACHABLE') return true;
    return saidByServer(error.cause);
  }
}

interface Stoppable {
  readonly target: DatabaseTarget;
  readonly signal: AbortSignal;
}

/**
 * Runs what waits for client programs, which themselves would wait for good for a server that has fallen silent.
 *
 * @param use gets the context with a signal that stops its programs when the server is gone, too, and the signal
 *   that says nothing else
 * @throws GatewayError UNREACHABLE when the server cannot be reached any more
 */
export function whileReachable<C extends Stoppable, T>(
  context: C,
  use: (context: C, gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const signal = AbortSignal.any([context.signal, gone.signal]);
  const watch = watchServer(context.target, () => gone.abort('SIGTERM'));
  return watch(() => use({ ...context, signal }, gone.signal));
}

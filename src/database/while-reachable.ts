import type { DatabaseTarget } from '../settings/database-target.ts';
import { watchServer } from './watch-server.ts';

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

import type { DatabaseTarget } from '../settings/database-target.ts';
import { isReachable } from './is-reachable.ts';
import { CONNECT_TIMEOUT_MS } from './server-location.ts';
import { type Watch, watch } from './watch.ts';

/** Without an answer for this long, a look is taken whether the server is still there. */
const SILENCE_MS = 10_000;

/** A watch over whatever waits for the server of a target. */
export function watchServer(target: DatabaseTarget, cut: () => void, statementTimeoutMs = 0): Watch {
  return watch({
    statementTimeoutMs,
    silenceMs: SILENCE_MS,
    isReachable: () => isReachable(target, CONNECT_TIMEOUT_MS),
    cut,
  });
}

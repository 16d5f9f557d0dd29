import type { DatabaseTarget } from '../settings/database-target.ts';
import { TIMING } from '../timing.ts';
import { isReachable } from './is-reachable.ts';
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

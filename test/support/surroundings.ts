import type { Surroundings } from '../../src/change/change.ts';
import { noProgress } from '../../src/progress.ts';

/** Around a run that nobody asks about, watches or stops, and that takes no backup. */
export function surroundings(
  reconnect: Surroundings<unknown>['reconnect'],
  lockTimeoutMs = 5_000,
): Surroundings<unknown> {
  return {
    progress: noProgress,
    toolVersion: '0.7.0-test',
    lockTimeoutMs,
    signal: new AbortController().signal,
    beforeWriting: async () => {},
    confirm: async () => true,
    reconnect,
  };
}

import { refuseWhenStopped } from './refuse-when-stopped.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface PollOptions {
  readonly timeoutMs: number;
  readonly everyMs: number;
  /** Called once, before the first pause. */
  readonly onWait: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks again and again until `attempt` gives something else than undefined; undefined when the time is up. Locks
 * are asked for rather than waited for, since a waiting statement would hold back signals and time-outs.
 *
 * @throws GatewayError INTERRUPTED or TERMINATED when the signal was aborted
 */
export async function poll<T>(
  { timeoutMs, everyMs, onWait, signal }: PollOptions,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let first = true; ; first = false) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (first) await onWait();
    const left = deadline - performance.now();
    if (left <= 0) return undefined;
    if (signal !== undefined) refuseWhenStopped(signal);
    await sleep(Math.min(everyMs, left));
  }
}

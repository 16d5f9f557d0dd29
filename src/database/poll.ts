const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface PollOptions {
  readonly timeoutMs: number;
  readonly everyMs: number;
  /** Called once, before the first pause. */
  readonly onWait: () => Promise<void>;
}

/**
 * Asks again and again until `attempt` gives something else than undefined; undefined when the time is up. Locks
 * are asked for rather than waited for, since a waiting statement would hold back signals and time-outs.
 */
export async function poll<T>(
  { timeoutMs, everyMs, onWait }: PollOptions,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let first = true; ; first = false) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (first) await onWait();
    const left = deadline - performance.now();
    if (left <= 0) return undefined;
    await sleep(Math.min(everyMs, left));
  }
}

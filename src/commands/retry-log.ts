import type { GatewayError } from '../errors.ts';

interface RetryLogOptions {
  readonly log: (line: string) => void;
  /** How long the same error is not told again; 0 tells it every time. */
  readonly repeatMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Tells that a server does not answer yet: at once when why has changed, and now and then that it is still so. */
export function retryLog({
  log,
  repeatMs,
  now,
}: RetryLogOptions): (error: GatewayError, inMs: number) => void {
  let since: number | undefined;
  let told = { message: '', at: 0 };
  return ({ message }, inMs) => {
    const at = now();
    since ??= at;
    const changed = message !== told.message;
    if (!changed && at - told.at < repeatMs) return;
    log(
      changed || repeatMs === 0
        ? `${message} Trying again ${repeatMs === 0 ? `in ${inMs / 1000} s` : `every ${inMs / 1000} s`} …`
        : `${message} Still waiting … (${Math.round((at - since) / 1000)} s)`,
    );
    told = { message, at };
  };
}

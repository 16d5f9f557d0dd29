import { refuseWhenStopped } from '../../../database/refuse-when-stopped.ts';

/** Called once a page: lets signals in, and stops when one asks for it. */
export type Step = () => Promise<void>;

/** Pages between two looks at the signals: a few milliseconds. */
const PAGES = 64;

export function steps(signal: AbortSignal): Step {
  let n = 0;
  return async () => {
    if (++n % PAGES !== 0) return;
    await new Promise((resolve) => setImmediate(resolve));
    refuseWhenStopped(signal);
  };
}

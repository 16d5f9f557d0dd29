import { TIMING } from '../timing.ts';
import type { Watch } from './watch.ts';

export interface Awake {
  readonly watch: Watch;
  stop(): void;
}

/**
 * Says a word to the server every minute in which nothing else is sent, while a client program works or a person
 * is asked: so a session may be ended that says nothing for longer, because its network was cut.
 *
 * @param watch of all that is sent
 * @param ping sends something that does nothing
 */
export function keepAwake(watch: Watch, ping: () => Promise<unknown>, everyMs = TIMING.keepAwakeMs): Awake {
  let sent = 0;
  let busy = 0;
  let said: Promise<unknown> = Promise.resolve();
  let seen = 0;
  const timer = setInterval(() => {
    if (busy === 0 && sent === seen) {
      // A connection that is gone is met again by the next statement, which says what is wrong.
      said = watch(ping).catch(() => {});
    }
    seen = sent;
  }, everyMs);
  timer.unref();
  return {
    async watch(send) {
      sent++;
      busy++;
      try {
        // One at a time on a connection.
        await said;
        return await watch(send);
      } finally {
        busy--;
      }
    },
    stop: () => clearInterval(timer),
  };
}

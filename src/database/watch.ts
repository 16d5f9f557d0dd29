import { GatewayError } from '../errors.ts';
import { TIMING } from '../timing.ts';

/** Sends a statement and waits for its answer, but not for ever. */
export type Watch = <T>(send: () => Promise<T>) => Promise<T>;

export interface WatchOptions {
  /** Milliseconds that one statement may take; 0 for as long as it needs. */
  readonly statementTimeoutMs: number;
  /** Milliseconds without an answer after which the server is asked on another connection, again and again. */
  readonly silenceMs: number;
  /** Whether the server can still be reached. */
  readonly isReachable: () => Promise<boolean>;
  /** Ends the connection without another word to the server: one that is gone would never answer. */
  readonly cut: () => void;
}

/** One look that fails may be a server that is busy for a moment. */
const FAILED_LOOKS = 2;

/**
 * A long statement and a connection that was lost without a word look the same from here: both are silent. So a
 * statement may take as long as it needs for as long as the server can be reached otherwise. What was given up
 * once stays so: every later statement fails with the same error.
 *
 * The promises throw GatewayError UNREACHABLE or FAILED when they give up.
 */
export function watch(options: WatchOptions): Watch {
  const { statementTimeoutMs, silenceMs, isReachable, cut } = options;
  let givenUp: GatewayError | null = null;
  return (send) => {
    if (givenUp !== null) return Promise.reject(givenUp);
    return new Promise((resolve, reject) => {
      const since = performance.now();
      let settled = false;
      let looks: NodeJS.Timeout | undefined;
      const settle = () => {
        settled = true;
        clearTimeout(deadline);
        clearTimeout(looks);
      };
      const giveUp = (error: GatewayError) => {
        if (settled) return;
        settle();
        givenUp = error;
        reject(error);
        cut();
      };
      const deadline =
        statementTimeoutMs === 0
          ? undefined
          : setTimeout(() => giveUp(tookTooLong(statementTimeoutMs)), statementTimeoutMs);
      let failed = 0;
      const look = async () => {
        failed = (await isReachable().catch(() => false)) ? 0 : failed + 1;
        if (failed >= FAILED_LOOKS) giveUp(isSilent(performance.now() - since));
        if (!settled) looks = setTimeout(look, silenceMs);
      };
      looks = setTimeout(look, silenceMs);
      send().then(
        (result) => {
          if (settled) return;
          settle();
          resolve(result);
        },
        (error: unknown) => {
          if (settled) return;
          settle();
          reject(error);
        },
      );
    });
  };
}

function tookTooLong(ms: number): GatewayError {
  return new GatewayError('FAILED', `A statement was not done after ${ms / 1000} s (--statement-timeout).`, {
    hint: 'Check that the server answers and what it is busy with, or give it longer.',
  });
}

function isSilent(ms: number): GatewayError {
  const message = `The server has not answered for ${Math.round(ms / 1000)} s and cannot be reached any more.`;
  return new GatewayError('UNREACHABLE', message, {
    hint: 'Check the network and that the server runs.',
  });
}

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

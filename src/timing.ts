/** How long the program waits for others, in milliseconds. */
export interface Timing {
  /** For a server to take a connection, unless its URL says otherwise. */
  readonly connectMs: number;
  /** Between two tries of a server that is still starting. */
  readonly startingMs: number;
  /** Without an answer to a statement, until a look is taken whether the server is still there. */
  readonly silenceMs: number;
  /** Between two words to a server that nothing else is sent to: well under the idle times of our sessions. */
  readonly keepAwakeMs: number;
  /** For a server to say good-bye, which takes a round trip; one that does not is left without it. */
  readonly closeMs: number;
  /** For a locked table before a backup: the gateway holds none so long, and client programs would say nothing. */
  readonly backupTableMs: number;
  /** For a server to notice that the client of a transaction is gone. */
  readonly noticeMs: number;
  /** For a client program that was asked to stop: pg_dump tells a server first that may be gone. */
  readonly stopMs: number;
  /** For whoever is at the other end of a FIFO. */
  readonly fifoMs: number;
  /** Between two signs of life that the holder of a lease writes between its statements. */
  readonly beatMs: number;
}

/** What people get. */
const timing: { -readonly [name in keyof Timing]: Timing[name] } = {
  connectMs: 10_000,
  startingMs: 1_000,
  silenceMs: 10_000,
  keepAwakeMs: 60_000,
  closeMs: 2_000,
  backupTableMs: 15_000,
  noticeMs: 10_000,
  stopMs: 3_000,
  fifoMs: 5_000,
  beatMs: 5_000,
};

/** The times that count in this process. Read them when they are needed: tests shorten them. */
export const TIMING: Timing = timing;

/** Changes some of the times, before anything has begun to wait. */
export function setTiming(changed: Partial<Timing>): void {
  Object.assign(timing, changed);
}

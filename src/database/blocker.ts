import { GatewayError } from '../errors.ts';

/** Who has what is waited for. */
export interface Blocker {
  /** For people: process, host and since when, as far as they can be known. */
  readonly text: string;
  /** The statement that ends that session or transaction; null where it cannot be told. */
  readonly end: string | null;
}

export const UNSEEN: Blocker = { text: 'by a connection that this user may not see', end: null };

/** For an administrator: after a cut network nobody is left at the other end. */
export function toEndIt({ end }: Blocker): string {
  return end === null ? '' : `If nobody is behind it any more, this ends it: ${end} `;
}

/** The error of a run that waited for another one in vain. */
export function runLocked(holder: Blocker, waitedMs: number): GatewayError {
  const message = `Another run of mcpgw is at work on this database: ${holder.text}. It still was after ${waitedMs / 1000} s.`;
  return new GatewayError('LOCKED', message, {
    hint: `Wait until it is done and run the command again (or give it longer: --lock-timeout 300). ${toEndIt(holder)}Nothing was changed.`,
  });
}

/**
 * The error of a run that waited in vain for tables that somebody else has locked.
 *
 * @param blocker which table, and by whom
 */
export function tablesInUse(blocker: Blocker, waitedMs: number, cause: unknown): GatewayError {
  const message = `The gateway’s tables are in use: ${blocker.text}. They still were after ${waitedMs / 1000} s.`;
  return new GatewayError('LOCKED', message, {
    hint: `Stop the gateway or end that transaction, then run the command again (or give it longer: --lock-timeout 300). ${toEndIt(blocker)}Nothing was changed.`,
    cause,
  });
}

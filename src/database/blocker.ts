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

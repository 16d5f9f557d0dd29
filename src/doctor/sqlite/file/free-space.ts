import type { StatsFs } from 'node:fs';

export interface FreeSpace {
  /** For this user: what is kept for root is not in it. */
  readonly bytes: number;
  /** How many files can still be made; null on file systems that do not count them. */
  readonly files: number | null;
}

export function freeSpace({ bavail, bsize, files, ffree }: StatsFs): FreeSpace {
  return { bytes: bavail * bsize, files: files > 0 ? ffree : null };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { FileLock } from '../../../database/sqlite/file-locks.ts';

/** A gateway that works holds its locks for some milliseconds. */
const LASTS_MS = 500;
const EVERY_MS = 25;

/** Processes that have a lock each time one looks for half a second; at once when nobody has one at first. */
export async function lastingLocks(look: () => readonly FileLock[]): Promise<readonly number[]> {
  const until = performance.now() + LASTS_MS;
  for (let held = pidsOf(look()); ; ) {
    if (held.length === 0 || performance.now() > until) return held;
    await sleep(EVERY_MS);
    const now = pidsOf(look());
    held = held.filter((pid) => now.includes(pid));
  }
}

function pidsOf(locks: readonly FileLock[]): readonly number[] {
  return [...new Set(locks.map(({ pid }) => pid))];
}

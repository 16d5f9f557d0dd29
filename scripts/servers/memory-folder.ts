import { statfsSync } from 'node:fs';
import { freemem } from 'node:os';

const FOLDER = '/dev/shm';
/** Linux's number of tmpfs (statfs(2)). */
const TMPFS = 0x01021994;
/** All servers of a test run take up to 3 GiB; several runs may go on at once. */
const ROOM = 8 * 1024 ** 3;

/**
 * The folder that Linux keeps in memory, when there is plenty of room, or null. MySQL and MariaDB wait for the
 * disk at every CREATE and ALTER whatever they are told: in memory, tests take half the time.
 */
export function memoryFolder(): string | null {
  try {
    const { type, bavail, bsize } = statfsSync(FOLDER);
    return type === TMPFS && bavail * bsize >= ROOM && freemem() >= ROOM ? FOLDER : null;
  } catch {
    return null;
  }
}

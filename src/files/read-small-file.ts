import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { TIMING } from '../timing.ts';

/** No settings and no secret are longer; what is, is another file, or a device that never ends. */
const MOST_BYTES = 1024 * 1024;

/** What a pipe held can be read once: it is kept for who asks again. */
const pipes = new Map<string, Buffer>();

/**
 * Reads a file with settings or a secret, and no more than such a file has.
 *
 * @param path absolute
 * @throws Error with the code of the operating system, for `readProblem`: EFBIG for what is too long or has no
 *   end, ETIMEDOUT for a FIFO that nothing is written to
 */
export function readSmallFile(path: string, patienceMs = TIMING.fifoMs): Buffer {
  const before = pipes.get(path);
  if (before !== undefined) return before;
  // What would wait, as a FIFO without a writer does, must not keep signals waiting for ever.
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const stats = fstatSync(handle);
    if (stats.size > MOST_BYTES) throw problem('EFBIG');
    const content = readToEnd(handle, stats.isFIFO(), Date.now() + patienceMs);
    if (!stats.isFile()) pipes.set(path, content);
    return content;
  } finally {
    closeSync(handle);
  }
}

function readToEnd(handle: number, isFifo: boolean, deadline: number): Buffer {
  const content = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  for (;;) {
    const read = readNow(handle, content, length);
    length += read ?? 0;
    if (length > MOST_BYTES) throw problem('EFBIG');
    // A FIFO has no end before somebody wrote to it.
    if (read === 0 && (length > 0 || !isFifo)) return Buffer.from(content.subarray(0, length));
    if (read !== null && read > 0) continue;
    if (Date.now() > deadline) throw problem('ETIMEDOUT');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

/** Null when there is nothing yet. */
function readNow(handle: number, into: Buffer, at: number): number | null {
  try {
    return readSync(handle, into, at, into.length - at, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}

function problem(code: keyof typeof PROBLEMS): Error {
  return Object.assign(new Error(PROBLEMS[code]), { code });
}

const PROBLEMS = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EFBIG: 'it is larger than 1 MiB, or has no end',
  ETIMEDOUT: 'nothing was written to it for five seconds',
} as const;

/** Why a file could not be read, in words. */
export function readProblem(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return (PROBLEMS as Readonly<Record<string, string>>)[code] ?? code;
}

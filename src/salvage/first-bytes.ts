import { openSync, readSync, statSync } from 'node:fs';

/** One handle for each file, not for each look; a file that took the place of another is one of its own. */
const handles = new Map<string, number>();

/**
 * The beginning of a database file, at most so many bytes.
 *
 * The handle stays open until the process ends: to close one drops every POSIX lock that this process has on the
 * file, through whatever handle it got them (https://www.sqlite.org/howtocorrupt.html, 2.2).
 *
 * @throws the file system's error
 */
export function firstBytes(path: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(handleOf(path), bytes, 0, length, 0));
}

function handleOf(path: string): number {
  const { dev, ino } = statSync(path);
  const key = `${dev}:${ino}:${path}`;
  const handle = handles.get(key) ?? openSync(path, 'r');
  handles.set(key, handle);
  return handle;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { megabytes } from '../database/megabytes.ts';
import { refuseWhenStopped } from '../database/refuse-when-stopped.ts';
import type { Progress } from '../progress.ts';

/**
 * The SHA-256 of a file in hexadecimal, read in pieces.
 *
 * @param file its path, or a handle that is open for reading and stays so
 */
export async function sha256OfFile(
  file: string | number,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const tell = megabytes(progress);
  const open = typeof file === 'number' ? { fd: file, autoClose: false, start: 0 } : {};
  for await (const chunk of createReadStream(String(file), { ...open, highWaterMark: 1 << 20 })) {
    refuseWhenStopped(signal);
    hash.update(chunk as Buffer);
    tell((chunk as Buffer).length);
  }
  return hash.digest('hex');
}

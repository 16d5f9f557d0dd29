import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { isRunning } from '../database/this-process.ts';
import { writeNewFile } from '../files/new-file.ts';

/**
 * Lies beside a backup while it is made, as `<stem>.part`, and says who makes it and of what. So a later run can
 * tell what a killed one left from what another is busy with.
 */
const claimSchema = z.object({
  writer: z.object({ host: z.string(), pid: z.int().positive() }),
  source: z.object({ dialect: z.string(), url: z.string() }),
});

export type Claim = z.infer<typeof claimSchema>;

/** Nobody copies a database for so long without writing a byte. */
const SILENT_MS = 24 * 60 * 60 * 1000;

export const claimFile = (place: string, stem: string) => join(place, `${stem}.part`);

/** Makes the file unless somebody has: false then. */
export function writeClaim(path: string, { dialect, url }: Claim['source']): boolean {
  const claim: Claim = { writer: { host: hostname(), pid: process.pid }, source: { dialect, url } };
  try {
    writeNewFile(path, `${JSON.stringify(claim)}\n`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null when there is none that can be read. */
export function readClaim(path: string): Claim | null {
  try {
    return claimSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}

/**
 * Whether nobody is making the backup any more. A process of another machine or container cannot be asked: it
 * counts as gone when it has not written for a day.
 *
 * @param files absolute; what there is of the backup
 */
export function isAbandoned({ writer }: Claim, files: readonly string[], now: Date): boolean {
  if (writer.host === hostname()) return writer.pid === process.pid || !isRunning(writer.pid);
  const written = files.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return now.getTime() - Math.max(0, ...written) > SILENT_MS;
}

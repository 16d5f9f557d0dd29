import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import type { UntouchedCopy } from '../../backup/back-up-untouched.ts';
import { sha256OfFile } from '../../backup/sha256-of-file.ts';
import { sqliteBackupFolder } from '../../database/sqlite/backup.ts';
import { isSqliteError, openFile } from '../../database/sqlite/driver.ts';
import { openElsewhere } from '../../database/sqlite/processes.ts';
import { writeNewFile } from '../../files/new-file.ts';
import { noProgress } from '../../progress.ts';

const factsSchema = z.object({
  /** Name of the new file, beside the damaged one. */
  salvaged: z.string(),
  /** What was recovered, a line each. */
  lines: z.array(z.string()).readonly(),
  /** What was lost, or may be, a line each. */
  losses: z.array(z.string()).readonly(),
  /** Rows that point at rows that are gone. */
  dangling: z.number(),
  /** The table of rows without a sure place; empty when there are none. */
  lostAndFound: z.string(),
});

/** What is known of a salvage when it is over. */
export type SalvageFacts = Readonly<z.infer<typeof factsSchema>>;

/** A salvage of before whose new file is still there. */
export interface EarlierSalvage {
  readonly facts: SalvageFacts;
  /** Absolute; the new file. */
  readonly salvaged: string;
  readonly copy: UntouchedCopy;
}

/** Kept with the untouched copy, which says what was salvaged from. */
const RECORD = 'salvage.json';

export function recordSalvage({ file }: UntouchedCopy, facts: SalvageFacts): void {
  writeNewFile(join(dirname(file), RECORD), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Those of the file at `path` as far as sizes can tell, the newest first. Reads no database. */
export function earlierSalvages(path: string): readonly EarlierSalvage[] {
  const place = sqliteBackupFolder(path);
  // Without such a folder, or one that is ours to read, nothing is known of before.
  const names = orNull(() => readdirSync(place)) ?? [];
  const folders = names.filter((name) => name.startsWith('damaged-')).toSorted();
  return folders.toReversed().flatMap((name): EarlierSalvage[] => {
    const record = join(place, name, RECORD);
    const facts = orNull(() => factsSchema.parse(JSON.parse(readFileSync(record, 'utf8'))));
    if (facts === null) return [];
    const salvaged = join(dirname(path), basename(facts.salvaged));
    const file = join(place, name, basename(path));
    if (sizeOf(salvaged) === null || sizeOf(file) !== sizeOf(path)) return [];
    const beside = (suffix: string) => (sizeOf(file + suffix) === null ? null : file + suffix);
    const copy = { file, wal: beside('-wal'), journal: beside('-journal'), bytes: sizeOf(file) ?? 0 };
    return [{ facts, salvaged, copy }];
  });
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Whether a copy is what a database file and its -wal and -journal are now, by their hashes. */
export async function isCopyOf(
  path: string,
  { file }: Pick<UntouchedCopy, 'file'>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const suffix of ['', '-wal', '-journal']) {
    // An empty one is none.
    const [size, was] = [sizeOf(path + suffix) ?? 0, sizeOf(file + suffix) ?? 0];
    if (size !== was) return false;
    if (size === 0) continue;
    const hash = await sha256OfFile(path + suffix, noProgress, signal);
    if (hash !== (await sha256OfFile(file + suffix, noProgress, signal))) return false;
  }
  return true;
}

const sizeOf = (file: string): number | null => statSync(file, { throwIfNoEntry: false })?.size ?? null;

/**
 * Why a file that was salvaged before cannot take the place of the database, or null. Somebody may have repaired
 * it by hand since: what is in its -wal is brought into the file.
 */
export function problemOfSalvaged(file: string): string | null {
  const users = openElsewhere(file);
  if (users.length > 0) return `it is open: ${users.map(({ text }) => text).join(', ')}`;
  try {
    const db = openFile(file, { fileMustExist: true, timeout: 0 });
    try {
      db.pragma('wal_checkpoint(TRUNCATE)');
      const damage = db.pragma('integrity_check', { simple: true });
      if (damage !== 'ok') return String(damage);
    } finally {
      db.close();
    }
  } catch (error) {
    if (isSqliteError(error)) return error.message;
    throw error;
  }
  return (sizeOf(`${file}-wal`) ?? 0) > 0 ? 'its -wal is in use' : null;
}

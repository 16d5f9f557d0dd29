import { statSync } from 'node:fs';
import { isSqliteError, openFile } from '../../../database/sqlite/driver.ts';
import { openElsewhere } from '../../../database/sqlite/open-elsewhere.ts';

/**
 * Why a file that was salvaged before cannot take the place of the database, or null. Somebody may have mended it
 * by hand since: what is in its -wal is brought into the file.
 */
export function problemOfSalvaged(file: string): string | null {
  const users = openElsewhere(file, process.pid);
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
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 ? 'its -wal is in use' : null;
}

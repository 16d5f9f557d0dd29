import { sqliteBytes } from '../../../database/sqlite/backup.ts';
import { readHeader } from './header.ts';

/**
 * How many bytes a migration may need beside the database. Measured with the sample, two thirds of whose pages are
 * rebuilt: 0.8 of its size with a rollback journal. In WAL mode the new pages are written twice, to the log and
 * then to the file: below 1.5 of its size it commits, but the log cannot be brought over any more.
 */
export function migrationBytes(path: string): number {
  return Math.ceil(sqliteBytes(path) * (readHeader(path)?.journal === 'wal' ? 1.5 : 1));
}

import type { BackupToolContext } from './backup-tool.ts';
import type { Connection } from './connection.ts';
import { withDatabase } from './with-database.ts';

/** A connection of a backup tool's own, beside that of the run it serves. One attempt: the run has found the server. */
export function connectOnce<T>(
  { target, onStatement }: Pick<BackupToolContext, 'target' | 'onStatement'>,
  access: 'read' | 'write',
  use: (db: Connection) => Promise<T>,
): Promise<T> {
  return withDatabase(target, { access, retries: 0, retryIntervalMs: 0, onStatement }, use);
}

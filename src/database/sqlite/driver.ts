import type BetterSqlite3 from 'better-sqlite3';
import { nativeModule } from '../../native-modules.ts';

/**
 * Opens a file, or `:memory:`. Nothing of the driver is loaded before: what only reads files needs none.
 *
 * @throws GatewayError NATIVE_MODULE; otherwise the driver's own error (`isSqliteError`)
 */
export function openFile(path: string, options: BetterSqlite3.Options = {}): BetterSqlite3.Database {
  return new (nativeModule('sqlite'))(path, options);
}

/** Whether SQLite said it, through whichever version of the driver. */
export function isSqliteError(error: unknown): error is InstanceType<typeof BetterSqlite3.SqliteError> {
  return error instanceof Error && error.name === 'SqliteError';
}

/** Of the SQLite in the driver. @throws GatewayError NATIVE_MODULE */
export function sqliteVersion(): string {
  const memory = openFile(':memory:');
  try {
    return String(memory.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    memory.close();
  }
}

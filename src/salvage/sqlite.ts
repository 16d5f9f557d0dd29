import type { Database, SqliteError } from 'better-sqlite3';

/** Opens a file with SQLite; one that is not there is made unless it is only read. */
export type OpenFile = (path: string, options?: { readonly readonly?: boolean }) => Database;

/** Whether SQLite said it, through whichever version of the driver. */
export function isSqliteError(error: unknown): error is InstanceType<typeof SqliteError> {
  return error instanceof Error && error.name === 'SqliteError';
}

/** What SQLite says against something, or null. */
export function refusalOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (isSqliteError(error)) return error.message;
    throw error;
  }
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

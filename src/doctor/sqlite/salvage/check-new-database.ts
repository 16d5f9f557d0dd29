import type { Database } from 'better-sqlite3';

export interface NewDatabaseCheck {
  /** Lines of `integrity_check`; none for a sound file. */
  readonly damage: readonly string[];
  /** Rows whose foreign key points at nothing, by the table they are in. */
  readonly dangling: ReadonlyMap<string, number>;
}

/** Proves what was made: its pages, and where rows point. */
export function checkNewDatabase(db: Database): NewDatabaseCheck {
  const lines = db.pragma('main.integrity_check') as { integrity_check: string }[];
  const dangling = new Map<string, number>();
  try {
    for (const row of db.prepare<[], { table: string }>('PRAGMA main.foreign_key_check').iterate()) {
      dangling.set(row.table, (dangling.get(row.table) ?? 0) + 1);
    }
  } catch {
    // A key that points at a table that was lost: which table is told with the tables.
    dangling.clear();
  }
  return { damage: lines.map((line) => line.integrity_check).filter((line) => line !== 'ok'), dangling };
}

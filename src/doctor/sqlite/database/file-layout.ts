import { sql } from 'kysely';
import type { Connection } from '../../../database/connection.ts';

/** What the header of an open file says. */
export interface FileLayout {
  readonly journalMode: string;
  readonly pageSize: number;
  readonly pages: number;
  readonly freePages: number;
  readonly encoding: string;
  readonly autoVacuum: number;
}

export async function readFileLayout(db: Connection): Promise<FileLayout> {
  // Not every pragma can be read as a table: journal_mode cannot.
  const [mode] = await db.query<{ journal_mode: string }>(sql`PRAGMA journal_mode`);
  const [row] = await db.query<Omit<FileLayout, 'journalMode'>>(sql`
    SELECT s.page_size AS pageSize, p.page_count AS pages, f.freelist_count AS freePages, e.encoding,
           a.auto_vacuum AS autoVacuum
    FROM pragma_page_size s, pragma_page_count p, pragma_freelist_count f, pragma_encoding e,
         pragma_auto_vacuum a`);
  if (row === undefined) throw new Error('SQLite tells nothing about the file');
  return { ...row, journalMode: mode?.journal_mode ?? '' };
}

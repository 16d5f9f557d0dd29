import { sql } from 'kysely';
import { fine, found } from '../../../checks/check.ts';
import type { Connection } from '../../../database/connection.ts';
import { GatewayError } from '../../../errors.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { readHeader } from '../../../salvage/index.ts';
import { realFile } from '../file/file-check.ts';
import { fileFilesystem } from '../file/places.ts';
import type { InsideCheck } from './inside-check.ts';

/** What the header of an open file says. */
interface FileLayout {
  readonly journalMode: string;
  readonly pageSize: number;
  readonly pages: number;
  readonly freePages: number;
}

export async function readFileLayout(db: Connection): Promise<FileLayout> {
  // Not every pragma can be read as a table: journal_mode cannot.
  const [mode] = await db.query<{ journal_mode: string }>(sql`PRAGMA journal_mode`);
  const [row] = await db.query<Omit<FileLayout, 'journalMode'>>(sql`
    SELECT s.page_size AS pageSize, p.page_count AS pages, f.freelist_count AS freePages
    FROM pragma_page_size s, pragma_page_count p, pragma_freelist_count f`);
  if (row === undefined) throw new Error('SQLite tells nothing about the file');
  return { ...row, journalMode: mode?.journal_mode ?? '' };
}

/** A file of this size is in use by people: then a writer that keeps all readers waiting is felt. */
const IN_USE = 10_000_000;

export const databaseJournalMode: InsideCheck = {
  id: 'database.journal-mode',
  title: 'The journal mode suits how the gateway works',
  level: 'warning',
  hint: 'Without WAL mode whoever writes keeps everybody else waiting, readers too: that is where "database is locked" comes from when several workers run. The mode stays with the file.',
  async find({ db, target }) {
    const { journalMode, pages, freePages, pageSize } = await readFileLayout(db);
    const wanted = target.pragmas.find(({ name }) => name === 'journal_mode')?.value;
    const used = (pages - freePages) * pageSize;
    const facts = `the journal mode is ${journalMode}, the file holds ${byteSize(used)}`;
    const isMissing = wanted === undefined ? used > IN_USE : wanted === 'wal';
    if (journalMode === 'wal' || !isMissing) return fine(facts);
    return found([wanted === 'wal' ? `${facts}, and DATABASE_URL asks for wal` : facts], {
      command: `sqlite3 ${target.path} 'PRAGMA journal_mode = WAL'`,
    });
  },
  async repair(context) {
    // WAL mode needs memory that all processes share, which no network gives.
    if (context.target.readOnly || (await fileFilesystem.find(context)).count > 0) return null;
    return {
      summary: ['Switch the file to WAL mode; the gateway must not be at work meanwhile'],
      run: () =>
        context.connect('write', async (db) => {
          const [mode] = await db.query<{ journal_mode: string }>(sql`PRAGMA journal_mode = WAL`);
          if (mode?.journal_mode === 'wal') return ['the journal mode is wal'];
          throw new GatewayError('BUSY', `The journal mode is still ${mode?.journal_mode}.`, {
            hint: 'Stop the gateway, then run the command again. Nothing was changed.',
          });
        }),
    };
  },
};

export const databaseVersion: InsideCheck = {
  id: 'database.version',
  title: 'No newer SQLite than the one built in wrote the file',
  level: 'info',
  hint: 'A newer SQLite wrote the file last. Its format is the same, but its SQL may use what older programs do not know; keep the versions together where you can.',
  async find({ db, target }) {
    const writtenBy = readHeader(realFile(target))?.writtenBy ?? '';
    const { version } = db.dialect.server;
    const facts = `written by SQLite ${writtenBy}, built in is ${version}`;
    return compareVersions(writtenBy, version) > 0 ? found([facts]) : fine(facts);
  },
};

function compareVersions(a: string, b: string): number {
  const [x, y] = [a.split('.').map(Number), b.split('.').map(Number)];
  const place = x.findIndex((part, i) => part !== y[i]);
  return place < 0 ? 0 : (x[place] ?? 0) - (y[place] ?? 0);
}

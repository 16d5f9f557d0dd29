import { sql } from 'kysely';
import { GatewayError } from '../../../errors.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { fileFilesystem } from '../file/file-filesystem.ts';
import { readFileLayout } from './file-layout.ts';
import type { InsideExamination } from './inside-examination.ts';

/** A file of this size is in use by people: then a writer that keeps all readers waiting is felt. */
const IN_USE = 10_000_000;

export const databaseJournalMode: InsideExamination = {
  id: 'database.journal-mode',
  title: 'The journal mode suits how the gateway works',
  level: 'warning',
  meaning:
    'Without WAL mode whoever writes keeps everybody else waiting, readers too: that is where "database is locked" comes from when several workers run. The mode stays with the file.',
  command: '',
  async find({ db, target }) {
    const { journalMode, pages, freePages, pageSize } = await readFileLayout(db);
    const wanted = target.pragmas.find(({ name }) => name === 'journal_mode')?.value;
    const used = (pages - freePages) * pageSize;
    const facts = `the journal mode is ${journalMode}, the file holds ${byteSize(used)}`;
    const isMissing = wanted === undefined ? used > IN_USE : wanted === 'wal';
    if (journalMode === 'wal' || !isMissing) return { count: 0, sample: [facts] };
    return {
      count: 1,
      sample: [wanted === 'wal' ? `${facts}, and DATABASE_URL asks for wal` : facts],
      command: `sqlite3 ${target.path} 'PRAGMA journal_mode = WAL'`,
    };
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

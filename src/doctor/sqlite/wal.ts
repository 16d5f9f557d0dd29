import { constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { backUpUntouched } from '../../backup/back-up-untouched.ts';
import { damagedFolder } from '../../backup/damaged-folder.ts';
import { fine, found } from '../../checks/check.ts';
import { sqliteBackupFolder } from '../../database/sqlite/backup.ts';
import {
  covers,
  describeProcess,
  fileLocks,
  fileUsers,
  LOCK_BYTES,
  writeLockHolder,
} from '../../database/sqlite/processes.ts';
import { GatewayError } from '../../errors.ts';
import { advise, mcpgw, shell } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import { shellWord } from '../../report/shell-word.ts';
import {
  type CommittedPages,
  committedPages,
  type Journal,
  lostInWal,
  missingPages,
  readHeader,
  readJournal,
  readWal,
} from '../../salvage/index.ts';
import { accessProblem } from './access.ts';
import { damageCheck } from './damage.ts';
import { type FileCheck, type FileContext, fileCheck, realFile } from './file-check.ts';
import { holdersOf, lastingLocks } from './holders.ts';
import { salvageRepair } from './salvage-repair.ts';

/** Whether this user may read and write a file that is there, and its journal or folder. */
async function mayWrite(...places: readonly string[]): Promise<boolean> {
  for (const place of places) {
    if ((await accessProblem(place, constants.R_OK | constants.W_OK)) !== null) return false;
  }
  return true;
}

export const fileWalMatch = fileCheck({
  id: 'file.wal-match',
  title: 'The -wal file belongs to this database',
  level: 'error',
  hint: 'The database was put under the -wal of another one, as when a copy is restored by hand. Whoever opens it gets the other’s pages mixed into it: open it with nothing until the -wal file is moved away. Move it, do not delete it: it may hold what another database lacks.',
  decisive: true,
  find(path) {
    const header = readHeader(path);
    const wal = readWal(`${path}-wal`);
    if (header === null || wal === null || wal.committed === 0) return fine();
    const problem =
      header.journal !== 'wal'
        ? `${path} is not in WAL mode, but ${path}-wal has ${wal.committed} pages that SQLite would take for its own`
        : header.pageSize !== wal.pageSize
          ? `${path} has pages of ${header.pageSize} bytes, ${path}-wal of ${wal.pageSize}`
          : null;
    const word = shellWord(`${path}-wal`);
    return found(problem === null ? [] : [problem], {
      command: shell(`mv -n ${word} ${word}.of-another-database`),
    });
  },
});

export const fileWalWhole: FileCheck = {
  ...damageCheck<FileContext>({
    id: 'file.wal-whole',
    title: 'SQLite finds every commit in the -wal file',
    hint: 'The -wal file is damaged in front of changes that were committed. SQLite ignores those without a word, and the next program that opens the database for writing removes them for good: open it with nothing, and keep the database and its -wal together.',
    advice:
      'Restore a backup, or salvage: both files are copied first, and a new one gets everything that is readable.',
    preflight: 'refuse',
    async damage({ target }) {
      const lost = await lostInWal(realFile(target));
      return lost === null ? [] : [lost];
    },
  }),
  async repair(context, { sample }) {
    const repair = salvageRepair(context);
    if (repair === null) return null;
    return {
      summary: [...repair.summary, 'What is behind the damage in the -wal stays in that copy only'],
      async run(hands) {
        // Before it is asked whether the new file shall take the place of the old one.
        for (const lost of sample) {
          hands.warn(`These changes are in the copy that is kept, and not in the new file: ${lost}`);
        }
        return repair.run(hands);
      },
    };
  },
};

/** SQLite begins a checkpoint at 1000 pages, 4 MB as a rule: far beyond that something keeps it from ending. */
const LARGE = 64_000_000;
const LARGE_FOR_A_SMALL_DATABASE = 16_000_000;

export const fileWal = fileCheck({
  id: 'file.wal',
  title: 'No changes wait in the -wal file',
  level: 'warning',
  hint: 'The last changes are in the -wal file and not in the database file yet. Nothing is lost as long as the two stay together: a copy of the database alone lacks them, and deleting the -wal deletes them. A checkpoint brings them over.',
  command: mcpgw('doctor', '--repair'),
  async find(path, context) {
    const wal = readWal(`${path}-wal`);
    if (wal === null) {
      return existsSync(`${path}-shm`) ? fine(`${path}-shm is left over, which is harmless`) : fine();
    }
    const { open } = await holdersOf(context);
    const facts = `${path}-wal of ${byteSize(wal.bytes)}: ${wal.pending} committed pages are not in the database file yet`;
    if (isLarge(wal.bytes, statSync(path).size)) {
      const readers = await lastingLocks(() =>
        fileLocks(`${path}-shm`).filter((lock) => covers(lock, LOCK_BYTES.walRead)),
      );
      const blocking = readers.map(
        (pid) => `${describeProcess(pid).text}, reads and keeps it from being emptied`,
      );
      return { count: 1, sample: [`${facts}; it is very large`, ...blocking] };
    }
    // Of a gateway that runs this is no more than its work.
    if ((wal.pending === 0 && wal.doubt === null) || open.length > 0) return fine(facts);
    const doubt = wal.doubt === null ? [] : [`${path}-wal: ${wal.doubt}`];
    return { count: 1, sample: [`${facts}; the program that wrote them was killed`, ...doubt] };
  },
  async repair(path, context) {
    if (!(await mayWrite(path, `${path}-wal`, dirname(path)))) return null;
    const wal = readWal(`${path}-wal`);
    if (wal === null || wal.lost !== null) return null;
    const keep = wal.doubt === null ? [] : ['Keep a copy of the database and its -wal as they are'];
    return {
      summary: [
        ...keep,
        `Checkpoint: copy what is in ${path}-wal into the database, and empty the -wal`,
        'Compare every page that was committed with what the database has then',
      ],
      async run({ signal }) {
        const folder = damagedFolder(sqliteBackupFolder(path), context.now);
        const kept = wal.doubt === null ? null : await backUpUntouched({ path, folder, signal });
        const pages = committedPages(`${path}-wal`);
        const [result] = await context.connect('write', (db) =>
          db.query<{ busy: number; log: number }>(sql`PRAGMA wal_checkpoint(TRUNCATE)`),
        );
        if (result?.busy !== 0) {
          const message = `${path}-wal could not be emptied: somebody is reading or writing.`;
          throw new GatewayError('BUSY', message, {
            hint: 'Stop the gateway, then run mcpgw doctor --repair again. Nothing was lost.',
          });
        }
        return [
          ...(kept === null ? [] : [`kept as it was: ${kept.file} and its -wal`]),
          ...(await compared(context, pages)),
          `checkpoint done: ${path} has ${byteSize(statSync(path).size)}, its -wal ${byteSize(sizeOf(`${path}-wal`))}`,
        ];
      },
    };
  },
});

/** @throws GatewayError CORRUPT when a page did not arrive */
async function compared(context: FileContext, pages: CommittedPages): Promise<readonly string[]> {
  // Whoever has it open may have changed the pages since. Asked anew: a copy of the context has no old answer.
  if ((await holdersOf({ ...context })).open.length > 0) return [];
  const path = realFile(context.target);
  const missing = missingPages(path, pages);
  if (missing.length === 0) return [`${pages.hashes.size} committed pages were compared: all are in ${path}`];
  const message = `${missing.length} of ${pages.hashes.size} pages are not in ${path} as they were committed.`;
  throw new GatewayError('CORRUPT', message, {
    details: [`pages ${missing.slice(0, 10).join(', ')}`],
    hint: advise`Look at the disk, then restore a backup (mcpgw backup --list), or salvage: ${mcpgw('doctor', '--repair')}`,
  });
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** @param database size in bytes */
export function isLarge(wal: number, database: number): boolean {
  return wal > LARGE || (wal > database && wal > LARGE_FOR_A_SMALL_DATABASE);
}

const LOOK_AGAIN_MS = 50;

export const fileJournal = fileCheck({
  id: 'file.journal',
  title: 'No transaction was broken off',
  level: 'error',
  hint: 'A program was killed while it wrote, and the file is half changed until the transaction is taken back, which the next program that opens the database for writing does by itself; nothing that was committed is lost. Until then nobody can read it, and without its -journal the database is damaged: never delete that file.',
  command: mcpgw('doctor', '--repair'),
  decisive: true,
  async find(path, context) {
    const journal = await hotJournal(path, context);
    if (journal === null) return fine();
    const { bytes, modified, pages } = journal;
    return found([
      `${path}-journal of ${byteSize(bytes)}, last written ${modified.toISOString().slice(0, 19)}Z, belongs to nobody; before the transaction the database had ${pages} pages`,
    ]);
  },
  async repair(path, context) {
    if (!(await mayWrite(path, `${path}-journal`))) return null;
    return {
      summary: [
        'Let SQLite take the broken transaction back, as the gateway would when it starts',
        'Everything that was committed stays',
      ],
      async run() {
        const before = statSync(path).size;
        const tables = await context.connect('write', (db) =>
          db.query<{ n: number }>(sql`SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'`),
        );
        if (readJournal(`${path}-journal`) !== null && !isInUse(path)) {
          throw new GatewayError('FAILED', `${path}-journal is still there.`, {
            hint: 'SQLite did not take the transaction back. Nothing was lost: keep both files together.',
          });
        }
        return [
          `taken back: ${path} has ${byteSize(statSync(path).size)} (it had ${byteSize(before)}) and ${tables[0]?.n ?? 0} tables`,
        ];
      },
    };
  },
});

/** A journal that nobody is working with. Looks twice: the transaction of a living program may just end. */
async function hotJournal(path: string, context: FileContext): Promise<Journal | null> {
  const file = `${path}-journal`;
  const journal = readJournal(file);
  if (journal === null || isInUse(path)) return null;
  // Where locks cannot be listed, whoever has the file open may be the one who writes.
  if (process.platform !== 'linux' && (await holdersOf(context)).open.length > 0) return null;
  await sleep(LOOK_AGAIN_MS);
  const again = readJournal(file);
  const isSame = again?.inode === journal.inode && again.modified.getTime() === journal.modified.getTime();
  return isSame && !isInUse(path) ? journal : null;
}

function isInUse(path: string): boolean {
  return writeLockHolder(path) !== null || fileUsers([`${path}-journal`]).open.length > 0;
}

import { constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { sql } from 'kysely';
import { backUpUntouched } from '../../../backup/back-up-untouched.ts';
import { damagedFolder } from '../../../backup/damaged-folder.ts';
import { sqliteBackupFolder } from '../../../database/sqlite/backup.ts';
import { describeProcess } from '../../../database/sqlite/describe-process.ts';
import { covers, fileLocks, LOCK_BYTES } from '../../../database/sqlite/file-locks.ts';
import { readWal } from '../../../database/sqlite/wal.ts';
import { GatewayError } from '../../../errors.ts';
import { byteSize } from '../../../report/byte-size.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { TargetContext } from '../../context.ts';
import { accessProblem } from './access-problem.ts';
import { type CommittedPages, committedPages, missingPages } from './committed-pages.ts';
import type { FileExamination } from './file-examination.ts';
import { holdersOf } from './holders-of.ts';
import { lastingLocks } from './lasting-locks.ts';
import { realFile } from './real-file.ts';

/** SQLite begins a checkpoint at 1000 pages, 4 MB as a rule: far beyond that something keeps it from ending. */
const LARGE = 64_000_000;
const LARGE_FOR_A_SMALL_DATABASE = 16_000_000;

export const fileWal: FileExamination = {
  id: 'file.wal',
  title: 'No changes wait in the -wal file',
  level: 'warning',
  meaning:
    'The last changes are in the -wal file and not in the database file yet. Nothing is lost as long as the two stay together: a copy of the database alone lacks them, and deleting the -wal deletes them. A checkpoint brings them over.',
  command: 'mcpgw doctor --repair',
  async find(context) {
    const path = realFile(context.target);
    const wal = readWal(`${path}-wal`);
    if (wal === null) {
      const shm = existsSync(`${path}-shm`) ? [`${path}-shm is left over, which is harmless`] : [];
      return { count: 0, sample: shm };
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
    if ((wal.pending === 0 && wal.doubt === null) || open.length > 0) return { count: 0, sample: [facts] };
    return {
      count: 1,
      sample: [
        `${facts}; the program that wrote them was killed`,
        ...(wal.doubt === null ? [] : [`${path}-wal: ${wal.doubt}`]),
      ],
    };
  },
  async repair(context) {
    const { target, connect, now } = context;
    const path = realFile(target);
    const wanted = constants.R_OK | constants.W_OK;
    for (const place of [path, `${path}-wal`, dirname(path)]) {
      if ((await accessProblem(place, wanted)) !== null) return null;
    }
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
        const folder = damagedFolder(sqliteBackupFolder(path), now);
        const kept = wal.doubt === null ? null : await backUpUntouched({ path, folder, signal });
        const pages = committedPages(`${path}-wal`);
        const [result] = await connect('write', (db) =>
          db.query<{ busy: number; log: number }>(sql`PRAGMA wal_checkpoint(TRUNCATE)`),
        );
        if (result?.busy !== 0) {
          throw new GatewayError(
            'BUSY',
            `${path}-wal could not be emptied: somebody is reading or writing.`,
            {
              hint: 'Stop the gateway, then run mcpgw doctor --repair again. Nothing was lost.',
            },
          );
        }
        return [
          ...(kept === null ? [] : [`kept as it was: ${kept.file} and its -wal`]),
          ...(await compared(context, pages)),
          `checkpoint done: ${path} has ${byteSize(statSync(path).size)}, its -wal ${byteSize(sizeOf(`${path}-wal`))}`,
        ];
      },
    };
  },
};

/** @throws GatewayError CORRUPT when a page did not arrive */
async function compared(
  context: TargetContext<SqliteTarget>,
  pages: CommittedPages,
): Promise<readonly string[]> {
  // Whoever has it open may have changed the pages since. Asked anew: a copy of the context has no old answer.
  if ((await holdersOf({ ...context })).open.length > 0) return [];
  const path = realFile(context.target);
  const missing = missingPages(path, pages);
  if (missing.length === 0) return [`${pages.hashes.size} committed pages were compared: all are in ${path}`];
  throw new GatewayError(
    'CORRUPT',
    `${missing.length} of ${pages.hashes.size} pages are not in ${path} as they were committed.`,
    {
      details: [`pages ${missing.slice(0, 10).join(', ')}`],
      hint: 'Look at the disk, then restore a backup (mcpgw backup --list), or salvage: mcpgw doctor --repair',
    },
  );
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** @param database size in bytes */
export function isLarge(wal: number, database: number): boolean {
  return wal > LARGE || (wal > database && wal > LARGE_FOR_A_SMALL_DATABASE);
}

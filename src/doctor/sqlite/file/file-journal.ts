import { constants, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { fileUsers } from '../../../database/sqlite/file-users.ts';
import { writeLockHolder } from '../../../database/sqlite/holder.ts';
import { GatewayError } from '../../../errors.ts';
import { byteSize } from '../../../report/byte-size.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { TargetContext } from '../../context.ts';
import { accessProblem } from './access-problem.ts';
import type { FileExamination } from './file-examination.ts';
import { holdersOf } from './holders-of.ts';
import { type Journal, readJournal } from './journal.ts';
import { realFile } from './real-file.ts';

const LOOK_AGAIN_MS = 50;

export const fileJournal: FileExamination = {
  id: 'file.journal',
  title: 'No transaction was broken off',
  level: 'error',
  meaning:
    'A program was killed while it wrote, and the file is half changed until the transaction is taken back, which the next program that opens the database for writing does by itself; nothing that was committed is lost. Until then nobody can read it, and without its -journal the database is damaged: never delete that file.',
  command: 'mcpgw doctor --repair',
  decisive: true,
  async find(context) {
    const journal = await hotJournal(context);
    if (journal === null) return { count: 0, sample: [] };
    const { bytes, modified, pages } = journal;
    return {
      count: 1,
      sample: [
        `${realFile(context.target)}-journal of ${byteSize(bytes)}, last written ${modified.toISOString().slice(0, 19)}Z, belongs to nobody; before the transaction the database had ${pages} pages`,
      ],
    };
  },
  async repair(context) {
    const path = realFile(context.target);
    for (const file of [path, `${path}-journal`]) {
      if ((await accessProblem(file, constants.R_OK | constants.W_OK)) !== null) return null;
    }
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
};

/** A journal that nobody is working with. Looks twice: the transaction of a living program may just end. */
async function hotJournal(context: TargetContext<SqliteTarget>): Promise<Journal | null> {
  const path = realFile(context.target);
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
  return writeLockHolder(path) !== null || fileUsers([`${path}-journal`], process.pid).open.length > 0;
}

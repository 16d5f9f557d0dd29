import { constants, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { fine, found } from '../../../checks/check.ts';
import { fileUsers } from '../../../database/sqlite/file-users.ts';
import { writeLockHolder } from '../../../database/sqlite/holder.ts';
import { GatewayError } from '../../../errors.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { type Journal, readJournal } from '../../../salvage/index.ts';
import { accessProblem } from './access-problem.ts';
import { type FileContext, fileCheck } from './file-check.ts';
import { holdersOf } from './holders.ts';

const LOOK_AGAIN_MS = 50;

export const fileJournal = fileCheck({
  id: 'file.journal',
  title: 'No transaction was broken off',
  level: 'error',
  hint: 'A program was killed while it wrote, and the file is half changed until the transaction is taken back, which the next program that opens the database for writing does by itself; nothing that was committed is lost. Until then nobody can read it, and without its -journal the database is damaged: never delete that file.',
  command: 'mcpgw doctor --repair',
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
  return writeLockHolder(path) !== null || fileUsers([`${path}-journal`], process.pid).open.length > 0;
}

import { linkSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { timeLabel } from '../../backup/time-label.ts';
import type { Hands } from '../../checks/check.ts';
import { checkCopy, countRows } from '../../database/sqlite/backup.ts';
import { translateSqliteError } from '../../database/sqlite/errors.ts';
import {
  fileError,
  keepModeAndOwner,
  removeDraft,
  setJournalMode,
  swap,
  takeForOurselves,
} from '../../database/sqlite/restore.ts';
import { GatewayError } from '../../errors.ts';
import { giveName, sync } from '../../files/new-file.ts';
import { noProgress } from '../../progress.ts';
import { advise, mcpgw, shell, type Text } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import { type InsideCheck, type InsideContext, realFile } from './file-check.ts';
import { readFileLayout } from './pragmas.ts';

const MUCH_SHARE = 0.25;
const MUCH_BYTES = 10_000_000;
const LOCK_MS = 5_000;

export const databaseFreelist: InsideCheck = {
  id: 'database.freelist',
  title: 'Little of the file is empty',
  level: 'warning',
  hint: 'The file is larger than what is in it: backups and checks read the empty part, too. Nothing is wrong with the data.',
  async find({ db, target }) {
    const { pages, freePages, pageSize } = await readFileLayout(db);
    const facts = `${byteSize(freePages * pageSize)} of ${byteSize(pages * pageSize)} are empty (${freePages} of ${pages} pages)`;
    const isMuch = freePages > MUCH_SHARE * pages && freePages * pageSize > MUCH_BYTES;
    return { count: isMuch ? 1 : 0, sample: [facts], command: shell(`sqlite3 ${target.path} VACUUM`) };
  },
  async repair(context) {
    if (context.target.readOnly) return null;
    const path = realFile(context.target);
    return {
      summary: [
        `Write ${path} anew without its empty pages (VACUUM INTO), and compare the rows of every table`,
        'The new file takes its place only when you say so (--swap); the old one is kept',
      ],
      run: (hands) => vacuum(context, hands),
    };
  },
};

async function vacuum({ target, now }: InsideContext, hands: Hands): Promise<readonly Text[]> {
  const path = realFile(target);
  const label = timeLabel(now);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const mayReplace = await hands.maySwap(
    `Let the smaller file take the place of ${path}? The old one is kept.`,
  );
  const progress = { ...noProgress, log: (line: string) => hands.log(line) };
  const held = await takeForOurselves({ progress, signal: hands.signal }, path, LOCK_MS);
  if (held === null)
    throw new GatewayError('CORRUPT', `${path} cannot be read.`, { hint: advise`Look: ${mcpgw('doctor')}` });
  try {
    const isWal = held.pragma('journal_mode', { simple: true }) === 'wal';
    held.prepare('VACUUM INTO ?').run(draft);
    checkCopy(draft, countRows(held), 'The new file');
    if (isWal) setJournalMode(draft, 'wal');
    keepModeAndOwner(path, draft);
    sync(draft);
    const extension = extname(path);
    const name = (what: string) =>
      join(dirname(path), `${basename(path, extension)}.${what}-${label}${extension}`);
    if (!mayReplace) {
      giveName(draft, name('vacuumed'));
      return [
        `the smaller file is ${name('vacuumed')}; nothing was changed`,
        advise`to put it in place: ${mcpgw('doctor', '--repair', '--swap')}`,
      ];
    }
    linkSync(path, name('before-vacuum'));
    swap(held, draft, path);
    sync(dirname(path));
    return [`the smaller file is in place, with the same rows; the old one is ${name('before-vacuum')}`];
  } catch (error) {
    throw translateSqliteError(error, path) ?? fileError(error, path) ?? error;
  } finally {
    held.close();
    removeDraft(draft);
  }
}

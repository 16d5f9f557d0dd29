import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Findings, fine, found } from '../../checks/check.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import {
  cutOff,
  firstBytes,
  judgeContent,
  MAGIC,
  readHeader,
  readJournal,
  readWal,
} from '../../salvage/index.ts';
import { folderInTheWay, toFindings } from './access.ts';
import { damageCheck, damageFindings } from './damage.ts';
import { type FileContext, fileCheck, realFile } from './file-check.ts';
import { salvageRepair } from './salvage-repair.ts';

export const fileExists = fileCheck({
  id: 'file.exists',
  title: 'The file is there',
  level: 'error',
  hint: 'There is no database where DATABASE_URL says. A relative path starts at the folder the program runs in, which may be another one than the gateway’s.',
  decisive: true,
  find(real, { target: { path } }) {
    let stats: Stats | undefined;
    try {
      stats = statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      return notReached(path, (error as NodeJS.ErrnoException).code ?? '');
    }
    if (stats === undefined) return missing(path);
    if (stats.isFile())
      return fine(`${path}${real === path ? '' : `, which is ${real}`}, ${byteSize(stats.size)}`);
    const isFolder = stats.isDirectory();
    const kind = isFolder ? 'folder' : stats.isSocket() ? 'socket' : stats.isFIFO() ? 'pipe' : 'device';
    return found([`${path} is a ${kind}, not a file`], {
      hint: 'Point DATABASE_URL at the database file itself.',
      ...(isFolder && suggestion(path)),
    });
  },
});

async function notReached(path: string, code: string): Promise<Findings> {
  if (code === 'ELOOP') return found([`${path} is a symbolic link that leads back to itself`]);
  if (code === 'ENOTDIR') return found([`${path}: a part of the path is a file, not a folder`]);
  const problem = (await folderInTheWay(path)) ?? (await folderInTheWay(leadsTo(path)));
  if (problem === null) return found([`${path} cannot be looked at (${code})`]);
  return toFindings(problem, 'This user cannot even see whether the database is there.');
}

/** Where a symbolic link leads, though it may not be followed. */
function leadsTo(path: string): string {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return path;
  }
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;

function missing(path: string): Findings {
  const folder = dirname(path);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    return found([`${path} is a symbolic link to ${readlinkSync(path)}, which is not there`]);
  }
  if (!isThere(folder)) return found([`${path} is not there, and neither is the folder ${folder}`]);
  const left = [`${path}-wal`, `${path}-journal`].flatMap((file) => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    return size === 0 ? [] : [`${basename(file)} of ${byteSize(size)} is left without its database`];
  });
  const sample = [`there is no ${basename(path)} in ${folder}`, ...left];
  if (left.length === 0) return { count: 1, sample, ...suggestion(folder) };
  return {
    count: 1,
    sample,
    hint: advise`What is left beside it holds data that is nowhere else: never delete it. Put the database back beside it under its old name before anything opens it, or restore a backup: ${mcpgw('backup', '--list')}`,
    command: mcpgw('backup', '--list'),
  };
}

/** A SQLite database right in a folder may be the one that was meant; only the first few files are looked at. */
function suggestion(folder: string): Pick<Findings, 'command'> {
  try {
    const other = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !/-(wal|shm|journal)$/.test(entry.name))
      .slice(0, 50)
      .map(({ name }) => join(folder, name))
      .find((file) => firstBytes(file, MAGIC.length).toString('latin1') === MAGIC);
    return other ? { command: mcpgw('doctor', '--database-url', `sqlite:///${other}`) } : {};
  } catch {
    return {};
  }
}

/** Enough to tell random bytes from others, and the whole of the first page as a rule. */
const LOOKED_AT = 4_096;
const WRONG_FILE =
  'Check the path in DATABASE_URL. If it is the right one, restore a backup (mcpgw backup --list shows them; then mcpgw restore).';

/** What to do with a file that is no database, by the advice of `judgeContent`. */
const ADVICE: Readonly<Record<string, string>> = {
  damaged: 'Restore a backup (mcpgw backup --list shows them; then mcpgw restore).',
  'wrong file': WRONG_FILE,
  empty: `${WRONG_FILE} For a new v0.7.0 database, move the empty file away, then run mcpgw migrate.`,
  encrypted: `The gateway and mcpgw only open plain SQLite files: decrypt it first. ${WRONG_FILE}`,
};

export const fileSqlite = fileCheck({
  id: 'file.sqlite',
  title: 'The file is a SQLite database',
  level: 'error',
  hint: 'SQLite will not open the file ("file is not a database"), so there is nothing to migrate in it.',
  command: mcpgw('backup', '--list'),
  decisive: true,
  async find(path, context) {
    const { size } = statSync(path);
    const content = judgeContent(firstBytes(path, LOOKED_AT));
    if ('problem' in content) {
      const hint = ADVICE[content.advice] ?? content.advice;
      const sample = [`${path}: ${content.problem} (${byteSize(size)})`];
      return { hint, ...(await damageFindings(context, sample, hint)) };
    }
    const { pageSize, journal, writtenBy } = content;
    const mode = journal === 'wal' ? 'WAL' : 'rollback journal';
    const pages = Math.floor(size / pageSize);
    return fine(
      `${byteSize(size)}, ${pages} pages of ${pageSize} bytes, ${mode}, last written by SQLite ${writtenBy}`,
    );
  },
  repair: (_, context) => salvageRepair(context),
});

export const fileWhole = damageCheck<FileContext>({
  id: 'file.whole',
  title: 'The file has all the pages its header counts',
  hint: 'The end of the database is missing, as after a copy that was broken off or a full disk. Do not write to it.',
  advice: 'Restore a backup, or salvage what is left.',
  async damage({ target }) {
    const path = realFile(target);
    const header = readHeader(path);
    // Until a transaction that was broken off is completed or taken back, the file may be of any size.
    const isSettled = !readWal(`${path}-wal`)?.committed && readJournal(`${path}-journal`) === null;
    const problem = header === null || !isSettled ? null : cutOff(header, statSync(path).size);
    return problem === null ? [] : [`${path}: ${problem}`];
  },
});

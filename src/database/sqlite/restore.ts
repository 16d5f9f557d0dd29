import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  createReadStream,
  createWriteStream,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';
import { sync } from '../../files/new-file.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import { otherTables, type RestoreRequest } from '../backup-tool.ts';
import { runLocked } from '../blocker.ts';
import { megabytes } from '../megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import { copySqlite, readCopy, type SqliteBackupContext } from './backup.ts';
import { openFile } from './driver.ts';
import { translateSqliteError } from './errors.ts';
import { fileUsers, type Holder, openElsewhere, realFile, writeLockHolder } from './processes.ts';

const LOCK_POLL_MS = 100;
const LET_GO_MS = 2_000;

/**
 * Puts a checked copy of the backup beside the database and swaps it in by a rename, while holding the old
 * file for itself: whoever looks sees the old database or the restored one.
 */
export async function restoreSqlite(context: SqliteBackupContext, request: RestoreRequest): Promise<void> {
  // It is the file that is replaced, not a link to it.
  const path = realFile(context.target.path);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  let live: Database | null = null;
  try {
    live = await takeForOurselves(context, path, request.lockTimeoutMs);
    const held = live;
    if (held !== null) removeLeftovers(path);
    if (held !== null) await request.beforeReplacing((file, look) => copySqlite(held, file, context, look));
    else if (existsSync(path)) await request.beforeReplacing(null);
    await copyBackup(context, request, draft);
    context.progress.start('Checking the copy');
    checkBackup(draft, request);
    if (request.notes.journalMode === 'wal') setJournalMode(draft, 'wal');
    keepModeAndOwner(path, draft);
    sync(draft);
    refuseWhenStopped(context.signal);
    swap(held, draft, path);
    sync(dirname(path));
    if (held !== null) await lettingGo(path);
    context.progress.done();
  } catch (error) {
    throw translateSqliteError(error, path) ?? fileError(error, path) ?? error;
  } finally {
    live?.close();
    removeDraft(draft);
  }
}

/**
 * Whoever opened the old file in the last moment waits for its lock, and would take the journal that lies beside the
 * new one for its own. As long as the old one stays locked it is told that it is busy, and opens the new one.
 */
async function lettingGo(path: string): Promise<void> {
  const deadline = Date.now() + LET_GO_MS;
  while (fileUsers([path]).replaced.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/** Removes a database that was made for a moment, with what is beside it. */
export function removeDraft(draft: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(draft + suffix, { force: true });
}

/** What killed restores left. No other can be at work: it would hold the database. */
function removeLeftovers(path: string): void {
  const start = `.${basename(path)}.`;
  const end = /^\d+\.part(-journal|-wal|-shm)?$/;
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(start) && end.test(name.slice(start.length))) rmSync(join(dirname(path), name));
  }
}

/** The rename, with nothing of the old database left beside it that the new one could take for its own. */
export function swap(held: Database | null, draft: string, path: string): void {
  if (held === null) {
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
    renameSync(draft, path);
    return;
  }
  const wasWal = held.pragma('journal_mode', { simple: true }) === 'wal';
  // Brings what is in the -wal file into the old database and removes the file.
  if (wasWal) held.pragma('journal_mode = DELETE');
  held.exec('BEGIN EXCLUSIVE');
  try {
    // A connection that may not write leaves it behind; one that holds the file for itself has no use for it.
    rmSync(`${path}-shm`, { force: true });
    renameSync(draft, path);
  } catch (error) {
    held.exec('ROLLBACK');
    if (wasWal) held.pragma('journal_mode = WAL');
    throw error;
  }
}

/**
 * Opens the database and keeps everybody else out, readers too, until the connection is closed. Null when
 * there is no database that could be opened: no file, or one that is damaged.
 *
 * @throws GatewayError LOCKED when another run was at work all the time, BUSY when somebody else has it open
 */
export async function takeForOurselves(
  { progress, signal }: Pick<SqliteBackupContext, 'progress' | 'signal'>,
  path: string,
  timeoutMs: number,
): Promise<Database | null> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined || hasUnreadableSchema(path)) return null;
  const run = new RunLockOf(path);
  const deadline = Date.now() + timeoutMs;
  try {
    for (let first = true; ; first = false) {
      refuseWhenStopped(signal);
      // The lock of a run is given back for this moment only, so that none can come before.
      run.release();
      const live = takeAlone(path);
      if (live !== null) return live;
      const running = run.take();
      const holder = running ?? usersOf(path);
      // A run that waits for this one lets go of the file; others must get at it meanwhile.
      if (running === null && holder?.isMcpgw === false) run.release();
      if (first && timeoutMs > 0 && holder !== null) progress.log(`Waiting for ${holder.text} …`);
      if (Date.now() >= deadline) {
        if (running?.isMcpgw) throw runLocked(running, timeoutMs);
        throw new GatewayError('BUSY', `${path} is in use: ${holder?.text ?? SOMEBODY}.`, {
          hint: 'Stop the gateway and everything else that has the database open, then run the command again. Nothing was changed.',
        });
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  } catch (error) {
    const known = translateSqliteError(error, path);
    if (known?.code === 'NOT_A_DATABASE' || known?.code === 'CORRUPT') return null;
    throw error;
  } finally {
    run.release();
  }
}

const SOMEBODY = 'another process has it open';

/** The lock that every run takes first: the one of the writer. */
class RunLockOf {
  readonly #path: string;
  #held: Database | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Who has it instead, or null. */
  take(): Holder | null {
    if (this.#held !== null) return null;
    const connection = openFile(this.#path, { fileMustExist: true, timeout: 0 });
    try {
      connection.exec('BEGIN IMMEDIATE');
      this.#held = connection;
      return null;
    } catch (error) {
      connection.close();
      if (translateSqliteError(error, this.#path)?.code !== 'BUSY') throw error;
      const holder = writeLockHolder(this.#path);
      return holder?.isMcpgw
        ? holder
        : (usersOf(this.#path) ?? { text: SOMEBODY, isMcpgw: false, end: null });
    }
  }

  release(): void {
    this.#held?.close();
    this.#held = null;
  }
}

/** Everybody else who has the file open, as one; null for nobody. */
function usersOf(path: string): Holder | null {
  const users = openElsewhere(path);
  if (users.length === 0) return null;
  return {
    text: users.map(({ text }) => text).join(', '),
    isMcpgw: users.every(({ isMcpgw }) => isMcpgw),
    end: null,
  };
}

/** A connection that nobody can come beside; null when somebody has the file. */
function takeAlone(path: string): Database | null {
  const before = statSync(path).ino;
  const live = openFile(path, { fileMustExist: true, timeout: 0 });
  try {
    live.pragma('locking_mode = EXCLUSIVE');
    // In this mode the lock outlives the transaction.
    live.exec('BEGIN EXCLUSIVE; COMMIT');
    // Another restore may have put another file there meanwhile.
    if (usersOf(path) === null && statSync(path).ino === before) return live;
  } catch (error) {
    live.close();
    if (translateSqliteError(error, path)?.code !== 'BUSY') throw error;
    return null;
  }
  live.close();
  return null;
}

/**
 * Whether the file opens and its list of tables is damaged: such a database can be locked, but neither copied nor
 * swapped through its connection. Looked at without a right to write, which leaves file and -wal as they are.
 */
function hasUnreadableSchema(path: string): boolean {
  let probe: Database | null = null;
  try {
    probe = openFile(path, { readonly: true, fileMustExist: true, timeout: 0 });
    probe.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    // Anything else, such as a lock, is told when the file is taken.
    return translateSqliteError(error, path)?.code === 'CORRUPT';
  } finally {
    probe?.close();
  }
}

/** Copies the file and proves at the same time that it is the one the manifest means. */
async function copyBackup(
  { progress, signal }: SqliteBackupContext,
  { file, sha256 }: RestoreRequest,
  draft: string,
): Promise<void> {
  const hash = createHash('sha256');
  progress.start('Copying the backup (MB)', Math.ceil(statSync(file).size / 1e6));
  const tell = megabytes(progress);
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      tell(chunk.length);
      done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(file), counting, createWriteStream(draft, { flags: 'wx', mode: 0o600 }), {
      signal,
    });
  } catch (error) {
    refuseWhenStopped(signal);
    throw error;
  }
  if (hash.digest('hex') !== sha256) {
    throw new GatewayError('CORRUPT', `${file} is not what it was when the backup was made.`, {
      hint: advise`Use another backup: ${mcpgw('backup', '--list')}. Nothing was changed.`,
    });
  }
}

/** @throws GatewayError CORRUPT that names the backup: the database itself has nothing to do with it */
function checkBackup(draft: string, { file, rows }: RestoreRequest): void {
  const damaged = (message: string, cause?: unknown) =>
    new GatewayError('CORRUPT', message, {
      hint: advise`Use another backup: ${mcpgw('backup', '--list')}. Nothing was changed.`,
      cause,
    });
  let found: ReadonlyMap<string, number>;
  try {
    found = readCopy(draft, `The backup ${file}`);
  } catch (error) {
    const known = error instanceof GatewayError ? error : translateSqliteError(error, `The backup ${file}`);
    if (known?.code !== 'CORRUPT' && known?.code !== 'NOT_A_DATABASE') throw error;
    throw damaged(known.message, error);
  }
  const missing = [...rows.keys()].filter((name) => !found.has(name));
  const surplus = [...found.keys()].filter((name) => !rows.has(name));
  if (missing.length > 0 || surplus.length > 0) throw otherTables(file, missing, surplus);
  const [wrong] = [...rows].filter(([name, n]) => found.get(name) !== n);
  if (wrong === undefined) return;
  const [table, n] = wrong;
  throw damaged(
    `The table ${table} of the backup ${file} has ${found.get(table)} rows, not ${n} as its manifest says.`,
  );
}

export function setJournalMode(file: string, mode: 'wal'): void {
  const draft = openFile(file, { fileMustExist: true });
  try {
    draft.pragma(`journal_mode = ${mode}`);
  } finally {
    draft.close();
  }
}

/** The gateway must be able to open the new file as it opened the old one. */
export function keepModeAndOwner(path: string, draft: string): void {
  const old = statSync(path, { throwIfNoEntry: false });
  if (old === undefined) return;
  const now = statSync(draft);
  try {
    if (old.uid !== now.uid || old.gid !== now.gid) chownSync(draft, old.uid, old.gid);
  } catch (error) {
    throw new GatewayError('PERMISSION', `${path} belongs to another user, and would not after the swap.`, {
      hint: `Run the command as the user with the id ${old.uid}, or as root. Nothing was changed.`,
      cause: error,
    });
  }
  chmodSync(draft, old.mode & 0o7777);
}

export function fileError(error: unknown, path: string): GatewayError | null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GatewayError('DISK_FULL', `The disk of ${path} is full.`, {
      hint: 'A restore needs room for a second copy beside the database. Nothing was changed.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new GatewayError('PERMISSION', `The folder of ${path} cannot be written.`, {
      hint: 'The database is replaced by a new file: its folder must be writable. Nothing was changed.',
      cause: error,
    });
  }
  if (code === 'EBUSY') {
    return new GatewayError('PERMISSION', `${path} is a mount point of its own and cannot be replaced.`, {
      hint: 'Mount its folder instead of the file, or restore where it is kept. Nothing was changed.',
      cause: error,
    });
  }
  return null;
}

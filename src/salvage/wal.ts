import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, realpathSync, statSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readWalIndex, type WalIndex, type WalLog, withWalLog } from './wal-log.ts';

/** What a write-ahead log holds (https://www.sqlite.org/walformat.html). */
export interface Wal {
  readonly bytes: number;
  readonly pageSize: number;
  /** Frames (a page each) up to the last commit that SQLite would find: every checksum before it is right. */
  readonly committed: number;
  /** Those of them that are not in the database file yet, as far as the `-shm` file tells. */
  readonly pending: number;
  /** For people: what was committed, is not in the database, and SQLite would ignore. Null for a sound log. */
  readonly lost: string | null;
  /** For people: what behind the last commit may or may not have been one. Null where that is known. */
  readonly doubt: string | null;
}

/**
 * Reads a `-wal` file and proves every checksum of it. Where the chain of them is broken, SQLite takes the log to
 * end: rightly so behind a round that began anew (other salts) or in a transaction that a killed program was
 * writing, and silently, too, where pages that were committed come behind.
 *
 * @returns null when there is none, or nothing in it that was ever a log of this database
 */
export function readWal(file: string): Wal | null {
  const database = file.replace(/-wal$/, '');
  // Before the log, since a commit gets into the log first.
  const index = readWalIndex(`${database}-shm`);
  return withWalLog(file, (log) => (log.salts === null ? headless(log, index, database) : sound(log, index)));
}

function sound(log: WalLog, index: WalIndex | null): Wal {
  const { bytes, pageSize } = log;
  const salts = log.salts ?? Buffer.alloc(0);
  const { valid, committed } = foundIn(log);
  const own = index?.salts.equals(salts) ? index : null;
  const copied = own?.copied ?? 0;
  const broken = valid + 1;
  const end = Math.max(lastCommit(log, salts, broken + 1), own?.frames ?? 0);
  const isCut = broken > log.wholeFrames;
  return {
    bytes,
    pageSize,
    committed,
    pending: Math.max(0, committed - copied),
    lost:
      end > Math.max(committed, copied)
        ? `${isCut ? `the file ends within frame ${broken}` : `frame ${broken} is damaged`}, and SQLite ignores it and all behind it: ${missing(Math.max(committed, copied), end)}`
        : null,
    // An index may be of whoever opened the log after it was cut off, and so knows no better.
    doubt:
      (isCut || own === null) && log.head(broken)?.salts.equals(salts) === true
        ? `frame ${broken} ${isCut ? 'is cut off' : 'is not whole'}: of a transaction that was not committed, or the end of the file is damaged`
        : null,
  };
}

/** A log without a header that SQLite would take: to it there is no log. */
function headless(log: WalLog, index: WalIndex | null, database: string): Wal | null {
  const { bytes, pageSize } = log;
  const salts = log.head(1)?.salts ?? null;
  const isSmall = log.wholeFrames === 0;
  const own = index !== null && (isSmall || salts?.equals(index.salts)) ? index : null;
  const copied = own?.copied ?? 0;
  const found = salts !== null && isLikeLog(log, database) ? lastCommit(log, salts, 1) : 0;
  const end = Math.max(found, own?.frames ?? 0);
  if (end <= copied) return null;
  return {
    bytes,
    pageSize,
    committed: 0,
    pending: 0,
    lost: `its header is ${bytes < 32 ? 'cut off' : 'damaged'}, and SQLite ignores all of it: ${missing(copied, end)}`,
    doubt: null,
  };
}

/** What SQLite would find: the last frame that is right, the last that ends a transaction, and the pages after it. */
function foundIn(log: WalLog): { valid: number; committed: number; pages: number } {
  let [valid, committed, pages] = [0, 0, 0];
  for (const { number, commit } of log.frames()) {
    valid = number;
    if (commit !== 0) [committed, pages] = [number, commit];
  }
  return { valid, committed, pages };
}

function missing(known: number, end: number): string {
  return `${end - known} committed pages (frames ${known + 1} to ${end}) are not in the database`;
}

/** The last whole frame of a round that ends a transaction; 0 for none. */
function lastCommit(log: WalLog, salts: Buffer, from: number): number {
  for (let number = log.wholeFrames; number >= from; number--) {
    const head = log.head(number);
    if (head !== null && head.commit !== 0 && head.page !== 0 && head.salts.equals(salts)) return number;
  }
  return 0;
}

/** Whether frames lie behind a header that is none: other bytes have neither such numbers nor such checksums. */
function isLikeLog(log: WalLog, database: string): boolean {
  const size = statSync(database, { throwIfNoEntry: false })?.size ?? 0;
  const most = Math.ceil(size / log.pageSize) + log.wholeFrames;
  const first = log.head(1);
  if (first === null || first.page === 0 || first.page > most || first.commit > most) return false;
  const numbers = Array.from({ length: Math.min(log.wholeFrames, MOST_COMPARED) - 1 }, (_, i) => i + 2);
  const followers = numbers.filter((number) => log.head(number)?.salts.equals(first.salts) === true);
  return followers.length === 0 || followers.some((number) => log.continues(number));
}

/** Some of the frames may be damaged, too. */
const MOST_COMPARED = 10;

const LOOKS = 4;
const BETWEEN_MS = 50;

/**
 * What was committed into the `-wal` file of a database and would be lost as soon as anything opens it, for people;
 * null when nothing is. Looks several times where it finds something: a writer at work may have changed the log
 * while it was read, and has the checksums right only at its commit.
 */
export async function lostInWal(database: string): Promise<string | null> {
  const file = `${realPath(database)}-wal`;
  const lost = readWal(file)?.lost ?? null;
  if (lost === null) return null;
  for (let look = 1; look < LOOKS; look++) {
    await sleep(BETWEEN_MS);
    if (readWal(file)?.lost !== lost) return null;
  }
  return `${file}: ${lost}`;
}

/** SQLite keeps its journals beside the file that a link leads to. */
function realPath(database: string): string {
  try {
    return realpathSync(database);
  } catch {
    return database;
  }
}

/** Pages by their numbers, from 1, as the last commit in a log left them: a hash of each. */
export interface CommittedPages {
  readonly pageSize: number;
  readonly hashes: ReadonlyMap<number, string>;
}

/** What a checkpoint of a `-wal` file has to bring into the database. */
export function committedPages(wal: string): CommittedPages {
  return (
    withWalLog(wal, ({ pageSize, frames }) => {
      const hashes = new Map<number, string>();
      const transaction = new Map<number, string>();
      for (const { page, commit, content } of frames()) {
        transaction.set(page, hash(content));
        if (commit === 0) continue;
        for (const [number, sum] of transaction) hashes.set(number, sum);
        transaction.clear();
        // A database may have become smaller.
        for (const number of hashes.keys()) if (number > commit) hashes.delete(number);
      }
      return { pageSize, hashes };
    }) ?? { pageSize: 0, hashes: new Map() }
  );
}

/** Which of the pages a database file has not got. Not to be called while this process has it open. */
export function missingPages(database: string, { pageSize, hashes }: CommittedPages): readonly number[] {
  const handle = openSync(database, 'r');
  try {
    const content = Buffer.alloc(pageSize);
    return [...hashes].flatMap(([number, sum]) => {
      const read = readSync(handle, content, 0, pageSize, (number - 1) * pageSize);
      return read === pageSize && hash(content) === sum ? [] : [number];
    });
  } finally {
    closeSync(handle);
  }
}

function hash(content: Buffer): string {
  return createHash('sha256').update(content).digest('base64');
}

interface AppliedWal {
  /** Pages that were written into the database. */
  readonly frames: number;
  /** Whole frames behind the last that counts: of a transaction that was not committed, or damaged. */
  readonly left: number;
  readonly pageSize: number;
}

/**
 * Writes what was committed into a -wal file into the database file, as SQLite does when it recovers one
 * (https://www.sqlite.org/walformat.html): every frame up to the last commit before the first whose checksum is
 * wrong. It works where the database's own header is damaged, too.
 *
 * @returns null when there is nothing that counts
 */
export function applyWal(wal: string, database: string): AppliedWal | null {
  return withWalLog(wal, (log) => {
    const { committed, pages } = foundIn(log);
    if (committed === 0) return null;
    const { pageSize, wholeFrames } = log;
    const into = openSync(database, 'r+');
    try {
      for (const { number, page, content } of log.frames()) {
        if (number > committed) break;
        writeSync(into, content, 0, pageSize, (page - 1) * pageSize);
      }
      ftruncateSync(into, pages * pageSize);
    } finally {
      closeSync(into);
    }
    return { frames: committed, left: wholeFrames - committed, pageSize };
  });
}

import { type BigIntStats, statSync } from 'node:fs';
import type { Database, Statement } from 'better-sqlite3';

/** What opening gives: a connection, and what is left to set when its first page can be read (throws BUSY before). */
export interface OpenedFile {
  readonly connection: Database;
  readonly configure: () => void;
}

/**
 * A database file that is let go of while a run waits for another, and opened again when it is wanted: a restore
 * puts another file in its place, and whoever had the old one open would write into nothing.
 */
export class SqliteFile {
  readonly #path: string;
  readonly #open: () => OpenedFile;
  #opened: OpenedFile | null = null;
  #stats: BigIntStats | undefined;
  /** The statement that was prepared last: what reads page by page asks for it again and again. */
  #last: Statement | null = null;

  /** Opens it. */
  constructor(path: string, open: () => OpenedFile) {
    this.#path = path;
    this.#open = open;
    this.#current();
  }

  prepare(sql: string): Statement {
    const { connection } = this.#current();
    if (this.#last?.source !== sql || this.#last.busy) this.#last = connection.prepare(sql);
    return this.#last;
  }

  configure(): void {
    this.#current().configure();
  }

  close(): void {
    this.#opened?.connection.close();
    this.#opened = null;
    this.#last = null;
  }

  /** Whether its path leads to another file by now, or to none. */
  isReplaced(): boolean {
    if (this.#opened === null) return false;
    const now = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return now?.ino !== this.#stats?.ino || now?.dev !== this.#stats?.dev;
  }

  #current(): OpenedFile {
    if (this.#opened === null) {
      this.#stats = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
      this.#opened = this.#open();
    }
    return this.#opened;
  }
}

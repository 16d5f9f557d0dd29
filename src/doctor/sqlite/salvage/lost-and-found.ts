import type { Database, Statement } from 'better-sqlite3';
import { quoteName } from '../../../database/sqlite/table-sql.ts';
import { shellWord } from '../../../report/shell-word.ts';
import { LOST_AND_FOUND } from '../../../schema/set-aside.ts';
import type { Stored, Whole } from './record.ts';

/** The command that shows the rows without a sure place. @param path of the database */
export function lookAtLostAndFound(path: string, table: string = LOST_AND_FOUND): string {
  return `sqlite3 ${shellWord(path)} ${shellWord(`SELECT * FROM ${table}`)}`;
}

/** How to read a row of the table of rows without a sure place. */
export const SET_ASIDE_COLUMNS =
  'c0, c1 … are the columns of the table named in "table", in the order of that table, as many as "fields" says, and NULL where nothing could be read; "row" is its rowid, which a key of whole numbers is kept in';

/** A row that could be read but has no sure place. */
export interface FoundRow {
  /** The table it is of, as far as that is known; several are told as `a or b`. */
  readonly table: string;
  /** Page of the old file; null where another program read it. */
  readonly page: number | null;
  readonly rowid: Whole | null;
  readonly why: string;
  readonly values: readonly Stored[];
}

/** The table of the new file that keeps them; it is made for the first. Columns have no type: values stay as they are. */
export class LostAndFound {
  rows = 0;
  readonly #byTable = new Map<string, number>();
  readonly #db: Database;
  #columns = -1;
  #insert: Statement | null = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Makes the table, under another name where a table of the database has this one. */
  add({ table, page, rowid, why, values }: FoundRow): void {
    this.#makeRoom(values.length);
    const all = Array.from({ length: this.#columns }, (_, i) => values[i] ?? null);
    this.#insert?.run(table, page, rowid === null ? null : BigInt(rowid), why, values.length, ...all);
    this.rows++;
    this.#byTable.set(table, (this.#byTable.get(table) ?? 0) + 1);
  }

  /** How many rows are of this table, or may be. */
  rowsOf(table: string): number {
    const some = [...this.#byTable].filter(([of]) => of.split(' or ').includes(table));
    return some.reduce((sum, [, rows]) => sum + rows, 0);
  }

  /** Whether a row of this table is here already. */
  has(table: string, rowid: bigint): boolean {
    if (this.#columns < 0) return false;
    const sql = `SELECT 1 FROM main.${quoteName(this.#name)} WHERE "row" = ? AND "table" = ?`;
    return this.#db.prepare(sql).get(rowid, table) !== undefined;
  }

  get name(): string {
    return this.#name;
  }
  #name = LOST_AND_FOUND;

  #makeRoom(fields: number): void {
    if (this.#columns < 0) {
      const taken = this.#db.prepare('SELECT 1 FROM main.sqlite_schema WHERE name = ?');
      for (let n = 2; taken.get(this.#name) !== undefined; n++) this.#name = `${LOST_AND_FOUND}_${n}`;
      this.#db.exec(
        `CREATE TABLE main.${quoteName(this.#name)} ("table" TEXT, page INTEGER, "row" INTEGER, why TEXT, fields INTEGER)`,
      );
      this.#columns = 0;
    }
    if (this.#insert !== null && fields <= this.#columns) return;
    for (; this.#columns < fields; this.#columns++) {
      this.#db.exec(`ALTER TABLE main.${quoteName(this.#name)} ADD COLUMN c${this.#columns}`);
    }
    const marks = Array.from({ length: 5 + this.#columns }, () => '?').join(', ');
    this.#insert = this.#db.prepare(`INSERT INTO main.${quoteName(this.#name)} VALUES (${marks})`);
  }
}

import type { Database, Statement } from 'better-sqlite3';
import type { Stored, Whole } from './record.ts';
import { quoteName } from './sqlite.ts';

/** A row that could be read but has no sure place. */
export interface FoundRow {
  /** The table it is of, as far as that is known; several are told as `a or b`. */
  readonly table: string;
  /** Page of the old file; null for what is known from an index only. */
  readonly page: number | null;
  readonly rowid: Whole | null;
  readonly why: string;
  readonly values: readonly Stored[];
}

/** The table of the new file that keeps them; it is made for the first. Columns have no type: values stay as they are. */
export class LostAndFound {
  rows = 0;
  /** The one asked for, with a number where a table of the database has that. */
  name: string;
  readonly #byTable = new Map<string, number>();
  readonly #db: Database;
  #columns = -1;
  #insert: Statement | null = null;

  constructor(db: Database, name: string) {
    this.#db = db;
    this.name = name;
  }

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
    const sql = `SELECT 1 FROM main.${quoteName(this.name)} WHERE "row" = ? AND "table" = ?`;
    return this.#db.prepare(sql).get(rowid, table) !== undefined;
  }

  #makeRoom(fields: number): void {
    if (this.#columns < 0) {
      const taken = this.#db.prepare('SELECT 1 FROM main.sqlite_schema WHERE name = ?');
      const wanted = this.name;
      for (let n = 2; taken.get(this.name) !== undefined; n++) this.name = `${wanted}_${n}`;
      this.#db.exec(
        `CREATE TABLE main.${quoteName(this.name)} ("table" TEXT, page INTEGER, "row" INTEGER, why TEXT, fields INTEGER)`,
      );
      this.#columns = 0;
    }
    if (this.#insert !== null && fields <= this.#columns) return;
    for (; this.#columns < fields; this.#columns++) {
      this.#db.exec(`ALTER TABLE main.${quoteName(this.name)} ADD COLUMN c${this.#columns}`);
    }
    const marks = Array.from({ length: 5 + this.#columns }, () => '?').join(', ');
    this.#insert = this.#db.prepare(`INSERT INTO main.${quoteName(this.name)} VALUES (${marks})`);
  }
}

import type { Database, Statement } from 'better-sqlite3';
import type { StoredColumn } from './column-fit.ts';
import type { Layout } from './layout.ts';
import { type FoundRow, LostAndFound } from './lost-and-found.ts';
import type { Stored, Whole } from './record.ts';
import type { Definition } from './schema-entries.ts';
import { isSqliteError, type OpenFile, quoteName, refusalOf } from './sqlite.ts';

/** A table of the new file. */
export interface NewTable {
  readonly name: string;
  /** As they stand in a record. */
  readonly columns: readonly StoredColumn[];
  readonly withoutRowid: boolean;
}

type Inserted =
  | 'inserted'
  /** The very same row was there. */
  | 'present'
  | { readonly refused: string };

/** Rows between two commits: so much is written again when the journal is not whole. */
const ROWS_PER_COMMIT = 10_000;
const OLD = 'damaged';
const ENCODINGS = { utf8: 'UTF-8', utf16le: 'UTF-16le', utf16be: 'UTF-16be' } as const;

/** The file that takes what is salvaged. Nobody knows it yet, so nothing waits for the disk until it is whole. */
export class NewDatabase {
  readonly db: Database;
  readonly lostAndFound: LostAndFound;
  readonly #inserts = new Map<string, Statement>();
  readonly #canCopy: boolean;
  #sinceCommit = 0;

  /**
   * @param old the damaged file, from which sound tables are copied
   * @param lostAndFound the name of the table of rows without a sure place
   */
  constructor(path: string, { layout, kept }: Layout, old: string, open: OpenFile, lostAndFound: string) {
    this.db = open(path);
    const { db } = this;
    const pragmas = {
      page_size: layout.pageSize,
      encoding: `'${ENCODINGS[layout.encoding]}'`,
      ...(kept && {
        auto_vacuum: kept.autoVacuum,
        user_version: kept.userVersion,
        application_id: kept.applicationId,
      }),
      journal_mode: 'TRUNCATE',
      synchronous: 'OFF',
      foreign_keys: 'OFF',
      // A damaged file must not become a trap: SQL of its schema may call nothing but SQLite's own functions.
      trusted_schema: 'OFF',
    };
    for (const [name, value] of Object.entries(pragmas)) db.pragma(`${name} = ${value}`);
    this.#canCopy = this.#attach(old);
    this.lostAndFound = new LostAndFound(db, lostAndFound);
  }

  /** Where SQLite cannot open the old file at all, each page is read without it. */
  #attach(old: string): boolean {
    const refused = refusalOf(() => {
      this.db.prepare(`ATTACH ? AS ${OLD}`).run(old);
      // A bad entry for one table must not stand in the way of all others.
      this.db.pragma(`${OLD}.writable_schema = ON`);
      this.db.prepare(`SELECT count(*) FROM ${OLD}.sqlite_schema`).get();
    });
    return refused === null;
  }

  /** Makes a table, a view … as the old file has it. @returns what SQLite says against it, or null */
  create(sql: string): string | null {
    return refusalOf(() => this.db.exec(sql));
  }

  /** The same for a table, which can be filled then. @returns what SQLite says where it could not be made */
  createTable({ name, sql }: Pick<Definition, 'name' | 'sql'>): NewTable | string {
    const refused = this.create(sql ?? '');
    if (refused !== null) return refused;
    const columns = this.db.prepare<[], ColumnInfo>(`PRAGMA main.table_xinfo(${quoteName(name)})`).all();
    const info = this.db
      .prepare<[], { wr: number }>(`SELECT wr FROM pragma_table_list(${text(name)}) WHERE schema = 'main'`)
      .get();
    const withoutRowid = info?.wr === 1;
    const keys = columns.filter(({ pk }) => pk > 0);
    const indexes = this.db.pragma(`main.index_list(${quoteName(name)})`) as {
      name: string;
      origin: string;
    }[];
    const keyIndex = indexes.find(({ origin }) => origin === 'pk');
    // Without an index of its own a key is the rowid.
    const rowid = !withoutRowid && keyIndex === undefined && keys.length === 1 ? keys[0]?.name : undefined;
    // Virtual columns (2) are in no record.
    let stored = columns.filter(({ hidden }) => hidden !== 2);
    if (withoutRowid && keyIndex !== undefined) {
      // There the key comes first.
      const order = this.db.pragma(`main.index_xinfo(${quoteName(keyIndex.name)})`) as { name: string }[];
      stored = order.flatMap((part) => stored.filter((column) => column.name === part.name));
    }
    return {
      name,
      withoutRowid,
      columns: stored.map((column) => ({
        name: column.name,
        type: column.type,
        notNull: column.notnull === 1,
        hasDefault: column.dflt_value !== null,
        isRowid: column.name === rowid,
        generated: column.hidden === 3,
      })),
    };
  }

  /**
   * Copies all rows of a sound table inside of SQLite.
   *
   * @param expected rows that there are
   * @returns false when it could not read them all; the table is then empty
   */
  copyFrom(table: NewTable, expected: number): boolean {
    if (!this.#canCopy) return false;
    this.commit();
    const list = this.#columnsOf(table, table.columns.length)
      .map(({ name }) => name)
      .join(', ');
    const name = quoteName(table.name);
    const copy = `INSERT INTO main.${name} (${list}) SELECT ${list} FROM ${OLD}.${name} NOT INDEXED`;
    let isWhole = false;
    refusalOf(() => {
      isWhole = this.db.prepare(copy).run().changes === expected;
      if (!isWhole) this.db.exec(`DELETE FROM main.${name}`);
    });
    return isWhole;
  }

  /** Takes a table away again. */
  drop({ name }: NewTable): void {
    this.commit();
    this.db.exec(`DROP TABLE main.${quoteName(name)}`);
  }

  /** Names of the columns of an index; null for an expression. */
  indexColumns(name: string): readonly (string | null)[] {
    const columns = this.db.pragma(`main.index_info(${quoteName(name)})`) as { name: string | null }[];
    return columns.map((column) => column.name);
  }

  setAside(row: FoundRow): void {
    this.#begin();
    this.lostAndFound.add(row);
  }

  /** Numbers that AUTOINCREMENT gave out once are not given out again, as far as the old file still tells them. */
  keepSequences(): void {
    if (!this.#canCopy) return;
    // One of the two may have no such table, or it is damaged: then the highest number that is left counts.
    refusalOf(() =>
      this.db.exec(`
        UPDATE main.sqlite_sequence AS new
        SET seq = max(seq, coalesce((SELECT old.seq FROM ${OLD}.sqlite_sequence old WHERE old.name = new.name), 0));
        INSERT INTO main.sqlite_sequence (name, seq)
        SELECT name, seq FROM ${OLD}.sqlite_sequence
        WHERE name NOT IN (SELECT name FROM main.sqlite_sequence)`),
    );
  }

  /** @param values of the first columns, in their order in the record */
  insert(table: NewTable, rowid: Whole, values: readonly Stored[]): Inserted {
    this.#begin();
    const columns = this.#columnsOf(table, values.length);
    const bound = columns.map(({ at }) => (at === null ? BigInt(rowid) : (values[at] ?? null)));
    try {
      this.#insertInto(table, columns).run(...bound);
      return 'inserted';
    } catch (error) {
      if (!isSqliteError(error) || !error.code.startsWith('SQLITE_CONSTRAINT')) throw error;
      return this.#isThere(table, columns, bound) ? 'present' : { refused: error.message };
    }
  }

  has(table: NewTable, rowid: Whole): boolean {
    const sql = `SELECT 1 FROM main.${quoteName(table.name)} WHERE ${rowidName(table)} = ?`;
    return this.#prepare(sql).get(BigInt(rowid)) !== undefined;
  }

  #isThere(table: NewTable, columns: readonly Target[], bound: readonly Stored[]): boolean {
    const same = columns.map(({ name }) => `${name} IS ?`).join(' AND ');
    const sql = `SELECT 1 FROM main.${quoteName(table.name)} WHERE ${same}`;
    return this.#prepare(sql).get(...bound) !== undefined;
  }

  #insertInto(table: NewTable, columns: readonly Target[]): Statement {
    const names = columns.map(({ name }) => name).join(', ');
    const marks = columns.map(() => '?').join(', ');
    return this.#prepare(`INSERT INTO main.${quoteName(table.name)} (${names}) VALUES (${marks})`);
  }

  #prepare(sql: string): Statement {
    const statement = this.#inserts.get(sql) ?? this.db.prepare(sql);
    this.#inserts.set(sql, statement);
    return statement;
  }

  #columnsOf(table: NewTable, count: number): Target[] {
    const named = table.columns
      .slice(0, count)
      .flatMap(({ name, isRowid, generated }, i): Target[] =>
        generated ? [] : [{ name: quoteName(name), at: isRowid ? null : i }],
      );
    const hasRowid = table.withoutRowid || table.columns.some(({ isRowid }) => isRowid);
    return hasRowid ? named : [{ name: rowidName(table), at: null }, ...named];
  }

  count(table: NewTable): number {
    return this.db
      .prepare(`SELECT count(*) FROM main.${quoteName(table.name)}`)
      .pluck()
      .get() as number;
  }

  #begin(): void {
    if (this.#sinceCommit++ % ROWS_PER_COMMIT === 0) this.commit();
    if (!this.db.inTransaction) this.db.exec('BEGIN');
  }

  commit(): void {
    if (this.db.inTransaction) this.db.exec('COMMIT');
  }

  close(): void {
    if (this.db.open) this.db.close();
  }
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: number;
}

interface Target {
  /** Quoted. */
  readonly name: string;
  /** Place in the record; null for the rowid. */
  readonly at: number | null;
}

/** A name of the rowid that no column has taken. */
function rowidName({ columns }: NewTable): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? 'rowid';
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

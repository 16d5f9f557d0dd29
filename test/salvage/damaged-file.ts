import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { type Report, type SalvageOptions, salvage } from '../../src/salvage/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const PAGE = 4_096;

export interface SourceDatabase {
  readonly path: string;
  readonly pages: number;
  /** Of each table, its rows by rowid, every value spelt out with its type. */
  readonly rows: Rows;
}

type Rows = Map<string, ReadonlyMap<string, string>>;

/** Rows that reach from a few bytes to several overflow pages, in tables that go three levels deep, and an index. */
export function sourceDatabase(): SourceDatabase {
  const path = join(temporaryFolder(), 'source.db');
  const db = new SQLite(path);
  db.exec(`
    CREATE TABLE notes (id VARCHAR(36) NOT NULL PRIMARY KEY, title VARCHAR NOT NULL, body TEXT, weight FLOAT);
    CREATE INDEX idx_notes_title ON notes (title);
    CREATE TABLE counts (id INTEGER PRIMARY KEY, of INTEGER NOT NULL, at DATETIME, good BOOLEAN NOT NULL);
    CREATE TABLE pairs (a INTEGER NOT NULL, b VARCHAR NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE files (id INTEGER PRIMARY KEY, content BLOB);
    CREATE TABLE gone (id INTEGER PRIMARY KEY, text TEXT);
    CREATE VIEW titles AS SELECT title FROM notes;
    BEGIN`);
  const note = db.prepare('INSERT INTO notes VALUES (?, ?, ?, ?)');
  for (let i = 0; i < 200; i++) {
    const body =
      i % 40 === 7 ? `nötig ${i} `.repeat(2_000) : i % 5 === 0 ? null : `body of ${i} `.repeat(i % 20);
    note.run(`note-${i}`, `Title ${i} 🙂`, body, i / 3);
  }
  const count = db.prepare('INSERT INTO counts VALUES (?, ?, ?, ?)');
  for (let i = 1; i <= 2_500; i++) count.run(i, i * 3, i % 7 === 0 ? null : '2025-08-01 10:00:00', i % 2);
  const pair = db.prepare('INSERT INTO pairs VALUES (?, ?)');
  for (let i = 0; i < 500; i++) pair.run(i, `b${i}`);
  const file = db.prepare('INSERT INTO files VALUES (?, ?)');
  for (let i = 1; i <= 5; i++) file.run(i, Buffer.alloc(i * 3_000, i));
  db.exec(`
    INSERT INTO files VALUES (9007199254740993, x'00ff');
    UPDATE notes SET rowid = -5 WHERE id = 'note-3';
    INSERT INTO gone SELECT id, 'given up ' || id FROM counts WHERE id < 600;
    COMMIT;
    ALTER TABLE counts ADD COLUMN note VARCHAR DEFAULT 'none';
    DELETE FROM gone`);
  db.close();
  return { path, pages: readFileSync(path).length / PAGE, rows: rowsOf(path) };
}

export function rowsOf(path: string): Rows {
  const db = new SQLite(path, { readonly: true }).defaultSafeIntegers();
  try {
    const tables = db
      .prepare<[], { name: string; wr: bigint }>(
        "SELECT name, wr FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%'",
      )
      .all();
    return new Map(
      tables.map(({ name, wr }) => {
        const key = wr === 1n ? 'a' : 'rowid';
        const rows = db.prepare<[], unknown[]>(`SELECT ${key}, * FROM "${name}"`).raw().all();
        return [name, new Map(rows.map(([id, ...values]) => [String(id), JSON.stringify(values, spell)]))];
      }),
    );
  } finally {
    db.close();
  }
}

const spell = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

export interface TreePage {
  readonly page: number;
  readonly type: 'internal' | 'leaf' | 'overflow';
  readonly depth: number;
  readonly cells: number;
}

/** Which pages are of what, by name, in the order of SQLite's own table of them. */
export function pagesOf(path: string, name: string): readonly TreePage[] {
  const db = new SQLite(path, { readonly: true });
  try {
    return db
      .prepare<[string], TreePage>(
        "SELECT pageno AS page, pagetype AS type, ncell AS cells, length(path) - length(replace(path, '/', '')) AS depth FROM dbstat WHERE name = ? ORDER BY pageno",
      )
      .all(name);
  } finally {
    db.close();
  }
}

export interface Rescue {
  /** The new file. */
  readonly path: string;
  readonly result: Report;
  readonly rows: Rows;
}

export const OPTIONS: SalvageOptions = {
  open: (path, options) => new SQLite(path, options),
  definitions: () => [
    { type: 'table', name: 'known', table: 'known', sql: 'CREATE TABLE known (id BLOB)', optional: false },
  ],
  lostAndFound: 'lost_and_found',
  log() {},
  signal: new AbortController().signal,
};

/** Damages a copy of a database and salvages it. */
export async function salvageDamaged(
  source: SourceDatabase,
  damage: (bytes: Buffer) => Buffer,
  options: Partial<SalvageOptions> = {},
): Promise<Rescue> {
  const folder = temporaryFolder();
  const file = join(folder, 'damaged.db');
  const path = join(folder, 'new.db');
  const damaged = damage(readFileSync(source.path));
  writeFileSync(file, damaged);
  const result = await salvage({ file, wal: null, journal: null }, path, { ...OPTIONS, ...options });
  if (result === null) throw new Error('no page of it can be read');
  if (!readFileSync(file).equals(damaged)) throw new Error('the damaged file was changed');
  return { path, result, rows: rowsOf(path) };
}

/** Makes pages all zeros. */
export function zeroed(...pages: readonly number[]): (bytes: Buffer) => Buffer {
  return (bytes) => {
    for (const page of pages) bytes.fill(0, (page - 1) * PAGE, page * PAGE);
    return bytes;
  };
}

/** Rows in their table that were never written: there must be none. */
export function wrongRows({ rows: written }: SourceDatabase, found: Rows): readonly string[] {
  return [...found].flatMap(([table, rows]) =>
    table.startsWith('lost_and_found')
      ? []
      : [...rows]
          .filter(([id, row]) => written.get(table)?.get(id) !== row)
          .map(([id, row]) => `${table} ${id}: ${row.slice(0, 200)}`),
  );
}

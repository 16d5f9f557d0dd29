import { randomBytes } from 'node:crypto';
import { copyFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SQLite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { salvage } from '../../src/salvage/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  OPTIONS,
  PAGE,
  pagesOf,
  type Rescue,
  type SourceDatabase,
  salvageDamaged,
  sourceDatabase,
  wrongRows,
  zeroed,
} from './damaged-file.ts';

/** What the result says of a table, with what is really missing. */
function account(source: SourceDatabase, { result, rows }: Rescue, name: string) {
  const table = result.tables.find((each) => each.name === name);
  const missing = (source.rows.get(name)?.size ?? 0) - (rows.get(name)?.size ?? 0);
  return { lost: table?.lost, aside: table?.aside, recovered: table?.recovered, missing };
}

test('a sound file comes out with every row, value for value, and its indexes and views', async () => {
  const source = sourceDatabase();
  const rescue = await salvageDamaged(source, (bytes) => bytes);
  expect(rescue.rows).toEqual(source.rows);
  expect(rescue.result).toMatchObject({ leftOut: [], notes: [], damage: [], lostAndFound: { rows: 0 } });
});

test('a lost leaf page costs its own rows and no other, and an index says how many', async () => {
  const source = sourceDatabase();
  const leaf = pagesOf(source.path, 'notes').filter(({ type }) => type === 'leaf')[3]?.page ?? 0;
  const rescue = await salvageDamaged(source, zeroed(leaf));
  const notes = account(source, rescue, 'notes');
  expect(notes.missing).toBeGreaterThan(0);
  expect(notes.missing).toBeLessThan(60);
  expect(notes.lost).toEqual({ rows: notes.missing, known: 'exactly' });
  // Their keys and titles are in indexes, and so in the lost-and-found table.
  const written = [...(source.rows.get('notes')?.entries() ?? [])];
  const lost = written.filter(([id]) => !rescue.rows.get('notes')?.has(id)).map(([, row]) => row);
  const found = [...(rescue.rows.get('lost_and_found')?.values() ?? [])];
  expect(found).toHaveLength(lost.length);
  for (const row of lost) {
    expect(found.join('\n')).toContain(row.slice(1, row.indexOf('🙂"') + 3));
  }
  expect(rescue.rows.get('counts')).toEqual(source.rows.get('counts'));
  expect(wrongRows(source, rescue.rows)).toEqual([]);
});

test('without an index the gap between the rowids says how many rows can be lost', async () => {
  const source = sourceDatabase();
  const leaf = pagesOf(source.path, 'counts').filter(({ type }) => type === 'leaf')[3]?.page ?? 0;
  const counts = account(source, await salvageDamaged(source, zeroed(leaf)), 'counts');
  expect(counts.missing).toBeGreaterThan(0);
  expect(counts.lost).toEqual({ rows: counts.missing, known: 'at most' });
});

test.each(['counts', 'notes'])(
  'a lost root of %s costs no row: no page leads to its leaves, but they are there',
  async (name) => {
    const source = sourceDatabase();
    const root =
      pagesOf(source.path, name).find(({ type, depth }) => type === 'internal' && depth === 1)?.page ?? 0;
    expect(root).toBeGreaterThan(1);
    const rescue = await salvageDamaged(source, zeroed(root));
    expect(rescue.rows.get(name)).toEqual(source.rows.get(name));
    expect(wrongRows(source, rescue.rows)).toEqual([]);
  },
);

test('a row whose overflow page is lost is set aside with what is before it', async () => {
  const source = sourceDatabase();
  const overflow = pagesOf(source.path, 'notes').find(({ type }) => type === 'overflow')?.page ?? 0;
  const rescue = await salvageDamaged(source, zeroed(overflow));
  const { missing, lost, aside } = account(source, rescue, 'notes');
  expect({ missing, lost, aside }).toEqual({ missing: 1, lost: { rows: 1, known: 'exactly' }, aside: 1 });
  const [row = ''] = [...(rescue.rows.get('lost_and_found')?.values() ?? [])];
  expect(row).toMatch(/"note-\d+","Title \d+ 🙂"/);
  expect(wrongRows(source, rescue.rows)).toEqual([]);
});

test('a text whose last page is lost is not taken for one that ends in zeros', async () => {
  const source = sourceDatabase();
  const lastOfChain = (bytes: Buffer) =>
    pagesOf(source.path, 'notes').find(
      ({ type, page }) => type === 'overflow' && bytes.readUInt32BE((page - 1) * PAGE) === 0,
    )?.page ?? 0;
  const rescue = await salvageDamaged(source, (bytes) => zeroed(lastOfChain(bytes))(bytes));
  expect(account(source, rescue, 'notes')).toMatchObject({ missing: 1, aside: 1 });
  expect(wrongRows(source, rescue.rows)).toEqual([]);
});

test.each([
  ['the magic', (bytes: Buffer) => bytes.fill('x', 0, 16)],
  ['the page size', (bytes: Buffer) => bytes.fill(0x20, 16, 17)],
  ['all of it', (bytes: Buffer) => bytes.fill(0, 0, 100)],
])('a damaged header (%s) costs nothing', async (_what, damage) => {
  const source = sourceDatabase();
  const rescue = await salvageDamaged(source, damage);
  expect(rescue.rows).toEqual(source.rows);
});

test('a lost first page that holds all definitions leaves the rows, without their tables', async () => {
  const source = sourceDatabase();
  const rescue = await salvageDamaged(source, zeroed(1));
  expect(wrongRows(source, rescue.rows)).toEqual([]);
  // None of these tables is one of the gateway’s.
  expect(rescue.result.tables.every(({ assumed }) => assumed)).toBe(true);
  const found = [...(rescue.rows.get('lost_and_found')?.values() ?? [])];
  expect(found.filter((row) => /"note-\d+","Title \d+ 🙂"/.test(row))).toHaveLength(200);
});

test('of a file that was cut every row is read whose page is left', async () => {
  const source = sourceDatabase();
  const kept = Math.floor(source.pages * 0.66);
  const rescue = await salvageDamaged(source, (bytes) => bytes.subarray(0, kept * PAGE + 1_000));
  expect(wrongRows(source, rescue.rows)).toEqual([]);
  const left = pagesOf(source.path, 'counts')
    .filter(({ type, page }) => type === 'leaf' && page <= kept)
    .reduce((sum, { cells }) => sum + cells, 0);
  expect(left).toBeGreaterThan(500);
  expect(rescue.rows.get('counts')?.size).toBe(left);
});

test('rows that were deleted stay deleted, on pages that were given up and in the gaps of others', async () => {
  const source = sourceDatabase();
  const root = pagesOf(source.path, 'counts').find(({ type }) => type === 'internal')?.page ?? 0;
  const { rows, result } = await salvageDamaged(source, zeroed(root));
  expect(rows.get('gone')?.size).toBe(0);
  expect(result.lostAndFound.rows).toBe(0);
});

test('a unique that does not hold any more is left out and told, and no row is lost for it', async () => {
  const source = sourceDatabase();
  const db = new SQLite(source.path).unsafeMode();
  db.exec(`
    UPDATE notes SET title = 'the same' WHERE id IN ('note-10', 'note-11');
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX idx_notes_title ON notes (title)' WHERE name = 'idx_notes_title'`);
  db.close();
  const rescue = await salvageDamaged(source, (bytes) => bytes);
  expect(rescue.rows.get('notes')?.size).toBe(200);
  expect(rescue.result.leftOut).toEqual([
    'index idx_notes_title of notes: UNIQUE constraint failed: notes.title',
  ]);
});

test('numbers that were given out once are not given out again', async () => {
  const source = sourceDatabase();
  const db = new SQLite(source.path);
  db.exec(`
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT);
    INSERT INTO counted (text) VALUES ('a'), ('b'), ('c');
    DELETE FROM counted WHERE id > 1`);
  db.close();
  const { path } = await salvageDamaged(source, (bytes) => bytes);
  const other = new SQLite(path);
  other.exec("INSERT INTO counted (text) VALUES ('d')");
  expect(other.prepare('SELECT max(id) FROM counted').pluck().get()).toBe(4);
  other.close();
});

test('definitions that were lost are asked for, and what nobody needs is not made', async () => {
  const source = sourceDatabase();
  const gone = { type: 'table', table: '', sql: '' } as const;
  const text =
    'CREATE TABLE counts (id INTEGER PRIMARY KEY, of INTEGER NOT NULL, at DATETIME, good BOOLEAN NOT NULL, note VARCHAR)';
  const rescue = await salvageDamaged(source, zeroed(1), {
    lostAndFound: 'counts',
    definitions: (found) => {
      expect(found).toEqual([]);
      return [
        { ...gone, name: 'counts', sql: text, optional: true },
        { ...gone, name: 'empty', sql: 'CREATE TABLE empty (id BLOB NOT NULL)', optional: true },
        { ...gone, name: 'wanted', sql: 'CREATE TABLE wanted (id BLOB NOT NULL)', optional: false },
      ];
    },
  });
  expect(rescue.result.tables.map(({ name, assumed }) => [name, assumed])).toEqual([
    ['counts', true],
    ['wanted', true],
  ]);
  // Without the list of free pages none of them is surely of today.
  const [counts] = rescue.result.tables;
  expect(counts?.aside).toBeGreaterThanOrEqual(2_500);
  // The table of rows without a sure place takes a name that is free.
  expect(rescue.result.lostAndFound.table).toBe('counts_2');
  expect(rescue.rows.get('counts_2')?.size).toBe(rescue.result.lostAndFound.rows);
});

test('it stops when it is asked to, and leaves nothing that it worked on', async () => {
  const source = sourceDatabase();
  const stop = new AbortController();
  stop.abort('SIGINT');
  const file = join(temporaryFolder(), 'damaged.db');
  copyFileSync(source.path, file);
  const into = `${file}.new`;
  await expect(
    salvage({ file, wal: null, journal: null }, into, { ...OPTIONS, signal: stop.signal }),
  ).rejects.toBe('SIGINT');
  expect(readdirSync(dirname(file)).filter((name) => name.includes('.work'))).toEqual([]);
});

const places = fc.uniqueArray(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 12 });

test.each([
  ['zeros', () => Buffer.alloc(PAGE)],
  ['random bytes', () => randomBytes(PAGE)],
  ['a page of elsewhere', (bytes: Buffer, place: number) => treePage(bytes, place * 7)],
])(
  'whatever pages are overwritten by %s, no row comes out that was not written',
  async (_what, make) => {
    const source = sourceDatabase();
    await fc.assert(
      fc.asyncProperty(places, async (chosen) => {
        const { rows, result } = await salvageDamaged(source, (bytes) => {
          // The first page is a test of its own.
          for (const place of chosen)
            make(bytes, place).copy(bytes, (1 + (place % (source.pages - 1))) * PAGE);
          return bytes;
        });
        expect(wrongRows(source, rows)).toEqual([]);
        for (const { name, lost } of result.tables) {
          const missing = (source.rows.get(name)?.size ?? 0) - (rows.get(name)?.size ?? 0);
          if (lost === 'unknown') continue;
          if (lost.known === 'exactly') expect([name, lost.rows]).toEqual([name, missing]);
          if (lost.known === 'at least') expect(lost.rows).toBeLessThanOrEqual(missing);
          if (lost.known === 'at most') expect(lost.rows).toBeGreaterThanOrEqual(missing);
        }
      }),
      { numRuns: 15, seed: 4 },
    );
  },
  120_000,
);

/** Another page that is part of a tree and holds something; the pages a row goes on at say nothing of themselves. */
function treePage(bytes: Buffer, place: number): Buffer {
  const pages = bytes.length / PAGE;
  for (let i = place; ; i++) {
    const at = (1 + (i % (pages - 1))) * PAGE;
    const isTree = [2, 5, 10, 13].includes(bytes[at] ?? 0) && bytes.readUInt16BE(at + 3) > 0;
    if (isTree) return Buffer.from(bytes.subarray(at, at + PAGE));
  }
}

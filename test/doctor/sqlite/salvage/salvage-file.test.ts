import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  PAGE,
  pagesOf,
  type Rescue,
  salvageDamaged,
  type SourceDatabase,
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

test.each(['counts', 'notes'])('a lost root of %s costs no row: no page leads to its leaves, but they are there', async (name) => {
  const source = sourceDatabase();
  const root = pagesOf(source.path, name).find(({ type, depth }) => type === 'internal' && depth === 1)?.page ?? 0;
  expect(root).toBeGreaterThan(1);
  const rescue = await salvageDamaged(source, zeroed(root));
  expect(rescue.rows.get(name)).toEqual(source.rows.get(name));
  expect(wrongRows(source, rescue.rows)).toEqual([]);
});

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
  // None of these tables is one of the gateway’s, and nothing says which pages were given up.
  expect(rescue.result.tables.every(({ assumed }) => assumed)).toBe(true);
});

test('of a file that was cut the pages that are left are read', async () => {
  const source = sourceDatabase();
  const rescue = await salvageDamaged(source, (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.66)));
  expect(wrongRows(source, rescue.rows)).toEqual([]);
  const all = [...source.rows.values()].reduce((sum, rows) => sum + rows.size, 0);
  const left = [...rescue.rows].reduce((sum, [name, rows]) => (source.rows.has(name) ? sum + rows.size : sum), 0);
  expect(left).toBeGreaterThan(all / 2);
  expect(left).toBeLessThan(all);
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
  const title = Buffer.from('Title 11 🙂');
  const rescue = await salvageDamaged(source, (bytes) => {
    // The definition of the index says UNIQUE from here on, and one title is there twice.
    const at = bytes.indexOf('CREATE INDEX idx_notes_title ON notes (title)');
    bytes.write('CREATE UNIQUE INDEX i_title ON notes(title)  ', at);
    Buffer.from('Title 10 🙂').copy(bytes, bytes.indexOf(Buffer.concat([Buffer.from('note-11'), title])) + 7);
    return bytes;
  });
  expect(rescue.rows.get('notes')?.size).toBe(400);
  expect(rescue.result.leftOut).toEqual([
    'index idx_notes_title of notes: UNIQUE constraint failed: notes.title',
  ]);
});

const places = fc.uniqueArray(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 12 });

test.each([
  ['zeros', () => Buffer.alloc(PAGE)],
  ['random bytes', () => randomBytes(PAGE)],
  ['a page of elsewhere', (bytes: Buffer, place: number) => pageAt(bytes, (place * 7) % pagesIn(bytes))],
])('whatever pages are overwritten by %s, no row comes out that was not written', async (_what, make) => {
  const source = sourceDatabase();
  await fc.assert(
    fc.asyncProperty(places, async (chosen) => {
      const { rows, result } = await salvageDamaged(source, (bytes) => {
        // The first page is a test of its own.
        for (const place of chosen) make(bytes, place).copy(bytes, (1 + (place % (source.pages - 1))) * PAGE);
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
    { numRuns: 25 },
  );
}, 60_000);

const pagesIn = (bytes: Buffer) => bytes.length / PAGE;
const pageAt = (bytes: Buffer, index: number) => Buffer.from(bytes.subarray(index * PAGE, (index + 1) * PAGE));

import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { inRanges, keyRanges } from '../../src/database/key-ranges.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, describeEachDatabase } from '../support/databases.ts';

const ROWS = 3000;
const SIZE = 600;

describeEachDatabase('ranges of a key', ({ id }) => {
  for (const [kind, type, value] of [
    ['names', 'VARCHAR(64)', "concat('key-', a.d, b.d, c.d, e.d)"],
    ['counted numbers', 'INTEGER', 'a.d * 1000 + b.d * 100 + c.d * 10 + e.d'],
  ] as const) {
    test(`of ${kind} hold each row once, and about as many as asked for`, async (at) => {
      const database = await createDatabase(id);
      try {
        await connect(database, async (db) => {
          const { ranges } = db.dialect;
          if (ranges === null) return at.skip('everything is written at once');
          const run = (text: string) => db.run({ sql: text, parameters: [] });
          await run(`CREATE TABLE digits (d INTEGER)`);
          await run('INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)');
          await run(`CREATE TABLE things (id ${type} PRIMARY KEY, touched INTEGER NOT NULL DEFAULT 0)`);
          await run(
            `INSERT INTO things (id) SELECT ${value} FROM digits a, digits b, digits c, digits e WHERE a.d < 3`,
          );
          const bounds = await keyRanges(db, 'things', { ...ranges, size: SIZE });
          expect(await keyRanges(db, 'things', { ...ranges, size: SIZE })).toEqual(bounds);

          const touch = { sql: 'UPDATE things SET touched = touched + 1 WHERE touched < 5', parameters: [] };
          const sizes: number[] = [];
          for (const statement of inRanges(db, touch, bounds)) sizes.push(await db.run(statement));
          expect(sizes).toHaveLength(bounds.length + 1);
          expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(ROWS);
          for (const size of sizes.slice(0, -1)) {
            expect(size).toBeGreaterThan(SIZE / 2);
            expect(size).toBeLessThan(SIZE * 2);
          }
          const [row] = await db.query<{ n: unknown }>(
            sql`SELECT count(*) AS n FROM things WHERE touched <> 1`,
          );
          expect(Number(row?.n)).toBe(0);
        });
      } finally {
        await database.drop();
      }
    });
  }
});

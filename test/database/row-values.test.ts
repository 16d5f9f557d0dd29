import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { ExactNumber, inOrder, jsonText, parseJson, type Value } from '../../src/database/value.ts';
import {
  blob,
  boolean,
  column,
  datetime,
  float,
  integer,
  json,
  naiveDatetime,
  string,
  table,
  text,
} from '../../src/schema/define.ts';
import type { Table } from '../../src/schema/model.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, describeEachVersion, type TestDatabase } from '../support/databases.ts';

const KINDS = {
  id: string(36),
  name: string(255).null(),
  notes: text().null(),
  config: json().null(),
  tags: json(),
  tame: boolean().null(),
  born: datetime().null(),
  seen: naiveDatetime().null(),
  legs: integer().null(),
  weight: float().null(),
  photo: blob().null(),
};
const plain = table('kept', KINDS, { primaryKey: ['id'] });
const hairs = { ...column('hairs', integer().null()), kind: 'bigint' as const };
const definition: Table = { ...plain, columns: [...plain.columns, hairs] };
const COLUMN_NAMES = definition.columns.map(({ name }) => name);

type Row = Record<string, Value>;

describeEachVersion('values of rows', ({ id, dialect }) => {
  let database: TestDatabase;
  let found: Table;
  const run = <T>(use: (db: Connection) => Promise<T>) => connect(database, use);

  beforeAll(async () => {
    database = await createDatabase(id);
    await run(async (db) => {
      for (const s of db.dialect.createTable(definition, new Map()).statements) await db.run(s);
      found = (await db.dialect.readSchema(db)).get('kept')!;
    });
  });
  afterAll(() => database?.drop());

  /** The columns as the database has them, taken for what they were made as. */
  const columns = () =>
    found.columns.map((each) => ({
      ...each,
      kind: definition.columns.find(({ name }) => name === each.name)!.kind,
    }));

  async function write(db: Connection, row: Row): Promise<void> {
    const values = columns().map((each) => db.dialect.values.toParameter(each, row[each.name] ?? null));
    await db.query(sql`DELETE FROM kept`);
    await db.query(
      sql`INSERT INTO kept (${sql.join(found.columns.map(({ name }) => sql.ref(name)))}) VALUES (${sql.join(values)})`,
    );
  }

  async function read(db: Connection): Promise<Row> {
    const { values } = db.dialect;
    const selected = columns().map((each) => sql`${sql.raw(values.read(each))} AS ${sql.ref(each.name)}`);
    const [row] = await db.query<Record<string, unknown>>(sql`SELECT ${sql.join(selected)} FROM kept`);
    return Object.fromEntries(columns().map((each) => [each.name, values.fromRow(each, row?.[each.name])]));
  }

  const kept = (db: Connection, row: Row): Row =>
    Object.fromEntries(
      columns().map((each) => [each.name, db.dialect.values.held(each, row[each.name] ?? null)]),
    );

  const EMPTY: Row = Object.fromEntries(COLUMN_NAMES.map((name) => [name, null]));
  const full: Row = {
    ...EMPTY,
    id: 'a',
    name: 'O’Cat "x" \\ \n ñ 🙂',
    notes: '',
    config: { a: [1, 0.1, -5e-7, 1e21, null, true, 'ñ 🙂 \u0000'], b: {}, c: '' },
    tags: [],
    tame: false,
    born: '2025-12-31T23:59:59.999999Z',
    seen: '1999-02-28T00:00:00.000000Z',
    legs: 4,
    hairs: new ExactNumber('9223372036854775807'),
    // MySQL’s FLOAT has 24 bits.
    weight: 0.375,
    photo: Buffer.from([0, 255, 39, 92]).toString('base64'),
  };

  test('are the same when they were written and read', async () => {
    await run(async (db) => {
      await write(db, full);
      expect(await read(db)).toEqual(kept(db, full));
      await write(db, { ...EMPTY, id: 'b', tame: true, hairs: 5 });
      expect(await read(db)).toEqual({ ...EMPTY, id: 'b', tame: true, hairs: 5 });
    });
  });

  test('whatever they are', async () => {
    const letters = fc
      .string({ unit: 'binary', maxLength: 30 })
      .map((value) => value.replaceAll('\u0000', ''));
    const anyJson = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => value as Value);
    const moment = fc
      .tuple(
        fc.date({ min: new Date('1000-01-01'), max: new Date('9998-12-31'), noInvalidDate: true }),
        fc.nat(999),
      )
      .map(([date, micros]) => `${date.toISOString().replace('Z', `${micros}`.padStart(3, '0'))}Z`);
    const orNull = (values: fc.Arbitrary<Value>) => fc.option(values, { freq: 10 });
    const row = fc.record<Row>({
      id: fc.uuid(),
      name: orNull(letters),
      notes: orNull(letters),
      config: orNull(fc.dictionary(letters, anyJson)),
      tags: fc.array(anyJson, { maxLength: 4 }),
      tame: orNull(fc.boolean()),
      born: orNull(moment),
      seen: orNull(moment),
      legs: orNull(fc.integer()),
      hairs: orNull(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => parseJson(`${value}`)),
      ),
      weight: orNull(
        fc
          .double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 })
          .map((v) => Math.fround(v) + 0),
      ),
      photo: orNull(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString('base64'))),
    });
    await run(async (db) => {
      // What is not committed needs no disk.
      await db.run(statement('BEGIN'));
      await fc.assert(
        fc.asyncProperty(row, async (values) => {
          await write(db, values);
          const expected = kept(db, {
            ...values,
            config: inOrder(values.config!),
            tags: inOrder(values.tags!),
          });
          // As the document has them: negative zero is zero.
          expect(jsonText(await read(db))).toBe(jsonText(expected));
        }),
        { numRuns: 30 },
      );
      await db.run(statement('ROLLBACK'));
    });
  });

  test('JSON has its keys in order, and no digit less, wherever the database keeps it so', async () => {
    await run(async (db) => {
      const texts = ['{"b": 1, "a": {"z": [], "y": null}}', '{"n": 1.10, "m": 1e2}'];
      for (const [i, expected] of ['{"a":{"y":null,"z":[]},"b":1}', '{"m":100,"n":1.1}'].entries()) {
        await write(db, { ...full, config: { $text: texts[i]! } });
        expect(jsonText((await read(db)).config!)).toBe(expected);
      }
      const digits = '[12345678901234567890,0.1234567890123456789012345]';
      await write(db, { ...full, config: parseJson(digits) });
      // MySQL keeps whole numbers of 64 bits, and makes doubles of others.
      const there = id === 'mysql' ? '[12345678901234567890,0.12345678901234568]' : digits;
      expect(jsonText((await read(db)).config!)).toBe(there);
    });
  });

  test('JSON null is what a column without NULL has for none', async () => {
    await run(async (db) => {
      await write(db, { ...EMPTY, id: 'a' });
      const count = await db.query(sql`SELECT id FROM kept WHERE config IS NULL AND tags IS NOT NULL`);
      expect(count).toEqual([{ id: 'a' }]);
      await db.query(sql`UPDATE kept SET config = 'null'`);
      expect(await read(db)).toMatchObject({ config: null, tags: null });
    });
  });

  test('an object that looks as what stands for broken JSON is told apart from it', async () => {
    await run(async (db) => {
      const real = '{"$text":"x"}';
      await write(db, { ...full, config: { $text: real } });
      expect((await read(db)).config).toEqual({ $text: id === 'mysql' ? '{"$text": "x"}' : real });
      await write(db, { ...full, config: { $text: 5 } });
      expect((await read(db)).config).toEqual({ $text: 5 });
    });
  });

  test('times are kept to the digit that the column has', async () => {
    await run(async (db) => {
      await write(db, full);
      const born = dialect === 'mysql' ? '2025-12-31T23:59:59.000000Z' : full.born;
      expect((await read(db)).born).toBe(born);
      if (dialect !== 'mysql') return;
      const digits = async (type: string) => {
        await db.query(sql`ALTER TABLE kept MODIFY born ${sql.raw(type)}`);
        found = (await db.dialect.readSchema(db)).get('kept')!;
      };
      await digits('DATETIME(3)');
      await write(db, full);
      expect((await read(db)).born).toBe('2025-12-31T23:59:59.999000Z');
      await digits('DATETIME');
    });
  });

  test('what a column should not hold comes and goes as it is', async () => {
    await run(async (db) => {
      const odd = {
        sqlite: {
          config: { $text: '{"a": NaN' },
          born: 'yesterday',
          legs: 'four',
          tame: 'true',
          weight: 'Infinity',
        },
        postgresql: { born: 'infinity', seen: '-infinity', weight: 'NaN' },
        mysql: { born: '0000-00-00 00:00:00' },
      }[dialect];
      await write(db, { ...full, ...odd });
      expect(await read(db)).toMatchObject(odd);
    });
  });

  if (dialect === 'sqlite') {
    test('SQLite keeps times as Python writes them, and texts of JSON', async () => {
      await run((db) => write(db, full));
      expect(await database.query('SELECT born, seen, typeof(config) FROM kept')).toBe(
        '2025-12-31 23:59:59.999999\t1999-02-28 00:00:00.000000\ttext',
      );
    });
  }
});

test('JSON that is nested too deep is a text, and the last of two equal keys counts', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}1e999${']'.repeat(levels)}`;
  expect(() => inOrder(parseJson(deep(300)))).toThrow(RangeError);
  expect(jsonText(inOrder(parseJson(deep(150))))).toBe(deep(150));
  expect(parseJson('{"a": 1, "a": 2e0}')).toEqual({ a: 2 });
  expect(jsonText(inOrder(parseJson('{"__proto__": 1, "a": 1e999}')))).toBe('{"__proto__":1,"a":1e999}');
});

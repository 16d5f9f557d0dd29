import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import type { TableChanges } from '../../src/schema/changed.ts';
import {
  blob,
  boolean,
  column,
  id as countedId,
  datetime,
  float,
  index,
  integer,
  json,
  references,
  string,
  table,
  text,
  unboundedString,
  unique,
  uniqueNamed,
} from '../../src/schema/define.ts';
import { displayName } from '../../src/schema/display-name.ts';
import { columnOf, type Schema, type Table } from '../../src/schema/model.ts';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import {
  createDatabase,
  describeEachVersion,
  EVERY_VERSION,
  type TestDatabase,
} from '../support/databases.ts';
import { insertRow } from '../support/insert-row.ts';
import { migrate } from '../support/migrate.ts';
import { tableShape } from '../support/schema-shape.ts';

const person = table(
  'person',
  { id: string(36), email: string(255) },
  { primaryKey: ['id'], uniques: [uniqueNamed('uq_person_email', 'email')] },
);

const pet = table(
  'pet',
  {
    id: countedId(),
    name: string(40),
    nick: unboundedString(60).null(),
    notes: text().null(),
    tags: json(),
    tame: boolean(),
    born: datetime(),
    legs: integer().defaultTo('4'),
    weight: float().null(),
    photo: blob().null(),
    kind: string(20).defaultTo("'it''s a pet'"),
    owner_id: string(36).null(),
    keeper_id: string(36).null(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('nick'), uniqueNamed('uq_pet', 'owner_id', 'name')],
    indexes: [index('ix_pet_kind', 'kind', 'legs'), index('ix_pet_keeper', 'keeper_id')],
    foreignKeys: [
      references('owner_id', 'person.id', 'SET NULL'),
      references('keeper_id', 'person.id', 'CASCADE'),
    ],
    checks: [{ name: 'ck_pet_legs', expression: 'legs >= 0' }],
  },
);

describeEachVersion('the contract of a dialect', ({ id, dialect }) => {
  let database: TestDatabase;
  const run = <T>(use: (db: Connection) => Promise<T>) => connect(database, use);

  beforeAll(async () => {
    database = await createDatabase(id);
  });
  afterAll(() => database?.drop());

  const schemaOf = (db: Connection): Promise<Schema> => db.dialect.readSchema(db);

  /** `person` and `pet` as new, with two persons and two pets. */
  async function withPets(db: Connection): Promise<Table> {
    for (const name of ['pet', 'person']) await db.query(sql`DROP TABLE IF EXISTS ${sql.table(name)}`);
    const schema = new Map<string, Table>();
    for (const definition of [person, pet]) {
      const change = db.dialect.createTable(definition, schema);
      for (const s of change.statements) await db.run(s);
      schema.set(definition.name, change.table);
    }
    const read = await schemaOf(db);
    for (const key of ['p1', 'p2']) await insertRow(db, read, 'person', { id: key, email: `${key}@x.yz` });
    await insertRow(db, read, 'pet', {
      name: 'Rex',
      nick: 'r',
      owner_id: 'p1',
      keeper_id: 'p2',
      notes: 'ñ 🙂',
    });
    await insertRow(db, read, 'pet', { name: "O'Cat", nick: null, owner_id: 'p2', legs: 3 });
    return read.get('pet')!;
  }

  const change = async (db: Connection, changes: TableChanges): Promise<Table> => {
    const schema = await schemaOf(db);
    const { statements, table: promised } = db.dialect.changeTable(schema.get('pet')!, changes, schema);
    for (const s of statements) await db.run(s);
    const after = (await schemaOf(db)).get('pet')!;
    // What a plan believes of a table it changed is what is there.
    const [believed, real] = [tableShape(promised), tableShape(after)];
    const keys = new Set(after.foreignKeys.map((key) => key.column));
    const own = (shape: typeof real) =>
      shape.indexes.filter((text) => !keys.has(text.replace(/^(\w+) \(\1\)$/, '$1')));
    expect(believed.columns).toEqual(real.columns);
    expect(believed.foreignKeys).toEqual(real.foreignKeys);
    expect(own(believed)).toEqual(own(real));
    return after;
  };

  const pets = (db: Connection) => db.query<Record<string, unknown>>(sql`SELECT * FROM pet ORDER BY id`);

  test('says which server it talks to', async () => {
    await run(async (db) => {
      expect(db.dialect.name).toBe(dialect);
      const products = {
        sqlite: 'SQLite',
        postgres: 'PostgreSQL',
        postgres18: 'PostgreSQL',
        mariadb: 'MariaDB',
        mysql: 'MySQL',
      };
      expect(db.dialect.server).toMatchObject({ product: products[id], unsupported: null });
      expect(db.dialect.server.version).toMatch(/^\d+\.\d+/);
    });
  });

  test('identifiers may hold anything', async () => {
    await run(async (db) => {
      const odd = 'a "b" `c` [d] \'e\' select ü';
      const q = db.dialect.quote;
      await db.run(statement(`CREATE TABLE ${q(odd)} (${q('order')} INTEGER)`));
      expect((await schemaOf(db)).get(odd)?.columns.map((c) => c.name)).toEqual(['order']);
      await db.run(db.dialect.dropTable(odd));
      expect((await schemaOf(db)).has(odd)).toBe(false);
    });
  });

  test('literals are the text they stand for', async () => {
    await run(async (db) => {
      expect(db.dialect.literal(null)).toBe('NULL');
      const texts = fc.string({ unit: fc.constantFrom(...'ab\'"`%?$1é🙂\n -;/*') });
      await fc.assert(
        fc.asyncProperty(texts, async (value) => {
          const [row] = await db.query<{ v: string }>(sql`SELECT ${sql.raw(db.dialect.literal(value))} AS v`);
          expect(row?.v).toBe(value);
        }),
        { numRuns: 40 },
      );
    });
  });

  test('a pattern is compared letter by letter, and only * and ? stand for anything else', async () => {
    await run(async (db) => {
      const matches = async (text: string, pattern: string) => {
        const value = db.dialect.literal(text);
        const [row] = await db.query<{ v: unknown }>(
          sql`SELECT CASE WHEN ${db.dialect.glob(value, pattern)} THEN 1 ELSE 0 END AS v`,
        );
        return Number(row?.v) === 1;
      };
      for (const text of ['tool', '100%', 'a_b', 'a!b', '[x]', "O'Neil", 'é🙂', '']) {
        expect(await matches(text, text), text).toBe(true);
        expect(await matches(`<${text}>`, `?${text}*`), text).toBe(true);
        expect(await matches(`${text}x`, text), text).toBe(false);
      }
      for (const [text, pattern] of [
        ['tool', 'TOOL'],
        ['tool', 'to%'],
        ['tool', 'too_'],
        ['x', '[x]'],
        ['é', 'e'],
        ['tool', 'tool '],
      ] as const)
        expect(await matches(text, pattern), pattern).toBe(false);
      expect([await matches('🙂', '?'), await matches('ab', '?'), await matches('', '*')]).toEqual([
        true,
        false,
        true,
      ]);
    });
  });

  test('moments and truth are stored as the gateway does', async () => {
    await run(async (db) => {
      await withPets(db);
      const moment = new Date('2025-12-31T23:59:58.765Z');
      await db.query(
        sql`UPDATE pet SET born = ${db.dialect.timestamp(moment)}, tame = ${db.dialect.boolean(false)}`,
      );
      const read = dialect === 'postgresql' ? sql`(born AT TIME ZONE 'UTC')::text` : sql`born`;
      const [row] = await db.query<{ born: unknown; n: unknown }>(
        sql`SELECT ${read} AS born, (SELECT count(*) FROM pet WHERE tame = ${db.dialect.boolean(false)}) AS n FROM pet`,
      );
      const stored = {
        sqlite: '2025-12-31 23:59:58.765000',
        postgresql: '2025-12-31 23:59:58.765',
        mysql: '2025-12-31 23:59:58',
      };
      expect(row?.born).toBe(stored[dialect]);
      expect(Number(row?.n)).toBe(2);
      const tame = await database.query('SELECT tame FROM pet ORDER BY id');
      expect(tame).toBe(dialect === 'postgresql' ? 'f\nf' : '0\n0');
    });
  });

  test('a created table is read as it was described', async () => {
    await run(async (db) => {
      const read = tableShape(await withPets(db));
      const wanted = tableShape(pet);
      const counted = dialect === 'sqlite' ? 'bigint' : 'integer';
      expect(read.primaryKey).toEqual(['id']);
      expect(read.columns).toEqual(
        wanted.columns
          .map((text) => text.replace('id integer', `id ${counted}`))
          .map((text) => (dialect === 'mysql' ? text : text.replace('nick string(60)', 'nick string')))
          .toSorted(),
      );
      expect(read.indexes.filter((text) => text !== 'owner_id (owner_id)')).toEqual(wanted.indexes);
      expect(read.foreignKeys).toEqual(wanted.foreignKeys);
      // MariaDB checks JSON columns, under their names.
      expect(read.checks.filter((name) => name !== 'tags')).toEqual(['ck_pet_legs']);
      const unnamed = { sqlite: 'null', postgresql: 'pet_nick_key', mysql: 'nick' }[dialect];
      expect(read.uniques).toEqual([`${unnamed} (nick)`, 'uq_pet (owner_id,name)'].toSorted());
      await expect(db.query(sql`UPDATE pet SET legs = -1`)).rejects.toThrow(/ck_pet_legs|legs >= 0|CHECK/i);
    });
  });

  describe('every part of a change, one by one', () => {
    test.each<
      [
        string,
        TableChanges,
        (before: ReturnType<typeof tableShape>) => Partial<ReturnType<typeof tableShape>>,
      ]
    >([
      [
        'drop a named unique',
        { dropUniques: [['name', 'owner_id']] },
        (b) => ({ uniques: b.uniques.filter((u) => !u.startsWith('uq_pet')) }),
      ],
      [
        'drop an unnamed unique',
        { dropUniques: [['nick']] },
        (b) => ({ uniques: b.uniques.filter((u) => !u.endsWith('(nick)')) }),
      ],
      [
        'add a unique',
        { addUniques: [uniqueNamed('uq_new', 'kind', 'id')] },
        (b) => ({ uniques: [...b.uniques, 'uq_new (kind,id)'].toSorted() }),
      ],
      [
        'drop a foreign key',
        { dropForeignKeys: ['keeper_id'] },
        (b) => ({ foreignKeys: b.foreignKeys.filter((k) => !k.startsWith('(keeper_id)')) }),
      ],
      [
        'drop a check',
        { dropChecks: ['ck_pet_legs'] },
        (b) => ({ checks: b.checks.filter((c) => c !== 'ck_pet_legs') }),
      ],
      [
        'add a check',
        { addChecks: [{ name: 'ck_new', expression: "kind <> ''" }] },
        (b) => ({ checks: [...b.checks, 'ck_new'].toSorted() }),
      ],
      [
        'drop an index',
        { dropIndexes: ['ix_pet_kind'] },
        (b) => ({ indexes: b.indexes.filter((i) => !i.startsWith('ix_pet_kind')) }),
      ],
      [
        'add an index',
        { addIndexes: [index('ix_new', 'legs')] },
        (b) => ({ indexes: [...b.indexes, 'ix_new (legs)'].toSorted() }),
      ],
      [
        'drop a column',
        { dropColumns: ['weight'] },
        (b) => ({ columns: b.columns.filter((c) => !c.startsWith('weight')) }),
      ],
      [
        'allow NULL',
        { alterColumns: [column('name', string(40).null())] },
        (b) => ({ columns: b.columns.map((c) => (c.startsWith('name ') ? 'name string(40)' : c)) }),
      ],
      [
        'change a default',
        { alterColumns: [column('legs', integer().defaultTo('2'))] },
        (b) => ({ columns: b.columns.map((c) => c.replace('DEFAULT 4', 'DEFAULT 2')) }),
      ],
      [
        'drop a default',
        { alterColumns: [column('legs', integer())] },
        (b) => ({ columns: b.columns.map((c) => c.replace(' DEFAULT 4', '')) }),
      ],
    ])('%s', async (_what, changes, expected) => {
      await run(async (db) => {
        const before = tableShape(await withPets(db));
        const rows = await pets(db);
        const after = tableShape(await change(db, changes));
        // InnoDB keeps an index for each foreign key.
        const indexes = after.indexes.filter((text) => text !== 'owner_id (owner_id)');
        expect({ ...after, indexes }).toEqual({ ...before, ...expected(before) });
        const gone = new Set(changes.dropColumns ?? []);
        const kept = rows.map((row) =>
          Object.fromEntries(Object.entries(row).filter(([name]) => !gone.has(name))),
        );
        expect(await pets(db)).toEqual(kept);
      });
    });

    test('a foreign key that comes is kept by the database', async () => {
      await run(async (db) => {
        await withPets(db);
        await change(db, { dropForeignKeys: ['owner_id'] });
        const after = await change(db, { addForeignKeys: [references('owner_id', 'person.id', 'CASCADE')] });
        expect(tableShape(after).foreignKeys).toContain('(owner_id) → person(id) CASCADE');
        if (dialect === 'sqlite') await db.query(sql`PRAGMA foreign_keys = ON`);
        await db.query(sql`UPDATE pet SET keeper_id = NULL`);
        await db.query(sql`DELETE FROM person WHERE id = 'p1'`);
        expect((await pets(db)).map((row) => row.name)).toEqual(["O'Cat"]);
      });
    });

    test('a fill writes only where there is nothing; then NULL can be refused', async () => {
      await run(async (db) => {
        await withPets(db);
        const fills = [{ column: 'nick', value: { kind: 'expression', sql: 'name' } }] as const;
        const nick = columnOf((await schemaOf(db)).get('pet'), 'nick')!;
        const after = await change(db, { fills, alterColumns: [{ ...nick, nullable: false }] });
        expect((await pets(db)).map((row) => row.nick)).toEqual(['r', "O'Cat"]);
        expect(columnOf(after, 'nick')).toMatchObject({ nullable: false, length: nick.length });
      });
    });

    test('a column that may not be NULL fills itself first', async () => {
      await run(async (db) => {
        await withPets(db);
        const notes = { ...column('notes', text().filledWith("'nothing'")) };
        const after = await change(db, { alterColumns: [notes] });
        expect((await pets(db)).map((row) => row.notes)).toEqual(['ñ 🙂', 'nothing']);
        expect(columnOf(after, 'notes')?.nullable).toBe(false);
      });
    });

    test('an added column: the rows that are there get the value, new ones the default', async () => {
      await run(async (db) => {
        await withPets(db);
        await change(db, {
          addColumns: [
            { column: column('team', string(36).null()), value: { kind: 'constant', value: "it's" } },
            {
              column: column('seen', string(20).defaultTo("'private'")),
              value: { kind: 'constant', value: 'public' },
            },
            { column: column('none', string(20).null()), value: { kind: 'constant', value: null } },
            { column: column('plain', string(20).defaultTo("'d'")) },
            { column: column('copy', string(80).null()), value: { kind: 'expression', sql: 'lower(name)' } },
          ],
        });
        await insertRow(db, await schemaOf(db), 'pet', { name: 'New' });
        expect(await db.query(sql`SELECT team, seen, none, plain, copy FROM pet ORDER BY id`)).toEqual([
          { team: "it's", seen: 'public', none: null, plain: 'd', copy: 'rex' },
          { team: "it's", seen: 'public', none: null, plain: 'd', copy: "o'cat" },
          { team: null, seen: 'private', none: null, plain: 'd', copy: null },
        ]);
        const after = (await schemaOf(db)).get('pet');
        expect(columnOf(after, 'team')).toMatchObject({ default: null, nullable: true, length: 36 });
        expect(columnOf(after, 'seen')).toMatchObject({ default: "'private'", nullable: false });
      });
    });
  });

  test('what it does not know survives a change: columns, indexes, views', async () => {
    await run(async (db) => {
      await withPets(db);
      await db.query(sql.raw("ALTER TABLE pet ADD COLUMN extra VARCHAR(9) DEFAULT 'x''y'"));
      await db.query(sql.raw('CREATE UNIQUE INDEX uq_extra ON pet (extra, id)'));
      await db.query(sql.raw('CREATE VIEW pet_names AS SELECT name, extra FROM pet'));
      const after = await change(db, {
        dropUniques: [['nick']],
        addColumns: [{ column: column('team', string(36).null()), value: { kind: 'constant', value: 't' } }],
      });
      expect(columnOf(after, 'extra')).toMatchObject({ length: 9, default: "'x''y'" });
      expect(after.uniques.map((u) => u.name)).toContain('uq_extra');
      expect(await db.query(sql`SELECT * FROM pet_names ORDER BY name`)).toEqual([
        { name: "O'Cat", extra: "x'y" },
        { name: 'Rex', extra: "x'y" },
      ]);
      await db.query(sql`DROP VIEW pet_names`);
    });
  });

  test('schema changes are taken back where it says so', async () => {
    await run(async (db) => {
      const before = tableShape(await withPets(db));
      await db.dialect.beginRun(db, { timeoutMs: 1000, onWait: () => {} });
      const schema = await schemaOf(db);
      const { statements } = db.dialect.changeTable(schema.get('pet')!, { dropColumns: ['weight'] }, schema);
      for (const s of statements) await db.run(s);
      await db.dialect.endRun(db, false);
      const after = tableShape((await schemaOf(db)).get('pet')!);
      if (db.dialect.transactionalDdl) expect(after).toEqual(before);
      else expect(after.columns).toEqual(before.columns.filter((text) => !text.startsWith('weight')));
    });
  });

  test('a run holds its lock: a second one is told who has it, and comes in when it is free', async () => {
    await run(async (first) => {
      await withPets(first);
      await first.dialect.beginRun(first, { timeoutMs: 1000, onWait: () => {} });
      const waited: string[] = [];
      const onWait = (holder: string) => void waited.push(holder);
      await run(async (second) => {
        await expect(second.dialect.beginRun(second, { timeoutMs: 300, onWait })).rejects.toMatchObject({
          code: dialect === 'sqlite' ? 'BUSY' : 'LOCKED',
          exitCode: dialect === 'sqlite' ? 2 : 4,
        });
        expect(waited).toHaveLength(1);
        const holder = { sqlite: /process/, postgresql: /server process \d+/, mysql: /connection \d+/ }[
          dialect
        ];
        expect(waited[0]).toMatch(holder);

        const waiting = second.dialect.beginRun(second, { timeoutMs: 5000, onWait });
        await new Promise((resolve) => setTimeout(resolve, 100));
        await first.dialect.endRun(first, true);
        await waiting;
        expect(waited).toHaveLength(2);
        await second.dialect.endRun(second, false);
      });
      await first.dialect.beginRun(first, { timeoutMs: 300, onWait });
      await first.dialect.endRun(first, false);
      expect(waited).toHaveLength(2);
    });
  });

  test('the lock of a run is free when its connection is gone', async () => {
    await run((db) => db.dialect.beginRun(db, { timeoutMs: 1000, onWait: () => {} }));
    await run(async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 3000, onWait: () => {} });
      await db.dialect.endRun(db, false);
    });
  });

  test('a read cannot write, and sees one moment', async () => {
    await run((db) => withPets(db));
    await connect(
      database,
      async (reader) => {
        await reader.dialect.beginRead(reader);
        const count = async () =>
          Number((await reader.query<{ n: unknown }>(sql`SELECT count(*) AS n FROM pet`))[0]?.n);
        expect(await count()).toBe(2);
        if (dialect !== 'sqlite') {
          await database.query("DELETE FROM pet WHERE name = 'Rex'");
          expect(await count()).toBe(2);
        }
        const write = reader.query(sql`UPDATE pet SET legs = 9`).catch((error: unknown) => {
          throw reader.dialect.translateError(error) ?? error;
        });
        await expect(write).rejects.toMatchObject({ code: 'READ_ONLY' });
        await reader.dialect.endRead(reader);
        expect(await count()).toBe(dialect === 'sqlite' ? 2 : 1);
      },
      { access: 'read' },
    );
  });

  test('integrity has no problems where it can be checked', async () => {
    await run(async (db) => {
      expect(await db.dialect.integrityProblems(db)).toEqual(dialect === 'sqlite' ? [] : null);
    });
  });

  test('errors it does not know are left as they are', async () => {
    await run(async (db) => {
      expect(db.dialect.translateError(new Error('x'))).toBeNull();
      expect(db.dialect.translateError('x')).toBeNull();
      const wrong = await db.query(sql`SELEC 1`).catch((error: unknown) => error);
      expect(db.dialect.translateError(wrong)).toBeNull();
    });
  });
});

describeEachVersion('keys that are too long for InnoDB', ({ id }) => {
  test('reject what is there twice, and take what is not', async () => {
    const database = await createDatabase(id);
    try {
      await connect(database, (db) => createV060(db, { rows: {} }));
      await migrate(database);
      await connect(database, async (db) => {
        const schema = await db.dialect.readSchema(db);
        const [team] = await db.query<{ id: string }>(sql`SELECT id FROM email_teams`);
        const gateway = (key: string, url: string, owner: string | null) =>
          insertRow(db, schema, 'gateways', {
            id: key,
            slug: key,
            url,
            owner_email: owner,
            team_id: team?.id,
          });
        const long = `http://${'x'.repeat(750)}`;
        await gateway('1', `${long}/a`, 'a@b.cd');
        await gateway('2', `${long}/b`, 'a@b.cd');
        await gateway('3', `${long}/a`, 'b@b.cd');
        await gateway('4', `${long}/a`, null);
        await gateway('5', `${long}/a`, null);
        await expect(gateway('6', `${long}/a`, 'a@b.cd')).rejects.toThrow(/unique|duplicate/i);
        expect(schema.get('gateways')?.uniques).toContainEqual({
          name: 'uq_team_owner_url_gateway',
          columns: ['team_id', 'owner_email', 'url'],
          constraint: true,
        });
      });
    } finally {
      await database.drop();
    }
  });
});

describeEachVersion('display names made in SQL', ({ id }) => {
  test('are those of the function, for any printable ASCII and for everything else', async () => {
    const database = await createDatabase(id);
    try {
      const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });
      const words = fc.string({ unit: fc.constantFrom(..."abiIZz09_-. '/"), maxLength: 300 });
      const any = fc.string({ unit: fc.constantFrom(...'ab_éßΣσİıǆﬁ日🙂\u00a0\t\n'), maxLength: 12 });
      const names = fc.sample(fc.oneof(ascii, words, any), { numRuns: 1500, seed: 1 });
      const lists = names.map((name) => name.slice(0, 255));
      await connect(database, async (db) => {
        await createV060(db, { rows: {} });
        const schema = await db.dialect.readSchema(db);
        await insertRow(db, schema, 'tools', { id: 'x', original_name: 'o_x', custom_name: '', name: 'x' });
        const columns = (schema.get('tools')?.columns ?? []).map((c) => c.name);
        const made = new Set(['id', 'original_name', 'custom_name', 'name']);
        for (let from = 0; from < lists.length; from += 250) {
          const rows = lists.slice(from, from + 250).map((name, i) => {
            const key = `t${String(from + i).padStart(5, '0')}`;
            return sql`SELECT ${key} AS id, ${key} AS original_name, ${name} AS custom_name, ${key} AS name`;
          });
          const values = columns.map((c) => (made.has(c) ? sql.ref(`n.${c}`) : sql.ref(`t.${c}`)));
          await db.query(
            sql`INSERT INTO tools (${sql.join(columns.map((c) => sql.ref(c)))})
                SELECT ${sql.join(values)} FROM tools t CROSS JOIN (${sql.join(rows, sql` UNION ALL `)}) n WHERE t.id = 'x'`,
          );
        }
      });
      await migrate(database);
      const rows = await connect(database, (db) =>
        db.query<{ id: string; original_name: string; custom_name: string; display_name: string | null }>(
          sql`SELECT id, original_name, custom_name, display_name FROM tools`,
        ),
      );
      expect(rows).toHaveLength(lists.length + 1);
      const wrong = rows
        .map((row) => ({ ...row, wanted: displayName(row.custom_name, row.original_name) }))
        .filter((row) => row.display_name !== row.wanted);
      expect(wrong).toEqual([]);
    } finally {
      await database.drop();
    }
  });
});

test('every database that is known has a place in this suite', () => {
  expect(EVERY_VERSION.map(({ id }) => id)).toEqual(['sqlite', 'postgres', 'postgres18', 'mariadb', 'mysql']);
});

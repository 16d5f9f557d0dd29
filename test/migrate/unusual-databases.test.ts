import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { columnOf } from '../../src/schema/model.ts';
import { connect } from '../support/connect.ts';
import { createV060, V060_ROWS, type V060Options } from '../support/create-v060.ts';
import { adminUrl, DATABASES } from '../support/database-kinds.ts';
import { createDatabase, describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { freshSchema } from '../support/fresh-schema.ts';
import { insertRow } from '../support/insert-row.ts';
import { migrate } from '../support/migrate.ts';
import { runSql } from '../support/run-sql.ts';
import { schemaShape } from '../support/schema-shape.ts';

let database: TestDatabase;
afterEach(() => database?.drop());
const run = <T>(use: (db: Connection) => Promise<T>) => connect(database, use);

/** Makes v0.6.0 and changes it, statement by statement. */
async function v060With(...statements: readonly string[]): Promise<void> {
  await run(async (db) => {
    await createV060(db);
    for (const statement of statements) await db.query(sql.raw(statement));
  });
}

/** Migrates, and holds that a second run has nothing to do and that every row has an owner. */
async function migrates(): Promise<void> {
  expect((await migrate(database)).changed).toBe(true);
  expect((await migrate(database)).changed).toBe(false);
  for (const table of ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents']) {
    expect(await database.query(`SELECT DISTINCT owner_email, visibility FROM ${table}`)).toBe(
      'admin@corp.example.com\tpublic',
    );
  }
}

/** Makes a database at v0.7.0 one that the gateway brought there, not mcpgw. */
const forget = () => database.query('DROP TABLE mcpgw_migration');

describeEachDatabase('tables that somebody added to', ({ id, dialect }) => {
  beforeEach(async () => {
    database = await createDatabase(id);
  });

  test('unknown columns, indexes, tables and views stay, with their values', async () => {
    await v060With(
      "ALTER TABLE tools ADD COLUMN note VARCHAR(40) DEFAULT 'none'",
      "UPDATE tools SET note = 'it''s mine' WHERE id = 't2'",
      'CREATE INDEX ix_mine ON tools (note, version)',
      'CREATE UNIQUE INDEX uq_mine ON servers (name, version)',
      'CREATE TABLE mine (id INTEGER NOT NULL PRIMARY KEY, tool VARCHAR(36) REFERENCES tools (id))',
      "INSERT INTO mine VALUES (1, 't1')",
      'CREATE VIEW tool_names AS SELECT id, name, note FROM tools',
      'CREATE VIEW gateway_times AS SELECT id, created_at FROM gateways',
    );
    await migrates();
    expect(await database.query('SELECT name, note FROM tool_names ORDER BY id')).toBe(
      "time-get-user\tnone\nv2api\tit's mine\necole-normale\tnone",
    );
    expect(await database.query('SELECT count(*) FROM gateway_times')).toBe('2');
    expect(await database.query('SELECT * FROM mine')).toBe('1\tt1');
    const schema = await run((db) => db.dialect.readSchema(db));
    expect(columnOf(schema.get('tools'), 'note')).toMatchObject({
      length: 40,
      default: "'none'",
      nullable: true,
    });
    expect(schema.get('tools')?.indexes.map((index) => index.name)).toContain('ix_mine');
    expect(schema.get('servers')?.uniques.map((u) => [u.name, u.columns])).toContainEqual([
      'uq_mine',
      ['name', 'version'],
    ]);
  });

  test('leftover copies go when all their rows are in the real table, and stay with a warning otherwise', async () => {
    await v060With();
    await migrate(database);
    await forget();
    await database.query('CREATE TABLE servers_tmp_nounique AS SELECT * FROM servers');
    await database.query('CREATE TABLE gateways_tmp_nounique AS SELECT * FROM gateways');
    await database.query("UPDATE gateways_tmp_nounique SET id = 'lost' WHERE id = 'g1'");
    const { plan, warnings } = await migrate(database);
    expect(plan.state.kind).toBe('upgraded-by-gateway');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^gateways_tmp_nounique is kept: 1 /);
    const schema = await run((db) => db.dialect.readSchema(db));
    expect([...schema.keys()].filter((name) => name.includes('nounique'))).toEqual(['gateways_tmp_nounique']);
    expect((await migrate(database)).changed).toBe(false);
  });

  test('a tool without a name gets one', async () => {
    await v060With("UPDATE tools SET name = NULL WHERE id = 't2'");
    await migrates();
    expect(await database.query("SELECT name FROM tools WHERE id = 't2'")).toBe('v2api');
  });

  test('teams of a pre-release with a visibility of their own become private', async () => {
    await v060With();
    await migrate(database, { env: { EMAIL_AUTH_ENABLED: 'false' } });
    await run(async (db) => {
      const schema = await db.dialect.readSchema(db);
      const drop =
        dialect === 'sqlite' ? null : 'ALTER TABLE email_teams DROP CONSTRAINT ck_email_teams_visibility';
      if (drop === null) await db.query(sql`PRAGMA ignore_check_constraints = ON`);
      else await db.query(sql.raw(drop));
      await insertRow(db, schema, 'email_users', { email: 'u@x.yz' });
      for (const [key, visibility] of [
        ['a', 'team'],
        ['b', 'public'],
      ]) {
        await insertRow(db, schema, 'email_teams', {
          ...{ id: key, name: key, slug: key, created_by: 'u@x.yz', is_personal: db.dialect.boolean(false) },
          visibility,
        });
      }
    });
    const { warnings } = await migrate(database);
    expect(warnings).toContain('1 team made private: v0.7.0 does not have its visibility.');
    expect(
      await database.query("SELECT id, visibility FROM email_teams WHERE created_by = 'u@x.yz' ORDER BY id"),
    ).toBe('a\tprivate\nb\tpublic');
    const schema = await run((db) => db.dialect.readSchema(db));
    expect(schemaShape(schema).email_teams).toEqual(schemaShape(await freshSchema(id)).email_teams);
  });

  test('rows that point at nothing are refused before anything is written', async () => {
    await v060With();
    await migrate(database);
    await forget();
    const key = {
      sqlite: 'PRAGMA foreign_keys = OFF',
      postgresql: "SET session_replication_role = 'replica'",
      mysql: 'SET foreign_key_checks = 0',
    };
    await run(async (db) => {
      await db.query(sql.raw(key[dialect]));
      const schema = await db.dialect.readSchema(db);
      const name = schema.get('tools')?.foreignKeys.find((k) => k.column === 'team_id')?.name;
      if (dialect !== 'sqlite') {
        await db.query(
          sql.raw(`ALTER TABLE tools DROP ${dialect === 'mysql' ? 'FOREIGN KEY' : 'CONSTRAINT'} ${name}`),
        );
      } else {
        const table = schema.get('tools')!;
        const change = db.dialect.changeTable(table, { dropForeignKeys: ['team_id'] }, schema);
        for (const statement of change.statements) await db.run(statement);
      }
      await db.query(sql`UPDATE tools SET team_id = 'nobody' WHERE id = 't1'`);
    });
    expect((await migrate(database)).warnings).toEqual([
      'tools: 1 row of teams that do not exist: given to their owner’s team.',
    ]);
    expect(
      await database.query(
        "SELECT count(*) FROM tools t JOIN email_teams e ON e.id = t.team_id WHERE t.id = 't1'",
      ),
    ).toBe('1');
  });
});

describe('SQLite', () => {
  test('triggers, quoted names, checks, collations and generated columns survive', async () => {
    database = await createDatabase('sqlite');
    await v060With(
      'ALTER TABLE servers ADD COLUMN "select" TEXT COLLATE NOCASE DEFAULT \'( a , b )\'',
      'ALTER TABLE servers ADD COLUMN [two words] INTEGER CHECK ([two words] <> 7)',
      'ALTER TABLE servers ADD COLUMN shout TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL',
      'CREATE TABLE log (what TEXT)',
      "CREATE TRIGGER server_log AFTER INSERT ON servers BEGIN INSERT INTO log VALUES (new.name || ' ' || new.shout); END",
      "CREATE TRIGGER tools_guard BEFORE DELETE ON tools WHEN old.name = 'v2api' BEGIN SELECT raise(ABORT, 'kept'); END",
      'CREATE INDEX ix_part ON servers (name) WHERE version > 1',
      'CREATE INDEX ix_expression ON servers (lower(name), "select" DESC)',
      'CREATE VIEW shouts AS SELECT shout FROM servers',
      "UPDATE servers SET \"select\" = 'X', [two words] = 3 WHERE id = 's1'",
    );
    const objects = () =>
      database.query(
        "SELECT type, name, sql FROM sqlite_schema WHERE type <> 'table' AND name IN ('server_log', 'tools_guard', 'ix_part', 'ix_expression', 'shouts') ORDER BY name",
      );
    const before = await objects();
    await migrates();
    expect(await objects()).toBe(before);
    expect(await database.query('SELECT "select", [two words], shout FROM servers ORDER BY id')).toBe(
      'X\t3\tALPHA\n( a , b )\tNULL\tBETA',
    );
    expect(await database.query('SELECT count(*) FROM servers WHERE "select" = \'x\'')).toBe('1');
    expect(await database.query('SELECT count(*) FROM log')).toBe('0');
    await expect(database.query('UPDATE servers SET [two words] = 7')).rejects.toThrow(/CHECK/);
    await expect(database.query("DELETE FROM tools WHERE id = 't2'")).rejects.toThrow(/kept/);
    await run(async (db) =>
      insertRow(db, await db.dialect.readSchema(db), 'servers', { id: 's3', name: 'new' }),
    );
    expect(await database.query('SELECT * FROM log')).toBe('new NEW');
  });

  test('tables as a person would write them', async () => {
    database = await createDatabase('sqlite');
    await v060With(
      'PRAGMA foreign_keys = OFF',
      'DROP TABLE global_config',
      `CREATE TABLE "global_config" -- the only row (of settings)
        ([id] integer primary key autoincrement, "passthrough_headers" JSON /* a list, or nothing */ )`,
      "INSERT INTO global_config VALUES (41, '[]')",
      'CREATE TABLE other (a, b) STRICT, WITHOUT ROWID'.replace('(a, b)', '(a TEXT PRIMARY KEY, b ANY)'),
      'CREATE VIRTUAL TABLE words USING fts5(word)',
    );
    await migrates();
    expect(await database.query('SELECT * FROM global_config')).toBe('41\t[]');
  });

  test('journal mode WAL and autovacuum stay as they are', async () => {
    database = await createDatabase('sqlite');
    await database.query('PRAGMA journal_mode = WAL');
    await v060With();
    await migrates();
    expect(await database.query('PRAGMA journal_mode')).toBe('wal');
  });
});

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'postgresql')) {
  describe.skipIf(!available)(`PostgreSQL [${id}]`, () => {
    beforeEach(async () => {
      database = await createDatabase(id);
    });

    test('tables in the first schema of the search path, next to others of the same name', async () => {
      await database.query(
        'CREATE SCHEMA "Gate way"; CREATE TABLE public.tools (id INT); CREATE TABLE public.roles (id INT)',
      );
      const there = {
        ...database,
        url: `${database.url}?options=-csearch_path%3D%22Gate%5C%20way%22,public`,
      };
      await connect(there, (db) => createV060(db));
      expect((await migrate(there)).changed).toBe(true);
      expect((await migrate(there)).changed).toBe(false);
      expect(await database.query('SELECT count(*) FROM "Gate way".tools WHERE owner_email IS NULL')).toBe(
        '0',
      );
      expect(await database.query('SELECT count(*) FROM "Gate way".roles')).toBe('4');
      expect(await database.query('SELECT count(*) FROM public.roles')).toBe('0');
    });

    test('a database with capitals and blanks in its name', async () => {
      const name = `Gate Way ${randomBytes(4).toString('hex')}`;
      const admin = adminUrl(id)!;
      await runSql('postgresql', admin.href, `CREATE DATABASE "${name}"`);
      try {
        // As it is: the gateway decodes nothing of a database's name.
        const url = admin.href.replace(/[^/]*$/, name);
        expect((await migrate({ url })).changed).toBe(true);
        expect((await migrate({ url })).changed).toBe(false);
      } finally {
        await runSql('postgresql', admin.href, `DROP DATABASE "${name}" WITH (FORCE)`);
      }
    });

    test('triggers, checks, generated columns, identity columns and partial indexes survive', async () => {
      await v060With(
        'ALTER TABLE tools ADD COLUMN shout TEXT GENERATED ALWAYS AS (upper(name)) STORED',
        'ALTER TABLE tools ADD CONSTRAINT ck_mine CHECK (version > 0)',
        'CREATE INDEX ix_part ON tools (name) WHERE version > 1',
        'CREATE UNIQUE INDEX uq_expression ON tools (lower(name), version)',
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        'CREATE TRIGGER mine BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION nothing()',
        'CREATE TABLE counted (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY)',
      );
      await migrates();
      expect(await database.query("SELECT shout FROM tools WHERE id = 't2'")).toBe('V2API');
      expect(await database.query('SELECT tgname FROM pg_trigger WHERE NOT tgisinternal')).toBe('mine');
      expect(
        await database.query(
          "SELECT count(*) FROM pg_indexes WHERE indexname IN ('ix_part', 'uq_expression')",
        ),
      ).toBe('2');
      expect(await database.query("SELECT count(*) FROM pg_constraint WHERE conname = 'ck_mine'")).toBe('1');
    });

    test('a view on a column whose type changes is named, and nothing is changed', async () => {
      await v060With('CREATE VIEW seen AS SELECT id, last_seen FROM gateways');
      await expect(migrate(database)).rejects.toMatchObject({ code: 'PREFLIGHT', exitCode: 2 });
      expect(await database.query('SELECT version_num FROM alembic_version')).toBe('1fc1795f6983');
      expect(await database.query("SELECT count(*) FROM pg_class WHERE relname = 'email_users'")).toBe('0');
    });

    test('times without a zone are taken for UTC, whatever the zone of the server is', async () => {
      await v060With();
      await database.query(`ALTER DATABASE ${database.name} SET timezone = 'Asia/Tokyo'`);
      await migrates();
      expect(await database.query("SELECT last_seen AT TIME ZONE 'UTC' FROM gateways WHERE id = 'g1'")).toBe(
        '2025-03-04 05:06:07',
      );
    });

    test('names in a Turkish collation get the display name of everybody', async () => {
      await database.query("CREATE COLLATION turkish (provider = icu, locale = 'tr-TR')");
      await v060With(
        'ALTER TABLE tools ALTER COLUMN custom_name TYPE VARCHAR COLLATE turkish',
        "UPDATE tools SET custom_name = 'list_INDIVIDUAL_items'",
      );
      await migrates();
      expect(await database.query('SELECT DISTINCT display_name FROM tools')).toBe('List Individual Items');
    });
  });
}

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'mysql')) {
  describe.skipIf(!available)(`MySQL and MariaDB [${id}]`, () => {
    beforeEach(async () => {
      database = await createDatabase(id);
    });
    const collate = (collation: string) => `CHARACTER SET ${collation.split('_')[0]} COLLATE ${collation}`;
    const inLatin1 = (collation: string): V060Options => ({
      rows: collation.startsWith('latin1')
        ? { ...V060_ROWS, servers: [{ id: 's1', name: 'alpha', description: 'naïve' }] }
        : V060_ROWS,
    });

    async function migratesAndCompares(): Promise<void> {
      await database.query("UPDATE tools SET custom_name = 'LIST_INDIVIDUAL_items' WHERE id = 't2'");
      await migrates();
      expect(await database.query('SELECT id, display_name FROM tools ORDER BY id')).toBe(
        't1\tGet User\nt2\tList Individual Items\nt3\tÉcole Normale',
      );
      const joined =
        'tools t JOIN email_users u ON u.email = t.owner_email JOIN email_teams e ON e.id = t.team_id';
      expect(await database.query(`SELECT count(*) FROM ${joined}`)).toBe('3');
      // A half-assigned row is filled by comparing its owner with those of teams.
      await database.query('UPDATE tools SET team_id = NULL');
      expect((await migrate(database)).plan.assigned.get('tools')).toBe(3);
    }

    const COLLATIONS = ['utf8mb4_unicode_ci', 'utf8mb4_bin', 'utf8mb4_turkish_ci', 'latin1_swedish_ci'];

    test.each(COLLATIONS)('every table in %s', async (collation) => {
      const rewrite = (text: string) =>
        text
          .replaceAll(/CHARACTER SET \w+ COLLATE \w+/g, collate(collation))
          .replace(/DEFAULT CHARSET=\w+ COLLATE=\w+/, collate(collation));
      await run((db) => createV060(db, { rewrite, ...inLatin1(collation) }));
      await migratesAndCompares();
    });

    test.each(['utf8mb4_unicode_ci', 'latin1_swedish_ci'])(
      'one table in %s among others',
      async (collation) => {
        const rewrite = (text: string) =>
          text.includes('CREATE TABLE `tools`')
            ? text.replace(/DEFAULT CHARSET=\w+ COLLATE=\w+/, collate(collation))
            : text.replace(
                /(`tool_id` VARCHAR\(36\)) CHARACTER SET \w+ COLLATE \w+/,
                `$1 ${collate(collation)}`,
              );
        await run((db) => createV060(db, { rewrite }));
        await migratesAndCompares();
      },
    );

    test('ids of 255 characters, names of TEXT, comments, and checks', async () => {
      const rewrite = (text: string) =>
        text.replace(/(CREATE TABLE `(?:servers|tools)` \(\s*`id`) VARCHAR\(36\)/, '$1 VARCHAR(255)');
      await run(async (db) => {
        await createV060(db, { rewrite });
        for (const statement of [
          'ALTER TABLE prompts DROP INDEX name',
          'ALTER TABLE prompts MODIFY name TEXT NOT NULL, ADD UNIQUE KEY name (name(191))',
          "ALTER TABLE tools MODIFY name VARCHAR(255) NULL COMMENT 'it''s \\\\ ours' CHECK (name <> 'no')",
          'ALTER TABLE tools MODIFY tags LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(tags))',
        ]) {
          await db.query(sql.raw(statement));
        }
      });
      await migrates();
      const schema = await run((db) => db.dialect.readSchema(db));
      expect(columnOf(schema.get('tools'), 'id')?.length).toBe(255);
      expect(
        await database.query(
          "SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'tools' AND COLUMN_NAME = 'name'",
        ),
      ).toBe("it's \\ ours");
      await expect(database.query("UPDATE tools SET name = 'no' WHERE id = 't1'")).rejects.toThrow(
        /constraint/i,
      );
      await expect(database.query("UPDATE tools SET tags = '{' WHERE id = 't1'")).rejects.toThrow(
        /constraint|JSON/i,
      );
    });

    test('generated columns and triggers survive, and a row that a trigger touches is touched by nobody', async () => {
      await v060With(
        'ALTER TABLE tools ADD COLUMN shout VARCHAR(255) AS (upper(name)) STORED',
        'CREATE TRIGGER mine BEFORE INSERT ON tools FOR EACH ROW SET NEW.version = NEW.version + 1',
      );
      await migrates();
      expect(await database.query("SELECT shout, version FROM tools WHERE id = 't2'")).toBe('V2API\t1');
      expect(
        await database.query(
          'SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database()',
        ),
      ).toBe('mine');
    });

    test('a database with capitals and hyphens in its name', async () => {
      const name = `Gate-Way ${randomBytes(4).toString('hex')}`;
      const admin = adminUrl(id)!;
      await runSql('mysql', admin.href, `CREATE DATABASE \`${name}\` CHARACTER SET latin1`);
      try {
        // As it is: the gateway decodes nothing of a database's name.
        const url = admin.href.replace(/[^/]*$/, name);
        expect((await migrate({ url })).changed).toBe(true);
        expect((await migrate({ url })).changed).toBe(false);
      } finally {
        await runSql('mysql', admin.href, `DROP DATABASE \`${name}\``);
      }
    });
  });
}

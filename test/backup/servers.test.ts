import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type DatabaseId, EVERY_VERSION } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { serverUser } from '../support/server-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { backUp, clientEnv, contentOf, putBack, v060Database } from './backup-context.ts';
import { clientIsOlder } from './client-is-older.ts';

let database: TestDatabase;
let directory: string;

function each(id: DatabaseId): void {
  beforeAll(async () => {
    database = await v060Database(id);
  });
  beforeEach(() => {
    directory = temporaryFolder();
  });
  afterAll(async () => {
    await database.drop();
  });
}

const available = (id: DatabaseId) => EVERY_VERSION.some((kind) => kind.id === id && kind.available);

/** Makes a backup claim other things than are in it. */
function forge(manifest: string, from: string | RegExp, to: string): void {
  const text = readFileSync(manifest, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(manifest, text.replace(from, to));
}

describe.skipIf(!available('postgres'))('PostgreSQL restores all or nothing', () => {
  each('postgres');

  const refusedAndAsBefore = async (name: string, failure: object) => {
    const before = await contentOf(database);
    await expect(putBack(database, { directory, name, backup: false })).rejects.toMatchObject({
      exitCode: 2,
      ...failure,
    });
    expect(await contentOf(database)).toEqual(before);
  };

  test('other rows than the manifest says', async () => {
    const made = await backUp(database, { directory });
    forge(made.manifest, '"tools": 3', '"tools": 4');
    await refusedAndAsBefore(made.manifest, {
      code: 'FAILED',
      message: expect.stringContaining('table tools has other rows than the backup'),
      hint: expect.stringContaining('taken back'),
    });
  });

  test('a table that somebody uses', async () => {
    const made = await backUp(database, { directory });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('BEGIN; UPDATE tools SET description = NULL');
      await refusedAndAsBefore(made.file, {
        code: 'BUSY',
        hint: expect.stringContaining('Stop the gateway'),
      });
    } finally {
      await client.end();
    }
  });

  test('somebody else’s table that refers to the gateway’s', async () => {
    const made = await backUp(database, { directory });
    await database.query('CREATE TABLE mine (tool VARCHAR(36) REFERENCES tools (id))');
    await database.query("INSERT INTO mine VALUES ('t1')");
    try {
      await refusedAndAsBefore(made.file, {
        message: expect.stringContaining('What is not in the backup d'),
        details: expect.arrayContaining(['ALTER TABLE mine DROP CONSTRAINT mine_tool_fkey;']),
      });
    } finally {
      await database.query('DROP TABLE mine');
    }
  });

  test('views, sequences, triggers and grants come back', async () => {
    await database.query('CREATE VIEW tool_names AS SELECT name FROM tools');
    await database.query('CREATE VIEW names_of_names AS SELECT * FROM tool_names');
    await database.query('GRANT SELECT ON tools TO PUBLIC');
    await database.query(
      'CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    );
    await database.query(
      'CREATE TRIGGER touched BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION touch()',
    );
    const facts = `SELECT (SELECT count(*) FROM names_of_names), (SELECT count(*) FROM pg_trigger WHERE tgname = 'touched'),
      (SELECT relacl::text FROM pg_class WHERE relname = 'tools'), (SELECT nextval(pg_get_serial_sequence('tool_metrics', 'id')) > 0)`;
    const before = await database.query(facts);
    const made = await backUp(database, { directory });
    await putBack(database, { directory, name: made.file, backup: false });
    expect(await database.query(facts)).toBe(before);
  });

  test('a schema of the search path, and only that one', async () => {
    await database.query('CREATE SCHEMA "my Schema"');
    await database.query('CREATE TABLE "my Schema".only_here AS SELECT 7 AS n');
    onTestFinished(() => database.query('DROP SCHEMA "my Schema" CASCADE').then(() => {}));
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path="my\\ Schema"');
    const inSchema = { ...database, url: url.href };
    const made = await backUp(inSchema, { directory });
    expect([...made.rows]).toEqual([['only_here', 1]]);
    await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject({
      code: 'STATE',
      message: expect.stringContaining('the backup is of the schema my Schema'),
    });
    await database.query('UPDATE "my Schema".only_here SET n = 8');
    await putBack(inSchema, { directory, name: made.file, backup: false });
    expect(await database.query('SELECT n FROM "my Schema".only_here')).toBe('7');
    expect(await database.query('SELECT count(*) FROM public.tools')).toBe('3');
  });

  test('owners that do not exist elsewhere are left out', async () => {
    const role = `mcpgw_gone_${database.name.slice(-6)}`;
    await database.query(`CREATE ROLE ${role}`);
    await database.query(`ALTER TABLE prompts OWNER TO ${role}`);
    const made = await backUp(database, { directory });
    const before = await contentOf(database);
    await database.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`);
    await database.query(`DROP ROLE ${role}`);
    const other = await createDatabase('postgres');
    onTestFinished(() => other.drop());
    await putBack(other, { directory, name: made.file });
    expect(await contentOf(other)).toEqual(before);
  });
});

describe.skipIf(!available('postgres') || !available('postgres18'))('with newer clients', () => {
  each('postgres');

  test.skipIf(clientIsOlder({ id: 'postgres18' }))('an older server is backed up and restored', async () => {
    const before = await contentOf(database);
    const env = clientEnv('postgres18');
    const made = await backUp(database, { directory, env });
    await database.query('DELETE FROM tool_metrics');
    await putBack(database, { directory, name: made.file, env });
    expect(await contentOf(database)).toEqual(before);
  });
});

describe.each(['mariadb', 'mysql'] as const)('%s', (id) => {
  describe.skipIf(!available(id))('restores', () => {
    each(id);

    test('triggers, routines and odd texts', async () => {
      await database.query(`UPDATE tools SET description = 'a\\\\b\\n;(\\'"\\0\\Z 🙂'`);
      await database.query('CREATE TRIGGER touched BEFORE UPDATE ON tools FOR EACH ROW SET NEW.version = 1');
      await database.query('CREATE PROCEDURE say() SELECT 1');
      const before = await contentOf(database);
      const made = await backUp(database, { directory });
      await database.query('DELETE FROM tool_metrics');
      await database.query('DROP PROCEDURE say');
      await putBack(database, { directory, name: made.file, backup: false });
      expect(await contentOf(database)).toEqual(before);
      const facts = `SELECT (SELECT count(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database()),
        (SELECT count(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = database())`;
      expect(await database.query(facts)).toBe('1\t1');
    });

    test('scheduled events, which a user without the privilege for them does not need', async () => {
      const user = await serverUser(database, 'Str0ng-Passw0rd!', [
        'GRANT SELECT, LOCK TABLES, SHOW VIEW ON <database>.* TO <user>',
      ]);
      const plain = await backUp({ ...database, url: user.url }, { directory, now: new Date(0) });
      expect(plain.rows.get('tools')).toBe(3);

      await database.query(
        'CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM tool_metrics',
      );
      onTestFinished(() => database.query('DROP EVENT nightly').then(() => {}));
      const blind = await backUp({ ...database, url: user.url }, { directory, now: new Date(1_000) });
      expect(blind.rows).toEqual(plain.rows);
      const whole = await backUp(database, { directory });
      const other = await createDatabase(id);
      onTestFinished(() => other.drop());
      await putBack(other, { directory, name: whole.file });
      const events =
        'SELECT event_name, status FROM information_schema.EVENTS WHERE event_schema = database()';
      expect(await other.query(events)).toBe(await database.query(events));
      expect(await other.query(events)).toContain('nightly');
    });

    test('not the dump of the other family', async () => {
      const made = await backUp(database, { directory });
      forge(made.manifest, /"server": "\w+ /, `"server": "${id === 'mysql' ? 'MariaDB' : 'MySQL'} `);
      await expect(putBack(database, { directory, name: made.manifest })).rejects.toMatchObject({
        code: 'STATE',
        message: expect.stringContaining('do not read each other’s dumps'),
      });
    });

    test.skipIf(!available('mysql') || !available('mariadb'))(
      'not with the clients of the other family',
      async () => {
        const other = clientEnv(id === 'mysql' ? 'mariadb' : 'mysql').PATH?.split(':')[0] ?? '';
        const program = ['mariadb-dump', 'mysqldump'].map((name) => join(other, name)).find(existsSync);
        const only = temporaryFolder();
        const script = `#!/bin/sh\nPATH=/usr/bin:/bin exec '${program}' "$@"\n`;
        writeFileSync(join(only, 'mysqldump'), script, { mode: 0o755 });
        await expect(backUp(database, { directory, env: { PATH: only } })).rejects.toMatchObject({
          code: 'PREFLIGHT',
          message: expect.stringMatching(
            id === 'mysql' ? /mysqldump is of MariaDB/ : /mysqldump is of MySQL/,
          ),
        });
      },
    );
  });
});

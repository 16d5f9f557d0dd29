import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckReport } from '../../../src/report/report.ts';
import { allRows } from '../../support/all-rows.ts';
import { connect } from '../../support/connect.ts';
import { DATABASES, type TestDatabase } from '../../support/databases.ts';
import { askDoctor } from '../../support/doctor.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';
import { runSql } from '../../support/run-sql.ts';
import { serverUser } from '../../support/server-user.ts';

const PASSWORD = 'pl@nted/Secret:42%';
const servers = DATABASES.filter(({ dialect, available }) => dialect === 'postgresql' && available);

async function migrated(id: TestDatabase['id'], sql?: string): Promise<TestDatabase> {
  const { database } = await migratedDatabase(
    id,
    async (made) => sql !== undefined && (await made.query(sql)),
  );
  return database;
}

/** Ids of what doctor finds of ours. */
async function problems(url: string): Promise<readonly string[]> {
  const answer = await askDoctor(url);
  return answer.problems.filter((each) => /^(server|database)\./.test(each));
}

async function finding(url: string, id: string): Promise<CheckReport> {
  const { of, report, stderr } = await askDoctor(url);
  expect(JSON.stringify(report) + stderr).not.toContain(PASSWORD);
  return of(id);
}

/** A client of another program, for the test that is running. */
async function otherClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'monthly report' });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const written = (database: TestDatabase) =>
  database.query(`
    SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY 1;
    SELECT string_agg(relname || relkind::text || relpersistence::text, ',' ORDER BY oid) FROM pg_class`);

describe.each(servers)('inside PostgreSQL [$id]', ({ id }) => {
  test('a healthy database is clean, and nothing is written', async () => {
    const database = await migrated(id);
    const before = [await connect(database, allRows), await written(database)];
    const { of, report } = await askDoctor(database.url);
    expect(report.checks.filter(({ group, status }) => group === 'Database' && status !== 'passed')).toEqual(
      [],
    );
    expect(of('database.space').findings[0]).toMatch(
      /^database \d+\.\d MB, tables 1\.\d MB; the migration needs/,
    );
    expect(of('database.search-path').findings).toEqual(['schema public']);
    expect([await connect(database, allRows), await written(database)]).toEqual(before);
  });

  test('the user that owns the database finds nothing either, on an empty one and on a migrated one', async () => {
    const database = await migrated(id);
    const owner = await serverUser(database, PASSWORD, 'owner');
    await database.query(
      `DO $$ DECLARE t record; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
         EXECUTE format('ALTER TABLE public.%I OWNER TO ${owner.name}', t.tablename); END LOOP; END $$`,
    );
    expect(await problems(owner.url)).toEqual([]);
    await database
      .query('DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner')
      .catch(() => database.query(`CREATE SCHEMA public AUTHORIZATION ${owner.name}`));
    expect(await problems(owner.url)).toEqual([]);
  });

  test('grants dropped one at a time: each is named, and its statement mends it', async () => {
    const database = await migrated(id);
    const user = await serverUser(database, PASSWORD, [
      'GRANT ALL ON SCHEMA public TO <user>',
      'GRANT ALL ON ALL TABLES IN SCHEMA public TO <user>',
      'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO <user>',
    ]);
    const bits = async () => (await finding(user.url, 'database.grants')).findings;
    // Only the owner may change tables; nobody is made a member of a superuser.
    expect(await bits()).toEqual([
      expect.stringMatching(
        /^migrate, rollback, restore: change tables (\w+, ){4}\w+ and \d+ others, which belong to mcpgw$/,
      ),
    ]);
    const { command: none, hint } = await finding(user.url, 'database.grants');
    expect([none, hint]).toEqual(['', 'Put mcpgw into DATABASE_URL, who owns the tables.']);
    const to = `"${user.name}"`;
    for (const [revoke, line] of [
      ['SELECT ON tools', `status, verify: read tools: GRANT SELECT ON TABLE "public"."tools" TO ${to};`],
      [
        'INSERT ON ALL TABLES IN SCHEMA public',
        `fix: INSERT .*: GRANT INSERT ON ALL TABLES IN SCHEMA "public" TO ${to};`,
      ],
      [
        'UPDATE ON tools, servers',
        `fix: UPDATE servers, tools: GRANT UPDATE ON TABLE "public"."servers", "public"."tools" TO ${to};`,
      ],
      ['DELETE ON tools', `fix: DELETE tools: GRANT DELETE ON TABLE "public"."tools" TO ${to};`],
      [
        'USAGE ON SEQUENCE tool_metrics_id_seq',
        `fix: count up tool_metrics_id_seq: GRANT USAGE ON SEQUENCE "public"."tool_metrics_id_seq" TO ${to};`,
      ],
      [
        'SELECT ON SEQUENCE tool_metrics_id_seq',
        `backup: read tool_metrics_id_seq: GRANT SELECT ON SEQUENCE "public"."tool_metrics_id_seq" TO ${to};`,
      ],
      [
        'CREATE ON SCHEMA public',
        `migrate, rollback, restore: create tables: GRANT CREATE ON SCHEMA "public" TO ${to};`,
      ],
    ] as const) {
      await database.query(`REVOKE ${revoke} FROM ${user.name}`);
      if (revoke.startsWith('CREATE')) await database.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
      const { of } = await askDoctor(user.url);
      const { command = '', count } = of('database.grants');
      const expected = new RegExp(line.replaceAll(/[()$]/g, '\\$&'));
      const statement = line.slice(line.indexOf('GRANT'));
      expect([line, command.includes(statement), count > 0]).toEqual([line, true, true]);
      if (!line.startsWith('migrate') && !line.startsWith('backup')) {
        expect(of('database.grants').findings).toContainEqual(expect.stringMatching(expected));
      }
      await database.query(statement);
      const after = (await askDoctor(user.url)).of('database.grants');
      expect(after.command).not.toContain(statement);
    }
  }, 180_000);

  test('the tables of another role: connect as that one, or become its member; none changes its owner', async () => {
    const database = await migrated(id);
    const owner = await serverUser(database, PASSWORD, 'owner');
    await database.query(
      `GRANT ALL ON SCHEMA public TO ${owner.name};
       DO $$ DECLARE t record; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
         EXECUTE format('ALTER TABLE public.%I OWNER TO ${owner.name}', t.tablename); END LOOP; END $$`,
    );
    const user = await serverUser(database, PASSWORD, []);
    // Without any grant, what is missing is told in place of the first table that could not be read.
    const { of, problems: found } = await askDoctor(user.url);
    expect([of('database.open').status, of('database.grants').status]).toEqual(['passed', 'failed']);
    expect(found.filter((each) => of(each).status === 'errored')).toEqual([]);
    expect(of('data.release').status).toBe('skipped');
    expect(of('database.grants').findings).toContainEqual(
      expect.stringContaining(`GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "${user.name}";`),
    );
    expect(of('database.grants').hint).toContain(
      `Put ${owner.name} into DATABASE_URL, who owns the tables, or`,
    );
    const { command = '' } = of('database.grants');
    expect(command).toContain(`GRANT "${owner.name}" TO "${user.name}";`);
    expect(command).not.toContain('OWNER TO');
    await database.query(`GRANT "${owner.name}" TO "${user.name}"`);
    expect((await finding(user.url, 'database.grants')).status).toBe('passed');
  });

  test('a lock that keeps readers out is told first, at once, and once', async () => {
    const database = await migrated(id);
    const client = await otherClient(database.url);
    const who = 'by a transaction of monthly report from 127.0.0.1';
    for (const [table, told] of [
      ['alembic_version', 'database.readable'],
      // Its definition cannot be read either.
      ['tools', 'database.open'],
    ] as const) {
      await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      const since = performance.now();
      const { of, report } = await askDoctor(database.url);
      expect(performance.now() - since).toBeLessThan(15_000);
      expect(report.checks.filter(({ status }) => status === 'errored')).toEqual([]);
      expect([of(told).status, of(told).findings]).toEqual([
        'failed',
        [expect.stringContaining(`${table} ${who}`)],
      ]);
      expect([of('database.grants').status, of('data.verify').status]).toEqual(['skipped', 'skipped']);
      if (told === 'database.readable') {
        expect(of('database.blockers').findings).toEqual([
          expect.stringMatching(
            /monthly report from 127\.0\.0\.1, .*: locks alembic_version \(AccessExclusiveLock\)$/,
          ),
        ]);
      }
      await client.query('ROLLBACK');
    }
    expect(await problems(database.url)).toEqual([]);
  });

  test('without the client programs, migrate would refuse for want of a backup', async () => {
    const database = await migrated(id);
    const { of } = await askDoctor(database.url, { env: { PATH: '/nowhere' } });
    const found = of('server.backup-client');
    expect([found.status, found.findings]).toEqual([
      'failed',
      ['A backup needs pg_dump, which is not on the PATH.'],
    ]);
    expect(found.hint).toContain('--no-backup');
    expect(of('data.release').status).toBe('passed');
  });

  test('rows that row-level security hides', async () => {
    const database = await migrated(id, 'ALTER TABLE tools ENABLE ROW LEVEL SECURITY');
    const user = await serverUser(database, PASSWORD, ['GRANT ALL ON ALL TABLES IN SCHEMA public TO <user>']);
    const { command } = await finding(user.url, 'database.grants');
    expect(command).toContain(`ALTER ROLE "${user.name}" BYPASSRLS;`);
  });

  test('read-only by default: for the role, and by DATABASE_URL', async () => {
    const database = await migrated(id);
    const owner = await serverUser(database, PASSWORD, [`GRANT mcpgw TO <user>`]);
    await database.query(`ALTER ROLE ${owner.name} SET default_transaction_read_only = on`);
    const found = await finding(owner.url, 'database.read-only');
    expect([found.status, found.findings, found.command]).toEqual([
      'failed',
      ['default_transaction_read_only is on (set for: user)'],
      `ALTER ROLE "${owner.name}" RESET default_transaction_read_only;`,
    ]);
    await database.query(found.command ?? '');
    expect((await finding(owner.url, 'database.read-only')).status).toBe('passed');
    const byUrl = await finding(
      `${owner.url}?options=-cdefault_transaction_read_only%3Don`,
      'database.read-only',
    );
    expect([byUrl.status, byUrl.command]).toEqual(['failed', '']);
  });

  test('a search path that leads past the tables, to two sets of them, or nowhere', async () => {
    const database = await migrated(id, 'CREATE SCHEMA empty; CREATE SCHEMA other');
    const past = await finding(
      `${database.url}?options=-csearch_path%3Dempty,public`,
      'database.search-path',
    );
    expect([past.status, past.findings]).toEqual([
      'failed',
      [
        'search_path empty,public leads to the schema empty, which has none of the gateway’s tables',
        'schema public has 6 tables of the gateway’s main 6',
      ],
    ]);
    await database.query(`ALTER DATABASE ${database.name} SET search_path = empty`);
    expect(await problems(database.url)).toEqual(['database.schemas']);
    const set = await finding(database.url, 'database.schemas');
    expect([set.status, set.command]).toEqual([
      'warned',
      `ALTER ROLE "mcpgw" IN DATABASE "${database.name}" SET search_path = "public";`,
    ]);
    await database.query(set.command ?? '');
    expect(await problems(database.url)).toEqual([]);
    await database.query(`ALTER ROLE mcpgw IN DATABASE ${database.name} RESET search_path`);

    const nowhere = await finding(`${database.url}?options=-csearch_path%3Dnone`, 'database.search-path');
    expect([nowhere.findings[0], nowhere.command]).toEqual([
      'search_path none: no schema of it exists',
      'CREATE SCHEMA "none" AUTHORIZATION "mcpgw";',
    ]);

    await database.query('CREATE TABLE other.tools (id int); CREATE TABLE other.servers (id int)');
    const two = await finding(`${database.url}?options=-csearch_path%3Dpublic,other`, 'database.schemas');
    expect([two.status, two.findings]).toEqual([
      'warned',
      [
        'schema other has 2 tables of the gateway’s main 6',
        'schema public has 6 tables of the gateway’s main 6',
      ],
    ]);

    const user = await serverUser(database, PASSWORD, ['REVOKE ALL ON SCHEMA other FROM PUBLIC']);
    const closed = await finding(`${user.url}?options=-csearch_path%3Dother`, 'database.search-path');
    expect([closed.findings, closed.command]).toEqual([
      ['search_path other: this user may not use the schema other'],
      `GRANT USAGE ON SCHEMA "other" TO "${user.name}";`,
    ]);
  });

  test.each(['LATIN1', 'SQL_ASCII'])('a database encoded in %s', async (encoding) => {
    const database = await migrated(id);
    const name = `${database.name}_l`;
    const admin = new URL(database.url);
    await runSql(
      'postgresql',
      admin.href,
      `CREATE DATABASE ${name} ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    );
    onTestFinished(() =>
      runSql('postgresql', database.url, `DROP DATABASE ${name} WITH (FORCE)`).then(() => {}),
    );
    admin.pathname = `/${name}`;
    const found = await finding(admin.href, 'database.encoding');
    expect([found.status, found.findings, found.command]).toEqual([
      'warned',
      [`${name} is encoded in ${encoding}`],
      expect.stringContaining(`CREATE DATABASE "${name}_utf8" ENCODING 'UTF8'`),
    ]);
  });

  test('a long transaction that holds a lock: who, since when, and never what it says', async () => {
    const database = await migrated(id);
    const client = await otherClient(database.url);
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const pid = rows[0]?.pid;
    await client.query(
      `BEGIN; UPDATE tools SET description = 'S3cret-literal'; SELECT 'An0ther-secret' FROM tools`,
    );
    const begun = performance.now();
    const { status } = await finding(database.url, 'database.blockers');
    // Young ones are waited for by the migration; on a busy machine it is no longer young.
    if (performance.now() - begun < 4_000) expect(status).toBe('passed');
    await sleep(5_100);
    const { of, report, stderr } = await askDoctor(database.url);
    const found = of('database.blockers');
    expect([found.status, found.command]).toEqual(['warned', `SELECT pg_terminate_backend(${pid});`]);
    expect(found.findings).toEqual([
      expect.stringMatching(
        `^process ${pid}, user mcpgw, monthly report from 127\\.0\\.0\\.1, for [0-9.]+ s, idle in transaction, ` +
          'last statement: BEGIN: locks tools \\(.*RowExclusiveLock.*\\)$',
      ),
    ]);
    expect(JSON.stringify(report) + stderr).not.toMatch(/S3cret|An0ther/);
    // It is still there: nothing was ended.
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);

    // A user who may not see how old it is says so, after a second look.
    const plain = await serverUser(database, PASSWORD, [
      'GRANT SELECT ON ALL TABLES IN SCHEMA public TO <user>',
    ]);
    expect((await finding(plain.url, 'database.blockers')).findings).toEqual([
      expect.stringMatching(
        `^process ${pid}, user mcpgw, monthly report, for more than 1.0 s \\(its age needs`,
      ),
    ]);
    await client.query('ROLLBACK');
    expect((await finding(database.url, 'database.blockers')).status).toBe('passed');
  });

  test('an invalid index is dropped by --repair, one that belongs to a constraint is not', async () => {
    const database = await migrated(id, `UPDATE tools SET description = 'the same'`);
    const client = await otherClient(database.url);
    await expect(
      client.query('CREATE UNIQUE INDEX CONCURRENTLY broken_one ON tools (description)'),
    ).rejects.toThrow('could not create unique index');
    // The server allows an administrator what only a crash at the wrong moment does.
    await database.query(`UPDATE pg_index SET indisvalid = false
      WHERE indexrelid = (SELECT conindid FROM pg_constraint WHERE conrelid = 'prompts'::regclass AND contype = 'p')`);
    const rows = await connect(database, allRows);
    const before = await finding(database.url, 'database.invalid-indexes');
    expect([before.status, before.count, before.fixable]).toEqual(['warned', 2, true]);
    expect(before.findings).toEqual([
      expect.stringMatching(/^broken_one on tools, 0 bytes, unique$/),
      expect.stringMatching(/^\w+ on prompts, \d+\.\d KB, unique, of a constraint$/),
    ]);
    const { of, report } = await askDoctor(database.url, { repair: true });
    expect(report.steps.find((step) => step.id === 'database.invalid-indexes')?.status).toBe('done');
    const after = of('database.invalid-indexes');
    expect([after.count, after.remaining, after.findings]).toEqual([1, 1, [before.findings[1]]]);
    expect(after.command).toMatch(/^REINDEX INDEX CONCURRENTLY "public"\."\w+";$/);
    expect(await connect(database, allRows)).toEqual(rows);
    await database.query(after.command ?? '');
    expect((await finding(database.url, 'database.invalid-indexes')).status).toBe('passed');
  });

  test('an index that is being made is left alone', async () => {
    const database = await migrated(id);
    const blocker = await otherClient(database.url);
    await blocker.query(`BEGIN; UPDATE tools SET description = 'x'`);
    const maker = await otherClient(database.url);
    const made = maker.query('CREATE INDEX CONCURRENTLY made_now ON tools (description)');
    await expect
      .poll(
        () => database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('made_now')`),
        {
          timeout: 20_000,
        },
      )
      .toBe('f');
    expect((await finding(database.url, 'database.invalid-indexes')).status).toBe('passed');
    await blocker.query('ROLLBACK');
    await made;
  });

  test('a large table that was never analysed', async () => {
    const database = await migrated(
      id,
      `CREATE TABLE large (id int, text text) WITH (autovacuum_enabled = false);
       INSERT INTO large SELECT i, repeat('x', 1000) FROM generate_series(1, 9000) i`,
    );
    const before = await finding(database.url, 'database.statistics');
    expect([before.status, before.findings]).toEqual([
      'warned',
      [expect.stringMatching(/^large, \d+\.\d MB$/)],
    ]);
    const { of } = await askDoctor(database.url, { repair: true });
    expect(of('database.statistics').status).toBe('passed');
    expect(await database.query(`SELECT reltuples FROM pg_class WHERE relname = 'large'`)).toBe('9000');
  });
});

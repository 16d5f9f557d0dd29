import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { connect } from '../support/connect.ts';
import { createV060, V060_ROWS } from '../support/create-v060.ts';
import { createDatabase, describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { insertRow, type RowValues } from '../support/insert-row.ts';
import { migrate } from '../support/migrate.ts';
import { databaseContent } from '../support/table-content.ts';
import { ADMIN } from '../support/test-settings.ts';

const OWNED = ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents'];

describeEachDatabase('ownership of rows that are there', ({ id }) => {
  let database: TestDatabase;
  let adminTeam: string;

  beforeEach(async () => {
    database = await createDatabase(id);
  });
  afterEach(() => database?.drop());

  const run = <T>(use: (db: Connection) => Promise<T>) => connect(database, use);
  const insert = (rows: readonly (readonly [table: string, row: RowValues])[]) =>
    run(async (db) => {
      const schema = await db.dialect.readSchema(db);
      for (const [table, row] of rows) await insertRow(db, schema, table, row);
    });
  const contentOf = () => run(async (db) => databaseContent(db, await db.dialect.readSchema(db)));
  const ownersOf = async (table: string) => {
    const rows = await run((db) =>
      db.query<Record<string, unknown>>(
        sql`SELECT id, team_id, owner_email, visibility FROM ${sql.table(table)} ORDER BY id`,
      ),
    );
    return Object.fromEntries(
      rows.map((row) => [row.id, `${row.team_id} ${row.owner_email} ${row.visibility}`]),
    );
  };

  /** v0.7.0 with an administrator, a user with a personal and a shared team, and a user without a team. */
  async function withUsers(): Promise<void> {
    await migrate(database);
    adminTeam = await database.query('SELECT id FROM email_teams');
    const yes = id.startsWith('postgres') ? true : 1;
    const no = id.startsWith('postgres') ? false : 0;
    const team = { visibility: 'private', created_by: 'u2@x.yz' };
    await insert([
      ['email_users', { email: 'u2@x.yz' }],
      ['email_users', { email: 'u3@x.yz' }],
      ['email_teams', { ...team, id: 'personal', name: 'P', slug: 'p', is_personal: yes }],
      ['email_teams', { ...team, id: 'gone', name: 'G', slug: 'g', is_personal: yes, is_active: no }],
      ['email_teams', { ...team, id: 'shared', name: 'S', slug: 's', is_personal: no }],
    ]);
  }

  test('each orphan gets what it lacks, and nothing else of it changes', async () => {
    await withUsers();
    await insert([
      ['servers', { id: 'neither', name: 'n', visibility: 'private', federation_source: '' }],
      ['servers', { id: 'owner', name: 'o', owner_email: 'u2@x.yz', visibility: 'team' }],
      ['servers', { id: 'admin', name: 'a', owner_email: ADMIN.email, visibility: 'private' }],
      ['servers', { id: 'team', name: 't', team_id: 'shared', visibility: 'private' }],
      ['servers', { id: 'homeless', name: 'h', owner_email: 'u3@x.yz', visibility: 'private' }],
      ['servers', { id: 'stranger', name: 's', owner_email: 'nobody@x.yz', visibility: 'public' }],
      ['servers', { id: 'whole', name: 'w', owner_email: 'u3@x.yz', team_id: 'shared', visibility: 'team' }],
      ['prompts', { id: 50, name: 'p50', team_id: 'shared', visibility: 'team', federation_source: 'peer' }],
      ['a2a_agents', { id: 'b', name: 'b', slug: 'b', owner_email: 'u2@x.yz' }],
    ]);
    const before = await contentOf();
    const { plan, changed } = await migrate(database);
    expect(changed).toBe(true);
    expect(await ownersOf('servers')).toEqual({
      neither: `${adminTeam} ${ADMIN.email} public`,
      owner: 'personal u2@x.yz team',
      admin: `${adminTeam} ${ADMIN.email} private`,
      team: 'shared u2@x.yz private',
      homeless: 'null u3@x.yz private',
      stranger: 'null nobody@x.yz public',
      whole: 'shared u3@x.yz team',
    });
    expect(await ownersOf('prompts')).toEqual({ 50: 'shared u2@x.yz team' });
    expect(await ownersOf('a2a_agents')).toEqual({ b: 'personal u2@x.yz private' });
    expect(Object.fromEntries(plan.assigned)).toMatchObject({
      servers: 4,
      prompts: 1,
      a2a_agents: 1,
      tools: 0,
    });
    expect(plan.collisions).toMatchObject([
      { table: { name: 'servers' }, unresolvable: 2, collisionCount: 0 },
    ]);

    const own = new Set(['team_id', 'owner_email', 'visibility']);
    const after = await contentOf();
    for (const [table, rows] of before) {
      if (table === 'mcpgw_migration') continue;
      for (const [key, row] of rows) {
        for (const [name, value] of Object.entries(row)) {
          if (!own.has(name))
            expect([table, key, name, after.get(table)?.get(key)?.[name]]).toEqual([table, key, name, value]);
        }
      }
    }
    expect((await migrate(database)).changed).toBe(false);
  });

  test('collisions are found before, left alone and reported; the other rows are assigned', async () => {
    await withUsers();
    const admin = { team_id: adminTeam, owner_email: ADMIN.email };
    const tool = (key: string, name: string, more: RowValues = {}): readonly [string, RowValues] => [
      'tools',
      {
        id: key,
        original_name: key,
        custom_name: key,
        custom_name_slug: key,
        name,
        display_name: key,
        ...more,
      },
    ];
    const gateway = (
      key: string,
      slug: string,
      url: string,
      more: RowValues = {},
    ): readonly [string, RowValues] => ['gateways', { id: key, name: key, slug, url, ...more }];
    await insert([
      tool('t1', 'taken', admin),
      tool('t2', 'taken'),
      tool('t3', 'free'),
      tool('t4', 'twice'),
      tool('t5', 'twice'),
      tool('t6', 'mine', { owner_email: 'u2@x.yz', team_id: 'personal' }),
      tool('t7', 'mine', { owner_email: 'u2@x.yz' }),
      tool('t8', 'ours', { team_id: 'shared' }),
      tool('t9', 'ours', { team_id: 'shared', owner_email: 'u2@x.yz' }),
      tool('u1', 'taken', { owner_email: 'u2@x.yz' }),
      gateway('g1', 'a', 'http://a', admin),
      gateway('g2', 'a', 'http://b'),
      gateway('g3', 'c', 'http://a'),
      gateway('g4', 'a', 'http://a'),
      gateway('g5', 'e', 'http://e'),
    ]);
    const { plan } = await migrate(database);
    const mine = `${adminTeam} ${ADMIN.email} public`;
    expect(await ownersOf('tools')).toEqual({
      t1: `${adminTeam} ${ADMIN.email} private`,
      t2: 'null null private',
      t3: mine,
      t4: mine,
      t5: 'null null private',
      t6: 'personal u2@x.yz private',
      t7: 'null u2@x.yz private',
      t8: 'shared null private',
      t9: 'shared u2@x.yz private',
      u1: 'personal u2@x.yz private',
    });
    expect(await ownersOf('gateways')).toMatchObject({
      g2: 'null null private',
      g3: 'null null private',
      g4: 'null null private',
      g5: mine,
    });
    expect(Object.fromEntries(plan.assigned)).toMatchObject({ tools: 3, gateways: 1 });
    const [tools, gateways] = plan.collisions;
    expect(tools).toMatchObject({ table: { name: 'tools' }, collisionCount: 4, unresolvable: 0 });
    expect(tools?.collisions.map((c) => [c.id, c.column, c.value, c.ownerEmail]).toSorted()).toEqual([
      ['t2', 'name', 'taken', ADMIN.email],
      ['t5', 'name', 'twice', ADMIN.email],
      ['t7', 'name', 'mine', 'u2@x.yz'],
      ['t8', 'name', 'ours', 'u2@x.yz'],
    ]);
    expect(gateways).toMatchObject({ table: { name: 'gateways' }, collisionCount: 3 });
    expect(gateways?.collisions.map((c) => [c.id, c.column]).toSorted()).toEqual([
      ['g2', 'slug'],
      ['g3', 'url'],
      ['g4', 'slug'],
    ]);
    // What is left cannot be done, so a second run has nothing to do.
    expect((await migrate(database)).changed).toBe(false);
  });

  test('without email authentication only the schema is made; later the rows get their owner', async () => {
    await run((db) => createV060(db));
    const off = { EMAIL_AUTH_ENABLED: 'false' };
    const first = await migrate(database, { env: off });
    expect(first.plan.seed).toBeNull();
    expect(first.plan.created).toEqual([]);
    expect(await database.query('SELECT version_num FROM alembic_version')).toBe('e182847d89e6');
    for (const name of ['email_users', 'email_teams', 'roles', 'user_roles']) {
      expect(await database.query(`SELECT count(*) FROM ${name}`)).toBe('0');
    }
    expect(new Set(Object.values(await ownersOf('tools')))).toEqual(new Set(['null null private']));
    expect((await migrate(database, { env: off })).changed).toBe(false);

    const second = await migrate(database);
    adminTeam = await database.query('SELECT id FROM email_teams');
    for (const name of OWNED) {
      expect(new Set(Object.values(await ownersOf(name)))).toEqual(
        new Set([`${adminTeam} ${ADMIN.email} public`]),
      );
      expect(second.plan.assigned.get(name)).toBe(V060_ROWS[name]?.length);
    }
    expect((await migrate(database)).changed).toBe(false);
  });

  test('the marker of the gateway’s own upgrade is written only when asked for, only where there is nothing', async () => {
    await run((db) => createV060(db));
    await migrate(database, { context: { marker: true } });
    const sources = (table: string) =>
      database.query(`SELECT id, federation_source FROM ${table} ORDER BY id`);
    expect(await sources('gateways')).toBe('g1\tmcpgateway-0.7.0-migration\ng2\tpeer');
    expect(await sources('servers')).toBe('s1\tmcpgateway-0.7.0-migration\ns2\tmcpgateway-0.7.0-migration');
    await insert([
      ['servers', { id: 's3', name: 'gamma' }],
      ['servers', { id: 's4', name: 'delta', federation_source: 'peer' }],
    ]);
    await migrate(database, { context: { marker: true } });
    expect((await sources('servers')).split('\n').slice(2)).toEqual([
      's3\tmcpgateway-0.7.0-migration',
      's4\tpeer',
    ]);
    expect((await migrate(database, { context: { marker: true } })).changed).toBe(false);
  });
});

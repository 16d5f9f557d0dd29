import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import tablesOfV060 from '../../migrations/0001_v0_6_0_tables.ts';
import multiTenancyTables from '../../migrations/0002_multi_tenancy_tables.ts';
import ownership from '../../migrations/0003_ownership.ts';
import leftovers from '../../migrations/0004_leftovers.ts';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../../src/database/connection.ts';
import type { Migration, OwnershipValues } from '../../src/migrate/migration.ts';
import { checksums, record, targetSchema } from '../../src/migrate/record.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { insertRow } from '../support/insert-row.ts';
import { NO_FACTS, NOBODY } from '../support/record-facts.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { databaseContent } from '../support/table-content.ts';
import { v060Database } from '../support/template.ts';

const OWNER: OwnershipValues = { teamId: 'team1', ownerEmail: 'a@b.cd', visibility: 'public' };

/** Runs one step against a database, with the schema it has now. Returns how many statements it took. */
async function step(
  db: Connection,
  migration: Migration,
  direction: 'up' | 'down',
  values = NOBODY,
  facts = NO_FACTS,
): Promise<number> {
  const schema = await db.dialect.readSchema(db);
  const all = { ...facts, zonedTimes: db.dialect.zonedTimes };
  const { steps } = record([migration], direction, schema, db.dialect, all, values);
  const statements = steps.flatMap((s) => s.statements);
  for (const statement of statements) await db.run(statement);
  return statements.length;
}

const shapeOf = async (db: Connection) => schemaShape(await db.dialect.readSchema(db));
const contentOf = async (db: Connection) => databaseContent(db, await db.dialect.readSchema(db));

describe('the list of steps', () => {
  test('is in the order of their names, which never change', () => {
    expect(MIGRATIONS.map(({ id }) => id)).toEqual([
      '0001_v0_6_0_tables',
      '0002_multi_tenancy_tables',
      '0003_ownership',
      '0004_leftovers',
      '0005_names',
    ]);
  });

  test('checksums tell the steps apart, and differ when a step does something else', () => {
    const known = checksums(MIGRATIONS);
    expect(new Set(known.values()).size).toBe(MIGRATIONS.length);
    expect(checksums(MIGRATIONS)).toEqual(known);
    const edited: Migration = {
      ...multiTenancyTables,
      up(m) {
        multiTenancyTables.up(m);
        m.changeTable('roles', { addIndexes: [{ name: 'ix_new', columns: ['name'] }] });
      },
    };
    const others = checksums(MIGRATIONS.map((m) => (m.id === edited.id ? edited : m)));
    expect(others.get(edited.id)).not.toBe(known.get(edited.id));
    expect(others.get('0001_v0_6_0_tables')).toBe(known.get('0001_v0_6_0_tables'));
  });

  test('from nothing it leads to 35 tables', () => {
    expect(targetSchema(MIGRATIONS).size).toBe(35);
  });
});

describeEachDatabase('each step, up and down', ({ id }) => {
  let database: TestDatabase;
  const run = <T>(use: (db: Connection) => Promise<T>) => connect(database, use);

  beforeAll(async () => {
    database = await v060Database(id);
  });
  afterAll(() => database?.drop());

  test('0001 finds the tables of v0.6.0 as they are', async () => {
    await run(async (db) => {
      expect(await step(db, tablesOfV060, 'up')).toBe(0);
      expect(await step(db, tablesOfV060, 'down')).toBe(0);
    });
  });

  test('0002 adds fifteen tables and takes them away again', async () => {
    await run(async (db) => {
      const [shape, content] = [await shapeOf(db), await contentOf(db)];
      expect(await step(db, multiTenancyTables, 'up')).toBeGreaterThan(0);
      const after = await shapeOf(db);
      expect(Object.keys(after).filter((name) => !(name in shape))).toHaveLength(15);
      for (const [name, table] of Object.entries(shape)) expect(after[name]).toEqual(table);
      expect(await step(db, multiTenancyTables, 'up')).toBe(0);

      expect(await step(db, multiTenancyTables, 'down')).toBeGreaterThan(0);
      expect(await shapeOf(db)).toEqual(shape);
      expect(await contentOf(db)).toEqual(content);
      expect(await step(db, multiTenancyTables, 'down')).toBe(0);
    });
  });

  test('0003 gives every row its owner, and goes back without a trace', async () => {
    await run(async (db) => {
      await step(db, multiTenancyTables, 'up');
      const withTables = await db.dialect.readSchema(db);
      await insertRow(db, withTables, 'email_users', { email: 'a@b.cd' });
      await insertRow(db, withTables, 'email_teams', {
        ...{ id: 'team1', name: 'T', slug: 't', created_by: 'a@b.cd', visibility: 'private' },
      });
      const [shape, content] = [await shapeOf(db), await contentOf(db)];

      await step(db, ownership, 'up', OWNER);
      const after = await contentOf(db);
      for (const name of ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents']) {
        const rows = [...(after.get(name)?.values() ?? [])];
        expect(rows.length).toBeGreaterThan(0);
        for (const row of rows) {
          expect(row).toMatchObject({ team_id: 'team1', owner_email: 'a@b.cd', visibility: 'public' });
        }
        const before = [...(content.get(name)?.values() ?? [])];
        expect(rows).toEqual(before.map((row) => expect.objectContaining(row)));
      }
      const names = [...(after.get('tools')?.values() ?? [])].map((row) => row.display_name);
      // Names that SQL cannot do are the plan's to fill.
      expect(names).toEqual([
        'Get User',
        'V2Api',
        db.dialect.displayNameMisses() === null ? 'École Normale' : null,
      ]);
      for (const name of ['server_tool_association', 'tool_metrics', 'resource_subscriptions']) {
        expect(after.get(name)).toEqual(content.get(name));
      }
      expect(await step(db, ownership, 'up', OWNER)).toBe(0);

      // A row of v0.7.0's own, which says nothing of its visibility.
      await insertRow(db, await db.dialect.readSchema(db), 'servers', { id: 's9', name: 'gamma' });
      const [mine] = await db.query(
        sql`SELECT team_id, owner_email, visibility FROM servers WHERE id = 's9'`,
      );
      expect(mine).toEqual({ team_id: null, owner_email: null, visibility: 'private' });
      await db.query(sql`DELETE FROM servers WHERE id = 's9'`);

      await step(db, ownership, 'down');
      expect(await shapeOf(db)).toEqual(shape);
      expect(await contentOf(db)).toEqual(content);
      expect(await step(db, ownership, 'down')).toBe(0);
    });
  });

  test('0003 goes on from columns that are there in part', async () => {
    await run(async (db) => {
      await db.query(sql.raw('ALTER TABLE tools ADD COLUMN display_name VARCHAR(255)'));
      await db.query(sql`UPDATE tools SET display_name = 'Mine' WHERE id = 't1'`);
      await db.query(sql.raw('ALTER TABLE prompts ADD COLUMN owner_email VARCHAR(255)'));
      await db.query(sql`UPDATE prompts SET owner_email = 'x@y.zz'`);
      const nulls = (table: string, column: string) =>
        table === 'tools' && column === 'display_name' ? 2 : 0;
      await step(db, ownership, 'up', OWNER, { ...NO_FACTS, nulls });
      const names = await db.query(sql`SELECT display_name FROM tools ORDER BY id`);
      expect(names.slice(0, 2)).toEqual([{ display_name: 'Mine' }, { display_name: 'V2Api' }]);
      // The team of an owner who is there already is not a constant.
      expect(await db.query(sql`SELECT team_id, owner_email FROM prompts`)).toEqual([
        { team_id: null, owner_email: 'x@y.zz' },
      ]);
      expect(await step(db, ownership, 'up', OWNER)).toBe(0);
    });
  });

  test('0004 drops copies that are proven to be copies, and no others', async () => {
    await run(async (db) => {
      await db.query(sql`CREATE TABLE servers_tmp_nounique AS SELECT * FROM servers`);
      await db.query(sql`CREATE TABLE gateways_tmp_nounique AS SELECT * FROM gateways`);
      const kept = { ...NO_FACTS, missingFrom: (copy: string) => (copy.startsWith('gateways') ? 1 : 0) };
      expect(await step(db, leftovers, 'up', NOBODY, kept)).toBe(1);
      expect(Object.keys(await shapeOf(db)).filter((name) => name.endsWith('_nounique'))).toEqual([
        'gateways_tmp_nounique',
      ]);
      // v0.6.0 has no place for copies either.
      expect(await step(db, leftovers, 'down', NOBODY, kept)).toBe(0);
      expect(await step(db, leftovers, 'down')).toBe(1);
    });
  });
});

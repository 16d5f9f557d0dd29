import { describe, expect, onTestFinished, test } from 'vitest';
import { lockImpact, type TableLock } from '../../src/change/locks.ts';
import type { Connection } from '../../src/database/connection.ts';
import { makePlan } from '../../src/migrate/plan.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, EVERY_VERSION, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { rollback, rollingBack } from '../support/rollback.ts';
import { v060Database } from '../support/template.ts';
import { testSettings } from '../support/test-settings.ts';

const OWNED = ['a2a_agents', 'gateways', 'prompts', 'resources', 'servers', 'tools'];

async function oldDatabase(id: TestDatabase['id']): Promise<TestDatabase> {
  const database = await v060Database(id);
  onTestFinished(() => database.drop());
  return database;
}

const planned = (database: TestDatabase): Promise<TableLock[]> =>
  connect(database, async (db) => {
    const { settings } = testSettings(database.url);
    const plan = await makePlan(db, {
      settings,
      now: new Date(),
      purpose: 'show',
      adopt: false,
      marker: false,
    });
    return lockImpact(db.dialect, plan);
  });

describeEachDatabase('lockImpact', ({ id, dialect }) => {
  test('tells for each table what is locked and why', async () => {
    const locks = await planned(await oldDatabase(id));
    const of = (table: string) => locks.find((line) => line.table === table);
    expect(locks.map((line) => line.table)).toEqual(expect.arrayContaining(OWNED));
    expect(locks.filter((line) => line.why === '' || line.lock === '')).toEqual([]);
    if (dialect === 'sqlite') {
      expect(locks[0]).toMatchObject({ table: 'the whole file', lock: 'write lock (BEGIN IMMEDIATE)' });
      expect(of('tools')?.why).toBe(
        'the table is copied: time grows with its rows; 2 indexes built over all rows',
      );
      expect(locks).toHaveLength(1 + OWNED.length);
    } else if (dialect === 'postgresql') {
      expect(of('tools')).toMatchObject({ lock: 'ACCESS EXCLUSIVE' });
      expect(of('tools')?.why).toContain('rows written (2 statements)');
      expect(of('prompts')?.why).toMatch(/^2 indexes built over all rows; .* definition only/);
      expect(locks.at(-1)).toMatchObject({ table: '14 other tables', lock: 'SHARE' });
    } else {
      expect(of('gateways')?.lock).toContain('writes may wait');
      expect(of('prompts')?.lock).toBe('metadata lock, at the start and the end of each ALTER');
    }
  });

  test('nothing is locked where there is nothing to do', async () => {
    const database = await oldDatabase(id);
    await migrate(database);
    expect(await planned(database)).toEqual([]);
  });

  test('a rollback names the tables that go', async () => {
    const database = await oldDatabase(id);
    await migrate(database);
    const locks = await connect(database, async (db) => {
      return lockImpact(db.dialect, await rollingBack(database).plan(db, { purpose: 'show' }));
    });
    expect(locks.filter((line) => line.why === 'dropped')).toHaveLength(16);
    expect(locks.find((line) => line.table === 'tools')?.why).not.toBe('');
  });
});

/** The algorithm that a server must be able to use when a statement is said not to copy its table. */
const WITHOUT_COPY = {
  mariadb: 'ALGORITHM=NOCOPY, LOCK=NONE',
  mysql: 'ALGORITHM=INPLACE, LOCK=NONE',
} as const;

for (const { id, available } of EVERY_VERSION) {
  if (id !== 'mariadb' && id !== 'mysql') continue;
  describe.skipIf(!available)(`what is said of ALTER TABLE is what ${id} does`, () => {
    test('up and down', async () => {
      const database = await oldDatabase(id);
      let checked = 0;
      const insisting = (db: Connection): Connection => ({
        ...db,
        async run(statement) {
          const kind = statement.effect?.kind;
          if (kind !== 'metadata' && kind !== 'index') return db.run(statement);
          checked++;
          return db.run({ ...statement, sql: `${statement.sql}, ${WITHOUT_COPY[id]}` });
        },
      });
      await migrate(database, { wrap: insisting });
      const up = checked;
      await rollback(database, { wrap: insisting });
      expect(up).toBeGreaterThan(15);
      expect(checked - up).toBeGreaterThan(15);
    });
  });
}

import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';

/** A v0.7.0 database whose table of roles is gone, with the assignments still there. */
describeEachDatabase('a table that others point at is gone', ({ id, dialect }) => {
  test('migrate refuses and says how to go on; fix mends it at any release, and migrate goes on', async () => {
    const { database } = await migratedDatabase(id);
    const drop = {
      sqlite: 'DROP TABLE roles',
      postgresql: 'DROP TABLE roles CASCADE',
      mysql: 'DROP TABLE roles',
    }[dialect];
    await connect(database, async (db) => {
      if (dialect === 'mysql') await db.query(sql`SET foreign_key_checks = 0`);
      await db.query(sql.raw(drop));
    });
    await database.query("UPDATE alembic_version SET version_num = '1fc1795f6983'");
    const { report: refused } = await reportHere(database.url, ['migrate', '--no-backup']);
    expect(refused).toMatchObject({
      exitCode: 2,
      error: { code: 'PREFLIGHT', details: ['user_roles.role_id: 1 rows without their row in roles'] },
      next: 'mcpgw fix --only foreign-keys.dangling,ownership.unknown-team',
    });
    const { report: fixed } = await reportHere(database.url, [
      ...refused.next.split(' ').slice(1),
      '--yes',
      '--no-backup',
    ]);
    expect(fixed.steps.map((step) => [step.id, step.rows])).toEqual([['foreign-keys.dangling', 1]]);
    expect((await reportHere(database.url, ['migrate', '--no-backup'])).exitCode).toBe(0);
    expect((await reportHere(database.url, ['verify'])).exitCode).toBe(0);
  });
});

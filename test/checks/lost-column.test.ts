import { expect, it } from 'vitest';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { problems, verify } from '../support/run-checks.ts';

describeEachDatabase('a column that the seeds need is lost', ({ id }) => {
  it.each([
    ['roles', 'permissions'],
    ['email_users', 'full_name'],
    ['email_teams', 'is_personal'],
  ])('%s.%s: verify names it, and the checks that need it are no pass', async (table, column) => {
    const at = await migratedDatabase(id, (database) =>
      database.query(`ALTER TABLE ${table} DROP COLUMN ${column}`),
    );
    const found = problems(await verify(at, DATA_CHECKS));
    expect(found['schema.columns']?.findings).toEqual([`${table}.${column}: the column is missing`]);
    const others = Object.values(found).filter((report) => report.id !== 'schema.columns');
    expect(others.length).toBeGreaterThan(0);
    for (const { status } of others) expect(['errored', 'skipped', 'failed', 'warned']).toContain(status);
  });
});

import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { runVerify } from '../../src/checks/verify.ts';
import { noProgress } from '../../src/progress.ts';
import { insertRow } from '../support/insert-row.ts';
import { migratedDatabase } from '../support/migrated-database.ts';

const IDS = ['team.visibility', 'foreign-keys.dangling', 'ownership.orphans'];
const ROWS = 32;

it('a report has ten findings of each check, and with --verbose all of them', async () => {
  const at = await migratedDatabase('sqlite');
  await at.withConnection(async (db) => {
    await db.query(sql`PRAGMA foreign_keys = OFF`);
    await db.query(sql`PRAGMA ignore_check_constraints = ON`);
    const schema = await db.dialect.readSchema(db);
    for (let i = 0; i < ROWS; i++) {
      const team = { id: `club${i}`, slug: `club${i}`, visibility: 'team', created_by: 'nobody' };
      await insertRow(db, schema, 'email_teams', team);
      const nobodys = { id: `lost${i}`, original_name: `lost${i}`, team_id: null, owner_email: null };
      await insertRow(db, schema, 'tools', { ...nobodys, visibility: 'private', gateway_id: null });
    }
  });
  const checks = DATA_CHECKS.filter(({ id }) => IDS.includes(id));
  const input = { settings: at.settings, overrides: {}, now: new Date() };
  for (const [verbose, shown] of [
    [false, 10],
    [true, ROWS],
  ] as const) {
    const { checks: reports } = await at.withConnection((db) =>
      runVerify(db, checks, { ...input, verbose }, noProgress),
    );
    const told = reports.map(({ id, count, findings }) => [id, count, findings.length]);
    expect(told.toSorted()).toEqual(IDS.map((id) => [id, ROWS, shown]).toSorted());
  }
});

import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { DEFECTS, plantIn } from '../support/planted-defects.ts';
import { sqliteFile } from '../support/sqlite-file.ts';

describe('each defect on SQLite', () => {
  for (const [name, { check, plant, names, flags = [] }] of Object.entries(DEFECTS)) {
    it(`${name}: verify names it, fix mends it`, async () => {
      const file = await sqliteFile('v0.7.0');
      plantIn(file.name, plant);
      const found = await reportHere(file.url, ['verify', '--verbose']);
      expect(found.report).toMatchObject({ status: 'findings', exitCode: 1, next: 'mcpgw fix' });
      const report = found.report.checks.find(({ id }) => id === check);
      expect(report).toMatchObject({ status: 'failed', fixable: true });
      expect(report?.hint).toContain('mcpgw fix');
      expect(
        report?.findings.some((line) => new RegExp(names).test(line) || line.includes(String(names))),
      ).toBe(true);
      const fixed = await reportHere(file.url, ['fix', '--yes', '--no-backup', ...flags]);
      expect(fixed.report).toMatchObject({ status: 'ok', exitCode: 0, next: 'mcpgw verify' });
      expect(fixed.report.checks.find(({ id }) => id === check)).toMatchObject({ remaining: 0 });
      expect((await reportHere(file.url, ['verify'])).report).toMatchObject({ status: 'ok', exitCode: 0 });
    });
  }

  it('private rows that the gateway’s fix script left become public when told', async () => {
    const file = await sqliteFile('v0.7.0');
    plantIn(file.name, "UPDATE tools SET visibility = 'private'");
    expect((await reportHere(file.url, ['verify'])).exitCode).toBe(0);
    const untold = await reportHere(file.url, ['fix', '--yes']);
    expect(untold.report).toMatchObject({ status: 'ok', steps: [] });
    const told = await reportHere(file.url, [
      'fix',
      '--yes',
      '--no-backup',
      '--only',
      'ownership.private',
      '--visibility',
      'public',
    ]);
    expect(told.report.exitCode).toBe(0);
    expect(told.report.steps).toMatchObject([{ status: 'done', rows: 60 }]);
    const db = new SQLite(file.name);
    expect(db.prepare('SELECT DISTINCT visibility FROM tools').all()).toEqual([{ visibility: 'public' }]);
    db.close();
  });

  it('what fix cannot mend makes verify exit 1, says why, and stays', async () => {
    const hopeless: readonly (readonly [check: string, sql: string, hint: RegExp])[] = [
      ['release.revision', "UPDATE alembic_version SET version_num = '1fc1795f6983'", /mcpgw migrate/],
      ['schema.tables', 'DROP TABLE token_revocations', /mcpgw migrate/],
      ['admin.password-hash', "UPDATE email_users SET password_hash = 'md5'", /password/],
    ];
    for (const [check, sql, hint] of hopeless) {
      const file = await sqliteFile('v0.7.0');
      plantIn(file.name, sql);
      const { report } = await reportHere(file.url, ['verify']);
      expect(report.exitCode).toBe(1);
      expect(report.checks.find(({ id }) => id === check)).toMatchObject({
        status: 'failed',
        fixable: false,
      });
      expect(report.checks.find(({ id }) => id === check)?.hint).toMatch(hint);
    }
  });

  it('a row whose new owner has one of that name is reported, and the others are mended', async () => {
    const file = await sqliteFile('v0.7.0');
    plantIn(
      file.name,
      'UPDATE servers SET team_id = NULL, owner_email = NULL WHERE id IN (SELECT id FROM servers ORDER BY id LIMIT 3); UPDATE servers SET name = (SELECT name FROM servers ORDER BY id DESC LIMIT 1) WHERE id = (SELECT min(id) FROM servers)',
    );
    const { report } = await reportHere(file.url, ['fix', '--yes']);
    expect(report).toMatchObject({ status: 'findings', exitCode: 1 });
    const orphans = report.checks.find(({ id }) => id === 'ownership.orphans');
    expect(orphans).toMatchObject({ count: 3, repaired: 2, remaining: 1 });
    expect(orphans?.findings).toHaveLength(1);
    expect((await reportHere(file.url, ['verify'])).exitCode).toBe(1);
  });
});

import { expect, test } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { ADMIN, ADMIN_PASSWORD, migratedDatabase } from '../support/migrated-database.ts';

const slip = { PLATFORM_ADMIN_EMAIL: 'opps@corp.example.com', PLATFORM_ADMIN_PASSWORD: ADMIN_PASSWORD };

test('a mistyped administrator is told who is there, by verify, status and migrate', async () => {
  const { database } = await migratedDatabase('sqlite');
  const verify = await reportHere(database.url, ['verify'], { env: slip });
  const found = verify.report.checks.find((check) => check.id === 'admin.exists');
  expect(found?.hint).toContain(
    `This database’s administrator is ${ADMIN}: set PLATFORM_ADMIN_EMAIL=${ADMIN}`,
  );
  expect(verify.report.next).not.toBe('mcpgw migrate');
  for (const args of [['status'], ['migrate', '--no-backup']]) {
    const { report } = await reportHere(database.url, args, { env: slip });
    expect(report.warnings.join()).toContain(`This database has the administrator ${ADMIN} already`);
  }
});

test('without EMAIL_AUTH_ENABLED verify does not send to migrate, which makes nobody', async () => {
  const { database } = await migratedDatabase('sqlite', (db) =>
    db.query('UPDATE email_users SET is_admin = 0'),
  );
  const env = { ...slip, EMAIL_AUTH_ENABLED: 'false' };
  const { report } = await reportHere(database.url, ['verify', '--only', 'admin.exists'], { env });
  expect(report.checks[0]?.hint).toContain('EMAIL_AUTH_ENABLED is false');
  expect(report.next).toBe('');
});

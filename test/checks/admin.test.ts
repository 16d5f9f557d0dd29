import { sql } from 'kysely';
import { expect, it } from 'vitest';
import {
  adminAccount,
  adminExists,
  adminPasswordBcrypt,
  adminPasswordHash,
} from '../../src/checks/admin-checks.ts';
import { adminPasswordDefault } from '../../src/checks/admin-password-default.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { hashPassword, verifyPassword } from '../../src/seed/password.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { describeDefects, unenforced } from '../support/defects.ts';
import {
  ADMIN,
  ADMIN_PASSWORD,
  type MigratedDatabase,
  migratedDatabase,
} from '../support/migrated-database.ts';
import { problems, verify } from '../support/run-checks.ts';

const setHash = ({ database }: MigratedDatabase, hash: string) =>
  database.query(`UPDATE email_users SET password_hash = '${hash}' WHERE email = '${ADMIN}'`);

const OTHER = `INSERT INTO email_users (email, password_hash, is_admin, is_active, auth_provider, password_hash_type, failed_login_attempts, created_at, updated_at)
  SELECT 'other@corp.example.com', 'x', false, false, 'local', 'argon2id', 5, created_at, updated_at FROM email_users`;

describeDefects(adminExists, {
  'misses the account': {
    plant: unenforced('DELETE FROM email_users'),
    findings: [`there is no user ${ADMIN}`],
    also: [
      'admin.account',
      'admin.login',
      'admin.password-bcrypt',
      'admin.password-default',
      'admin.password-hash',
      'foreign-keys.dangling',
      'ownership.private',
      'ownership.unknown-owner',
      'roles.assignment',
      'team.membership',
      'team.personal',
    ],
    remaining: 1,
  },
});

describeDefects(adminAccount, {
  'lets the administrator in again': {
    plant: async ({ database }) => {
      await database.query(OTHER);
      await database.query(
        `UPDATE email_users SET is_admin = false, is_active = false, locked_until = '2099-01-01 00:00:00', failed_login_attempts = 5 WHERE email = '${ADMIN}'`,
      );
    },
    findings: [
      `${ADMIN} is not an administrator`,
      `${ADMIN} is not active`,
      new RegExp(`^${ADMIN} is locked until 2099-01-01`),
    ],
    changes: ['email_users'],
    after: async ({ database }) => {
      const columns = 'email, CASE WHEN is_admin AND is_active THEN 1 ELSE 0 END, locked_until';
      expect(
        await database.query(`SELECT ${columns}, failed_login_attempts FROM email_users ORDER BY email`),
      ).toBe(`${ADMIN}\t1\tNULL\t0\nother@corp.example.com\t0\tNULL\t5`);
    },
  },
});

describeEachDatabase('admin.account', ({ id }) => {
  it('takes a lock that is over for none', async () => {
    const at = await migratedDatabase(id);
    await at.database.query("UPDATE email_users SET locked_until = '2020-01-01 00:00:00'");
    expect(problems(await verify(at, [adminAccount]))).toEqual({});
  });
});

describeDefects(adminPasswordHash, {
  'names a hash of no known kind, but does not show it': {
    plant: (at) => setHash(at, '5f4dcc3b5aa765d61d8327deb882cf99'),
    findings: [`${ADMIN} has a password hash that is neither Argon2 nor bcrypt`],
    also: ['admin.password-default'],
    remaining: 1,
  },
  'names a hash that is missing': {
    plant: (at) => setHash(at, ''),
    findings: [`${ADMIN} has no password hash`],
    also: ['admin.password-default'],
    remaining: 1,
  },
});

describeDefects(adminPasswordDefault, {
  'finds the password that every gateway starts with': {
    plant: async (at) => setHash(at, (await hashPassword('changeme', at.settings)).hash),
    findings: [`${ADMIN} has the default password`],
    changes: ['email_users'],
    after: async ({ withConnection }) => {
      const [user] = await withConnection((db) =>
        db.query<{ password_hash: string }>(sql`SELECT password_hash FROM email_users`),
      );
      expect(await verifyPassword(user?.password_hash ?? '', ADMIN_PASSWORD)).toBe(true);
    },
  },
});

describeEachDatabase('admin.password-bcrypt', ({ id }) => {
  it('warns of bcrypt, and of nothing else', async () => {
    const at = await migratedDatabase(id);
    const bcrypt = { ...at.settings, passwordHash: 'bcrypt' as const };
    await setHash(at, (await hashPassword('Str0ng-Passw0rd!', bcrypt)).hash);
    const found = problems(await verify(at, DATA_CHECKS));
    expect(Object.keys(found)).toEqual([adminPasswordBcrypt.id]);
    expect(found[adminPasswordBcrypt.id]).toMatchObject({
      status: 'warned',
      count: 1,
      findings: [`${ADMIN} has a bcrypt hash`],
      fixable: false,
    });
  });

  it('does not keep the default password from being found', async () => {
    const at = await migratedDatabase(id);
    // Of `changeme`, at a cost that takes no time.
    const { default: bcrypt } = await import('bcrypt');
    await setHash(at, await bcrypt.hash('changeme', 4));
    expect(Object.keys(problems(await verify(at, DATA_CHECKS)))).toEqual([
      adminPasswordBcrypt.id,
      adminPasswordDefault.id,
    ]);
  });
});

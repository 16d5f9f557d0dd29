import { beforeAll, describe, expect, it } from 'vitest';
import { adminAccount } from '../../src/checks/admin-checks.ts';
import { adminPasswordDefault } from '../../src/checks/admin-password-default.ts';
import { fix as fixCommand } from '../../src/commands/fix.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { hashPassword } from '../../src/seed/password.ts';
import { commandRuns } from '../support/command-run.ts';
import { DATABASES } from '../support/databases.ts';
import { ADMIN, type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { fix, verify } from '../support/run-checks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FIRST = 'admin@example.com';
const MIGRATE = {
  format: 'json',
  color: false,
  backup: false,
  lockTimeout: 5,
  yes: true,
  backupDir: '',
} as const;
let known = '';

beforeAll(async () => {
  const cheap = { argon2idTimeCost: 1, argon2idMemoryCost: 8, argon2idParallelism: 1 };
  known = (await hashPassword('changeme', { passwordHash: 'argon2id', ...cheap })).hash;
});

/** Beside the administrator one that a gateway made before anybody changed its settings. */
async function withFirst(id: MigratedDatabase['database']['id'], isActive = true): Promise<MigratedDatabase> {
  return migratedDatabase(id, (database) =>
    database.query(
      `INSERT INTO email_users (email, password_hash, is_admin, is_active, auth_provider, password_hash_type, failed_login_attempts, created_at, updated_at)
       SELECT '${FIRST}', '${known}', true, ${isActive}, 'local', 'argon2id', 0, created_at, updated_at FROM email_users`,
    ),
  );
}

const accounts = ({ database }: MigratedDatabase) =>
  database.query('SELECT email, CASE WHEN is_active THEN 1 ELSE 0 END FROM email_users ORDER BY email');

describe('An administrator with the gateway’s default password', () => {
  for (const { id, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('beside the configured one fails verify, and fix deactivates it', async () => {
        const at = await withFirst(id);
        const [report] = await verify(at, [adminPasswordDefault]);
        expect(report).toMatchObject({
          status: 'failed',
          fixable: true,
          findings: [`${FIRST} has the default password`],
        });
        expect((await fix(at, [adminPasswordDefault])).clean).toBe(true);
        expect(await accounts(at)).toBe(`${ADMIN}\t1\n${FIRST}\t0`);
      });

      it('is no finding where it is not active', async () => {
        const at = await withFirst(id, false);
        expect(await verify(at, [adminPasswordDefault])).toMatchObject([{ status: 'passed' }]);
      });

      it('that is the only one who can log in gets the configured password, and stays', async () => {
        const at = await withFirst(id);
        await at.database.query(`UPDATE email_users SET is_active = false WHERE email = '${ADMIN}'`);
        expect((await fix(at, [adminPasswordDefault])).clean).toBe(true);
        expect(await accounts(at)).toBe(`${ADMIN}\t0\n${FIRST}\t1`);
        expect(await verify(at, [adminPasswordDefault, adminAccount])).toMatchObject([
          { status: 'passed' },
          { status: 'failed' },
        ]);
      });

      it('is said by migrate, and a dry run of fix shows no hash', async () => {
        const at = await withFirst(id);
        await at.database.query('DELETE FROM mcpgw_migration');
        const run = commandRuns(at.database, temporaryFolder());
        const { report } = await run((io) => migrate(io, MIGRATE));
        expect(report.exitCode).toBe(0);
        expect(report.warnings).toContainEqual(
          expect.stringContaining(`The administrator ${FIRST} has the gateway’s default password`),
        );
        await at.database.query(`UPDATE email_users SET is_active = false WHERE email = '${ADMIN}'`);
        const shown = await run((io) =>
          fixCommand(io, { ...MIGRATE, dryRun: true, only: [adminPasswordDefault.id] }),
        );
        expect(shown.report.steps[0]?.statements).toEqual([expect.stringContaining("-- '***', 'argon2id'")]);
        expect(JSON.stringify(shown.report)).not.toContain('$argon2');
      });

      it('that is the only one stays as it is while no other password is configured, and is told what to do', async () => {
        const at = await withFirst(id);
        await at.database.query(`UPDATE email_users SET is_active = false WHERE email = '${ADMIN}'`);
        const settings = { ...at.settings, platformAdminPassword: 'changeme' };
        const [report] = await verify({ ...at, settings }, [adminPasswordDefault]);
        expect(report).toMatchObject({ status: 'failed', fixable: false });
        expect(report?.hint).toContain('PLATFORM_ADMIN_PASSWORD');
        expect((await fix({ ...at, settings }, [adminPasswordDefault])).steps).toEqual([]);
      });
    });
  }
});

import { expect, test } from 'vitest';
import { verifyPassword } from '../../src/seed/password.ts';
import { type CommandRun, rowsOf } from '../support/command-run.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { ADMIN } from '../support/migrated-database.ts';
import { accountsDatabase, everything } from './support.ts';

const ALICE = 'alice@corp.example.com';
const SECRET = 'Pa55-that-nobody-sees';

describeEachDatabase('users', ({ id, dialect }) => {
  const yes = dialect === 'postgresql' ? 'true' : '1';
  const no = dialect === 'postgresql' ? 'false' : '0';
  const hidden = ({ report, stderr }: CommandRun) => {
    expect(JSON.stringify(report) + stderr).not.toContain(SECRET);
    expect(JSON.stringify(report) + stderr).not.toContain('$argon2');
    return report;
  };

  test('one is made as the gateway makes it, with personal team and event, and logs in', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    const wish = { fullName: 'Carol', passwordFile: at.password(`${SECRET}\n`) };
    const before = await everything(at.database);
    const dry = hidden(await at.run('user create', { ...wish, dryRun: true }, ' Carol@Corp.example.com'));
    expect(dry.steps[0]?.statements?.join()).toContain("'***'");
    expect(await everything(at.database)).toEqual(before);
    expect(hidden(await at.run('user create', wish, ' Carol@Corp.example.com'))).toMatchObject({
      exitCode: 0,
      warnings: [],
    });
    const columns = `full_name, auth_provider, password_hash_type, failed_login_attempts, email_verified_at, last_login, locked_until`;
    const where = `email = 'carol@corp.example.com'`;
    expect(
      await query(
        `SELECT ${columns} FROM email_users WHERE ${where} AND is_active = ${yes} AND is_admin = ${no}`,
      ),
    ).toBe('Carol\tlocal\targon2id\t0\tNULL\tNULL\tNULL');
    const hash = await query(`SELECT password_hash FROM email_users WHERE ${where}`);
    expect(await verifyPassword(hash, SECRET)).toBe(true);
    expect(
      await query(`SELECT t.name, t.slug, t.description, t.visibility, t.max_members, length(t.id), m.role, m.invited_by
        FROM email_teams t JOIN email_team_members m ON m.team_id = t.id
        WHERE t.created_by = 'carol@corp.example.com' AND t.is_personal = ${yes} AND m.user_email = t.created_by`),
    ).toBe(
      "Carol's Team\tcarols-team\tPersonal workspace for carol@corp.example.com\tprivate\tNULL\t32\towner\tNULL",
    );
    expect(
      await query(
        `SELECT event_type, details FROM email_auth_events WHERE user_email = 'carol@corp.example.com' AND success = ${yes}`,
      ),
    ).toBe('registration\tNULL');
    expect(await query(`SELECT count(*) FROM user_roles WHERE user_email = 'carol@corp.example.com'`)).toBe(
      '0',
    );

    const after = await everything(at.database);
    await at.run('user create', wish, 'carol@corp.example.com');
    expect(await everything(at.database)).toEqual(after);
    const other = await at.run('user create', { ...wish, admin: true }, 'carol@corp.example.com');
    expect(other.report.error?.details[0]).toContain('mcpgw user promote carol@corp.example.com');
    const renamed = await at.run('user create', { ...wish, fullName: 'Another' }, 'carol@corp.example.com');
    expect(renamed.report.error?.details[0]).toContain('mcpgw user show carol@corp.example.com');
    const another = { ...wish, passwordFile: at.password('Another-password-7') };
    const again = await at.run('user create', another, 'carol@corp.example.com');
    expect(again.report.error?.details).toEqual([
      expect.stringContaining('with another password: mcpgw user password carol@corp.example.com'),
    ]);
    expect(await everything(at.database)).toEqual(after);
  });

  test('the second Alice gets a personal team, too', async () => {
    const at = await accountsDatabase(id);
    const wish = { fullName: 'Alice', passwordFile: at.password(SECRET) };
    await at.run('user create', wish, 'alice@else.example');
    const slugs = `SELECT slug FROM email_teams WHERE created_by = 'alice@else.example'`;
    expect(await at.database.query(slugs)).toBe('personal-alice-else-example');
  });

  test('what does not fit is refused, with nothing written', async () => {
    const at = await accountsDatabase(id);
    const before = await everything(at.database);
    const passwordFile = at.password(SECRET);
    const refused = async (run: Promise<CommandRun>) => {
      const report = hidden(await run);
      expect([report.exitCode, await everything(at.database)]).toEqual([2, before]);
      return `${report.error?.code}: ${[report.error?.message, ...(report.error?.details ?? [])].join(' ')}`;
    };
    expect(
      await refused(at.run('user create', { passwordFile: at.password('short') }, 'dan@corp.example.com')),
    ).toContain('it has fewer than 8 characters');
    expect(await refused(at.run('user create', { passwordFile }, 'dan'))).toContain(
      '“dan”: it is not an email address',
    );
    expect(await refused(at.run('user create', {}, 'dan@corp.example.com'))).toBe(
      'CONFIRMATION: There is no terminal to ask for a password on.',
    );
    expect(
      await refused(at.run('user create', { passwordFile: '/nowhere' }, 'dan@corp.example.com')),
    ).toContain('SECRET_FILE');
    expect(await refused(at.run('user password', { passwordFile }, 'alise@corp.example.com'))).toContain(
      `There is no user “alise@corp.example.com”. Nearest: ${ALICE}.`,
    );
    expect(await refused(at.run('user show', {}, 'bobb@corp.example.com'))).toContain(
      'Nearest: bob@corp.example.com.',
    );
    for (const change of ['deactivate', 'demote'] as const) {
      expect(await refused(at.run(`user ${change}`, {}, ADMIN))).toContain(
        'Nobody would be left who is an active administrator',
      );
    }
  });

  test('a password is another one afterwards, and the same again changes nothing', async () => {
    const at = await accountsDatabase(id);
    const wish = { passwordFile: at.password(SECRET) };
    hidden(await at.run('user password', wish, ALICE));
    const hash = await at.database.query(`SELECT password_hash FROM email_users WHERE email = '${ALICE}'`);
    expect(await verifyPassword(hash, SECRET)).toBe(true);
    const after = await everything(at.database);
    hidden(await at.run('user password', wish, ALICE));
    expect(await everything(at.database)).toEqual(after);
  });

  test('a user is made inactive and active, unlocked, an administrator and none', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    const change = async (what: string) => {
      const { report } = await at.run(`user ${what}`, {}, ALICE);
      expect([what, report.exitCode]).toEqual([what, 0]);
      const after = await everything(at.database);
      await at.run(`user ${what}`, {}, ALICE);
      expect([what, await everything(at.database)]).toEqual([what, after]);
      return report;
    };
    const is = (what: string) =>
      query(`SELECT count(*) FROM email_users WHERE email = '${ALICE}' AND ${what}`);
    await query(`UPDATE tools SET owner_email = '${ALICE}' WHERE id = 'tool-1'`);
    await query(
      `UPDATE email_users SET failed_login_attempts = 5, locked_until = '2099-01-01 00:00:00' WHERE email = '${ALICE}'`,
    );
    const { report } = await at.run('user list', {});
    expect(rowsOf(report, 'users')?.map((row) => row.slice(0, 6))).toEqual([
      [ADMIN, 'Dana Corp', 'yes', 'active', 0, 11],
      [ALICE, '', '', 'locked', 0, 1],
      ['bob@corp.example.com', '', '', 'active', 0, 0],
    ]);
    await change('unlock');
    expect(await is('failed_login_attempts = 0 AND locked_until IS NULL')).toBe('1');
    await change('promote');
    expect(await is(`is_admin = ${yes}`)).toBe('1');
    const role = `(SELECT id FROM roles WHERE name = 'platform_admin')`;
    await query(
      `INSERT INTO user_roles (id, user_email, role_id, scope, granted_by, granted_at, is_active) VALUES ('r', '${ALICE}', ${role}, 'global', '${ADMIN}', '2025-08-01 10:00:00', ${yes})`,
    );
    await change('demote');
    expect(await is(`is_admin = ${no}`)).toBe('1');
    expect(await query(`SELECT count(*) FROM user_roles WHERE id = 'r' AND is_active = ${no}`)).toBe('1');
    expect((await change('deactivate')).warnings).toEqual([
      `${ALICE} still owns 1 of tools. To give it to somebody else: mcpgw assign --owner-from ${ALICE} --owner ${ADMIN}`,
    ]);
    expect(await is(`is_active = ${no}`)).toBe('1');
    await change('activate');
    expect(await is(`is_active = ${yes}`)).toBe('1');
    const shown = await at.run('user show', {}, 'Alice@corp.example.com');
    expect(rowsOf(shown.report, 'user')).toContainEqual(['state', 'active']);
    expect(rowsOf(shown.report, 'teams')?.[0]?.slice(0, 4)).toEqual([
      "alice's Team",
      'alices-team',
      'owner',
      'personal',
    ]);
  });
});

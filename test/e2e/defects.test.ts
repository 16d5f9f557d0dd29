import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { cliReport } from '../support/cli-report.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { ADMIN } from '../support/test-settings.ts';

interface Planted {
  readonly check: string;
  /** SQL, or what changes the text of a table (`[table, from, to]`). */
  readonly plant: string | readonly [table: string, from: RegExp, to: string];
  /** Part of a line that `verify` shows for it. */
  readonly names: string | RegExp;
  /** What `fix` needs besides `--yes`. */
  readonly flags?: readonly string[];
}

const FIRST_TOOL = 'WHERE id = (SELECT min(id) FROM tools)';
const OWN_ASSIGNMENT = `user_email, role_id, scope, scope_id, granted_by, granted_at, expires_at, is_active FROM user_roles`;

/** Every defect of the list that `fix` mends, by hand with SQL. */
const DEFECTS: Readonly<Record<string, Planted>> = {
  'an administrator who is none, inactive and locked': {
    check: 'admin.account',
    plant:
      "UPDATE email_users SET is_admin = 0, is_active = 0, locked_until = '2099-01-01', failed_login_attempts = 5",
    names: ADMIN.email,
  },
  'a team that is missing': {
    check: 'team.personal',
    plant: 'DELETE FROM email_team_members; DELETE FROM email_teams',
    names: ADMIN.email,
  },
  'a team that is inactive': {
    check: 'team.personal',
    plant: 'UPDATE email_teams SET is_active = 0',
    names: /inactive|not active/,
  },
  'a team with a visibility that teams do not have': {
    check: 'team.visibility',
    plant: "PRAGMA ignore_check_constraints = ON; UPDATE email_teams SET visibility = 'team'",
    names: 'team',
  },
  'a membership that is missing': {
    check: 'team.membership',
    plant: 'DELETE FROM email_team_members',
    names: ADMIN.email,
  },
  'a membership of another role': {
    check: 'team.membership',
    plant: "UPDATE email_team_members SET role = 'member'",
    names: 'member',
  },
  'a role that is missing': {
    check: 'roles.default',
    plant: "DELETE FROM roles WHERE name = 'viewer'",
    names: 'viewer (team): missing',
  },
  'a role without its permissions': {
    check: 'roles.default',
    plant: `UPDATE roles SET permissions = '["tools.read"]' WHERE name = 'developer'`,
    names: /developer \(team\): role \S+ lacks teams\.join/,
  },
  'a role that is there twice': {
    check: 'roles.default',
    plant: `INSERT INTO roles SELECT 'twin', name, description, scope, permissions, inherits_from, created_by, is_system_role, is_active, created_at, updated_at FROM roles WHERE name = 'team_admin'`,
    names: /team_admin \(team\)/,
  },
  'an assignment that is missing': {
    check: 'roles.assignment',
    plant: 'DELETE FROM user_roles',
    names: ADMIN.email,
  },
  'an assignment that is there twice': {
    check: 'roles.assignment',
    plant: `INSERT INTO user_roles SELECT 'twin', ${OWN_ASSIGNMENT}`,
    names: ADMIN.email,
  },
  'an assignment granted by nobody': {
    check: 'foreign-keys.dangling',
    plant: "UPDATE user_roles SET granted_by = 'system'",
    names: /granted_by “system”/,
  },
  'rows without team and owner': {
    check: 'ownership.orphans',
    plant: `UPDATE tools SET team_id = NULL, owner_email = NULL ${FIRST_TOOL}; UPDATE prompts SET team_id = NULL, owner_email = NULL`,
    names: /^prompts /,
  },
  'rows without a team': {
    check: 'ownership.orphans',
    plant: `UPDATE tools SET team_id = NULL ${FIRST_TOOL}`,
    names: /^tools /,
  },
  'rows without an owner': {
    check: 'ownership.orphans',
    plant: `UPDATE tools SET owner_email = NULL ${FIRST_TOOL}`,
    names: /^tools /,
  },
  'rows of a team that does not exist': {
    check: 'ownership.unknown-team',
    plant: `UPDATE tools SET team_id = 'gone' ${FIRST_TOOL}`,
    names: 'gone',
  },
  'rows of an owner who does not exist': {
    check: 'ownership.unknown-owner',
    plant: `UPDATE tools SET owner_email = 'gone@corp.example.com' ${FIRST_TOOL}`,
    names: 'gone@corp.example.com',
  },
  'a visibility that does not exist': {
    check: 'ownership.visibility',
    plant: `UPDATE tools SET visibility = 'everyone' ${FIRST_TOOL}`,
    names: 'everyone',
  },
  'visibility team without a team': {
    check: 'ownership.team-visibility',
    plant: `UPDATE tools SET visibility = 'team', team_id = NULL ${FIRST_TOOL}`,
    names: /^tools /,
  },
  'metrics of rows that are gone': {
    check: 'foreign-keys.dangling',
    plant: "UPDATE tool_metrics SET tool_id = 'gone' WHERE id = 1",
    names: 'gone',
  },
  'old single-column uniques': {
    check: 'schema.global-uniques',
    plant: ['servers', /PRIMARY KEY \(id\)/, 'PRIMARY KEY (id), UNIQUE (name)'],
    names: 'servers.name',
  },
  'a unique that is missing': {
    check: 'schema.uniques',
    plant: ['tools', /CONSTRAINT uq_team_owner_email_name_tool UNIQUE \([^)]*\),?/, ''],
    names: 'uq_team_owner_email_name_tool',
  },
  'an index that is missing': {
    check: 'schema.indexes',
    plant: 'DROP INDEX idx_tools_owner_visibility',
    names: 'idx_tools_owner_visibility',
  },
  'a foreign key that is missing': {
    check: 'schema.foreign-keys',
    plant: ['prompts', /, *\n? *FOREIGN KEY\(team_id\) REFERENCES email_teams \(id\) ON DELETE SET NULL/, ''],
    names: 'prompts.team_id',
  },
  'a check that is missing': {
    check: 'schema.checks',
    plant: [
      'email_teams',
      /,\s*CONSTRAINT ck_email_teams_visibility CHECK \(visibility IN \('private', 'public'\)\)/,
      '',
    ],
    names: 'ck_email_teams_visibility',
  },
  'a default that is missing': {
    check: 'schema.columns',
    plant: ['tools', /DEFAULT 'private'/, ''],
    names: 'tools.visibility',
  },
  'leftover tables': {
    check: 'schema.leftovers',
    plant:
      'CREATE TABLE servers_tmp_nounique AS SELECT * FROM servers; CREATE TABLE gateways_tmp_nounique AS SELECT * FROM gateways',
    names: 'gateways_tmp_nounique',
  },
};

describe('each defect on SQLite', () => {
  for (const [name, { check, plant, names, flags = [] }] of Object.entries(DEFECTS)) {
    it(`${name}: verify names it, fix mends it`, async () => {
      const file = await sqliteFile('v0.7.0');
      plantIn(file.name, plant);
      const found = await cliReport(file.url, ['verify', '--verbose']);
      expect(found.report).toMatchObject({ status: 'findings', exitCode: 1, next: 'mcpgw fix' });
      const report = found.report.checks.find(({ id }) => id === check);
      expect(report).toMatchObject({ status: 'failed', fixable: true });
      expect(report?.hint).toContain('mcpgw fix');
      expect(
        report?.findings.some((line) => new RegExp(names).test(line) || line.includes(String(names))),
      ).toBe(true);
      const fixed = await cliReport(file.url, ['fix', '--yes', '--no-backup', ...flags]);
      expect(fixed.report).toMatchObject({ status: 'ok', exitCode: 0, next: 'mcpgw verify' });
      expect(fixed.report.checks.find(({ id }) => id === check)).toMatchObject({ remaining: 0 });
      expect((await cliReport(file.url, ['verify'])).report).toMatchObject({ status: 'ok', exitCode: 0 });
    });
  }

  it('private rows that the gateway’s fix script left become public when told', async () => {
    const file = await sqliteFile('v0.7.0');
    plantIn(file.name, "UPDATE tools SET visibility = 'private'");
    expect((await cliReport(file.url, ['verify'])).exitCode).toBe(0);
    const untold = await cliReport(file.url, ['fix', '--yes']);
    expect(untold.report).toMatchObject({ status: 'ok', steps: [] });
    const told = await cliReport(file.url, [
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
      const { report } = await cliReport(file.url, ['verify']);
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
    const { report } = await cliReport(file.url, ['fix', '--yes']);
    expect(report).toMatchObject({ status: 'findings', exitCode: 1 });
    const orphans = report.checks.find(({ id }) => id === 'ownership.orphans');
    expect(orphans).toMatchObject({ count: 3, repaired: 2, remaining: 1 });
    expect(orphans?.findings).toHaveLength(1);
    expect((await cliReport(file.url, ['verify'])).exitCode).toBe(1);
  });
});

function plantIn(name: string, plant: Planted['plant']): void {
  const db = new SQLite(name);
  try {
    db.pragma('foreign_keys = OFF');
    if (typeof plant === 'string') db.exec(plant);
    else rebuild(db, ...plant);
  } finally {
    db.close();
  }
}

/** Makes a table anew from its own text with a part of it replaced. */
function rebuild(db: SQLite.Database, table: string, from: RegExp, to: string): void {
  const texts = db
    .prepare<[string], { type: string; sql: string }>(
      'SELECT type, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL',
    )
    .all(table);
  const before = texts.find(({ type }) => type === 'table')?.sql ?? '';
  const after = before.replace(from, to).replace(/,(\s*\))$/, '$1');
  if (after === before) throw new Error(`${from} is not in: ${before}`);
  db.pragma('legacy_alter_table = ON');
  db.exec(`ALTER TABLE ${table} RENAME TO was_${table}`);
  db.exec(after);
  db.exec(`INSERT INTO ${table} SELECT * FROM was_${table}; DROP TABLE was_${table}`);
  for (const { type, sql } of texts) if (type === 'index') db.exec(sql);
}

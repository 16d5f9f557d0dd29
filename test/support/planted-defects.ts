import SQLite from 'better-sqlite3';
import { ADMIN } from './test-settings.ts';

export interface Planted {
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
export const DEFECTS: Readonly<Record<string, Planted>> = {
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

/** Plants on a SQLite file, with no foreign key enforced. */
export function plantIn(name: string, plant: Planted['plant']): void {
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

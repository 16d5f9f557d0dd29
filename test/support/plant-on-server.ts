import type { TestDatabase } from './databases.ts';

/** Many at once on a server, some of them in its own words. */
const ON_SERVERS: Readonly<Record<'postgresql' | 'mysql', readonly string[]>> = {
  postgresql: [
    'DROP INDEX idx_tools_owner_visibility',
    'ALTER TABLE tools DROP CONSTRAINT uq_team_owner_email_name_tool',
    'ALTER TABLE servers ADD CONSTRAINT servers_name_key UNIQUE (name)',
    'SET session_replication_role = replica',
    // Of rows that break a foreign key that PostgreSQL has checked, none is mended.
    'SET allow_system_table_mods = on',
    "UPDATE pg_constraint SET convalidated = false WHERE contype = 'f'",
  ],
  mysql: [
    'DROP INDEX idx_tools_owner_visibility ON tools',
    'DROP INDEX uq_team_owner_email_name_tool ON tools',
    'ALTER TABLE servers ADD CONSTRAINT name UNIQUE (name)',
    'SET foreign_key_checks = 0',
  ],
};

/** Plants a defect of nearly every kind at once. */
export async function plantOnServer(database: TestDatabase): Promise<void> {
  const first = async (table: string) => database.query(`SELECT min(id) FROM ${table}`);
  const server = await first('servers');
  const prompt = await first('prompts');
  const resource = await first('resources');
  await database.query(
    [
      ...ON_SERVERS[database.dialect as 'postgresql' | 'mysql'],
      'CREATE TABLE servers_tmp_nounique AS SELECT * FROM servers',
      'UPDATE email_users SET is_active = false, failed_login_attempts = 5',
      'UPDATE email_teams SET is_active = false',
      'DELETE FROM email_team_members',
      "DELETE FROM roles WHERE name = 'viewer'",
      `INSERT INTO user_roles (id, user_email, role_id, scope, scope_id, granted_by, granted_at, expires_at, is_active) SELECT 'twin', user_email, role_id, scope, scope_id, granted_by, granted_at, expires_at, is_active FROM user_roles`,
      "UPDATE tools SET team_id = NULL, owner_email = NULL, visibility = 'private'",
      `UPDATE servers SET team_id = 'gone' WHERE id = '${server}'`,
      `UPDATE prompts SET owner_email = 'gone@corp.example.com' WHERE id = ${prompt}`,
      `UPDATE resources SET visibility = 'everyone' WHERE id = ${resource}`,
      "UPDATE tool_metrics SET tool_id = 'gone' WHERE id = 1",
    ].join(';\n'),
  );
}

import { ADMIN, type MigratedDatabase } from './migrated-database.ts';

const AT = "'2025-08-01 10:00:00'";

/** Uma, who has a personal team `uma`, and Vic, who has none but made and owns the team `club`. */
export async function addPeople({ database }: MigratedDatabase): Promise<void> {
  const user = (name: string) =>
    `('${name}@corp.example.com', 'x', false, true, 'local', 'argon2id', 0, ${AT}, ${AT})`;
  const team = (id: string, maker: string, isPersonal: boolean) =>
    `('${id}', '${id}', '${id}', '${maker}@corp.example.com', ${isPersonal}, 'private', ${AT}, ${AT}, true)`;
  await database.query(
    `INSERT INTO email_users (email, password_hash, is_admin, is_active, auth_provider, password_hash_type, failed_login_attempts, created_at, updated_at)
     VALUES ${user('uma')}, ${user('vic')}`,
  );
  await database.query(
    `INSERT INTO email_teams (id, name, slug, created_by, is_personal, visibility, created_at, updated_at, is_active)
     VALUES ${team('uma', 'uma', true)}, ${team('club', 'vic', false)}`,
  );
  const owner = (id: string, name: string) =>
    `('${id}-owner', '${id}', '${name}@corp.example.com', 'owner', ${AT}, true)`;
  await database.query(
    `INSERT INTO email_team_members (id, team_id, user_email, role, joined_at, is_active)
     VALUES ${owner('uma', 'uma')}, ${owner('club', 'vic')}`,
  );
}

/** Id, team (`admin` for the administrator's), owner and visibility of every row of a table. */
export function ownership({ database }: MigratedDatabase, table: string): Promise<string> {
  return database.query(
    `SELECT t.id, CASE WHEN e.is_personal AND e.created_by = '${ADMIN}' THEN 'admin' ELSE t.team_id END, t.owner_email, t.visibility
     FROM ${table} t LEFT JOIN email_teams e ON e.id = t.team_id ORDER BY t.id`,
  );
}

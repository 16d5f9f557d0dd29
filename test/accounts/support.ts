import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountOptions } from '../../src/commands/account-part.ts';
import { accounts } from '../../src/commands/accounts.ts';
import { commandRuns } from '../support/command-run.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Words = Parameters<typeof accounts>[2];
export const WRITING = { format: 'json', color: false, lockTimeout: 5, backup: false, yes: true } as const;

export interface Accounts extends MigratedDatabase {
  readonly cwd: string;
  /** Runs a command (`team add`) on the database; nobody is asked. */
  run(
    command: string,
    options: Partial<AccountOptions>,
    ...args: readonly (string | readonly string[])[]
  ): ReturnType<ReturnType<typeof commandRuns>>;
  /** A file with a password. */
  password(text: string): string;
}

/** A database with Alice, who has a personal team, and Bob, who has none. */
export async function accountsDatabase(id: DatabaseId, fill = ''): Promise<Accounts> {
  const at = await migratedDatabase(id, (database) =>
    database.query(`${people(database)}; ${fill || 'SELECT 1'}`),
  );
  const cwd = temporaryFolder();
  const runs = commandRuns(at.database, cwd);
  return {
    ...at,
    cwd,
    run: (command, options, ...args) => {
      const words = [...command.split(' '), ...args.flat()] as unknown as Words;
      return runs((io) => accounts(io, { ...WRITING, ...options }, words, {}));
    },
    password(text) {
      const path = join(cwd, `password-${Math.random()}`);
      writeFileSync(path, text);
      return path;
    },
  };
}

const AT = `'2025-08-01 10:00:00'`;

function people({ dialect }: TestDatabase): string {
  const [yes, no] = dialect === 'postgresql' ? ['true', 'false'] : ['1', '0'];
  const user = (email: string) =>
    `('${email}', '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA', NULL, ${no}, ${yes}, 'local', 'argon2id', 0, ${AT}, ${AT})`;
  return `INSERT INTO email_users (email, password_hash, full_name, is_admin, is_active, auth_provider, password_hash_type, failed_login_attempts, created_at, updated_at)
      VALUES ${user('alice@corp.example.com')}, ${user('bob@corp.example.com')};
    INSERT INTO email_teams (id, name, slug, created_by, is_personal, visibility, created_at, updated_at, is_active)
      VALUES ('alice-team', 'alice''s Team', 'alices-team', 'alice@corp.example.com', ${yes}, 'private', ${AT}, ${AT}, ${yes});
    INSERT INTO email_team_members (id, team_id, user_email, role, joined_at, is_active)
      VALUES ('alice-member', 'alice-team', 'alice@corp.example.com', 'owner', ${AT}, ${yes})`;
}

/** Everything that accounts are in, to see that nothing was changed. */
export const everything = ({ query }: Pick<TestDatabase, 'query'>) =>
  Promise.all(
    [
      'SELECT email, password_hash, is_admin, is_active FROM email_users ORDER BY email',
      'SELECT id, name, slug, is_active, max_members, visibility, description FROM email_teams ORDER BY id',
      'SELECT id, team_id, user_email, role, is_active FROM email_team_members ORDER BY id',
      'SELECT id, user_email, scope_id, is_active FROM user_roles ORDER BY id',
      'SELECT id, team_id, owner_email FROM tools ORDER BY id',
      'SELECT count(*) FROM mcpgw_migration',
    ].map((text) => query(text)),
  );

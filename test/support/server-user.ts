import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { adminUrl } from './database-kinds.ts';
import type { TestDatabase } from './databases.ts';
import { runSql } from './run-sql.ts';

export interface ServerUser {
  readonly name: string;
  readonly password: string;
  /** SQLAlchemy URL of the database for this user. */
  readonly url: string;
}

/** What the user may do: everything, as the owner, or what is named; `database` and `user` are put in. */
export type Grants = 'owner' | readonly string[];

/** Makes a user of a server for the test that is running. The password may hold any character. */
export async function serverUser(
  database: TestDatabase,
  password: string,
  grants: Grants,
): Promise<ServerUser> {
  const name = `mcpgw_user_${randomBytes(4).toString('hex')}`;
  const admin = adminUrl(database.id)?.href ?? '';
  const isPostgresql = database.dialect === 'postgresql';
  const account = isPostgresql ? name : `'${name}'@'%'`;
  const run = (sql: string, url = admin) => runSql(database.dialect, url, sql);
  if (isPostgresql) await run(`CREATE ROLE ${name} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
  else await run(`CREATE USER ${account} IDENTIFIED BY '${password.replaceAll(/['\\]/g, '\\$&')}'`);
  onTestFinished(async () => {
    if (isPostgresql) {
      await run(`REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name}`, database.url);
    }
    await run(isPostgresql ? `DROP ROLE ${name}` : `DROP USER ${account}`);
  });
  if (grants === 'owner') {
    await run(
      isPostgresql
        ? `ALTER DATABASE ${database.name} OWNER TO ${name}`
        : `GRANT ALL ON ${database.name}.* TO ${account}`,
    );
  } else {
    for (const grant of grants) {
      await run(grant.replaceAll('<database>', database.name).replaceAll('<user>', account), database.url);
    }
  }
  const url = new URL(database.url);
  url.username = name;
  url.password = '';
  const encoded = encodeURIComponent(password).replaceAll("'", '%27');
  return { name, password, url: url.href.replace(`${name}@`, `${name}:${encoded}@`) };
}

import { sql } from 'kysely';
import type { Table } from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import type { MissingAccess } from '../dialect.ts';
import { quoteMysql as q, quoteMysql } from './ddl.ts';

/** What a run needs on the whole database, since it makes tables whose names no grant can know. */
export const RUN_PRIVILEGES = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'ALTER',
  'DROP',
  'INDEX',
  'REFERENCES',
] as const;

/** What this user may do on the whole database that it is connected to. */
export interface MysqlGrants {
  readonly database: string;
  /** As GRANT takes it: `'name'@'host'`. */
  readonly account: string;
  has(privilege: string): boolean;
  /** Whether it holds for each of these tables, be it by a grant on that table alone. */
  hasOn(privilege: string, tables: readonly string[]): boolean;
  /** Whether it holds for the whole server, as those must that are of no database: `PROCESS`. */
  hasGlobally(privilege: string): boolean;
}

/** Reads SHOW GRANTS, which has the grants of the user and of its active roles. */
export async function readMysqlGrants(db: Connection): Promise<MysqlGrants> {
  const [where] = await db.query<{ name: string; who: string }>(
    sql`SELECT database() AS name, current_user() AS who`,
  );
  const { name = '', who = '' } = where ?? {};
  const rows = await db.query<Record<string, string>>(sql`SHOW GRANTS`);
  const granted = new Set<string>();
  const revoked = new Set<string>();
  const everywhere = new Set<string>();
  const onTables = new Map<string, Set<string>>();
  for (const grant of rows.flatMap((row) => Object.values(row))) {
    const privileges = privilegesOn(name, grant);
    for (const privilege of privileges) granted.add(privilege);
    if (grant.includes(' ON *.* TO ')) for (const privilege of privileges) everywhere.add(privilege);
    const [, list = '', , schema, , table = ''] = ON_TABLE.exec(grant) ?? [];
    if (schema === name) {
      const known = onTables.get(table) ?? new Set();
      onTables.set(table, new Set([...known, ...listed(list)]));
    }
    // MySQL's partial revokes: what holds everywhere, but not here.
    for (const privilege of revokedFrom(name, grant)) revoked.add(privilege);
  }
  const among = (set: ReadonlySet<string>, privilege: string) =>
    set.has(privilege) || set.has('ALL PRIVILEGES');
  const has = (privilege: string) => among(granted, privilege) && !revoked.has(privilege);
  return {
    database: name,
    account: quotedAccount(who),
    has,
    hasOn: (privilege, tables) =>
      has(privilege) ||
      (tables.length > 0 && tables.every((table) => among(onTables.get(table) ?? new Set(), privilege))),
    hasGlobally: (privilege) => among(everywhere, privilege),
  };
}

/** A whole database as GRANT takes it: its name is a pattern there, in which `_` and `%` stand for others. */
export function grantScope(database: string): string {
  return `${quoteMysql(database.replaceAll(/[\\_%]/g, '\\$&'))}.*`;
}

/** The statement that gives what is missing. */
export function grantStatement({ database, account }: MysqlGrants, privileges: readonly string[]): string {
  return `GRANT ${privileges.join(', ')} ON ${grantScope(database)} TO ${account};`;
}

/** A schema change cannot be taken back here, so what is missing must be found before the first one. */
export async function missingMysqlPrivileges(db: Connection): Promise<readonly string[]> {
  const grants = await readMysqlGrants(db);
  const missing = RUN_PRIVILEGES.filter((privilege) => !grants.has(privilege));
  return missing.length === 0 ? [] : [`${missing.join(', ')}: ${grantStatement(grants, missing)}`];
}

/** Triggers are told of to whoever may make them; an UPDATE fires them, whoever sends it. */
export async function unseenMysqlTriggers(db: Connection, tables: readonly string[]): Promise<string | null> {
  const grants = await readMysqlGrants(db);
  if (tables.length === 0 || grants.hasOn('TRIGGER', tables)) return null;
  return `triggers of this database cannot be seen by this user: one that sets updated_at or another column would do so in each row that is updated. To see them: ${grantStatement(grants, ['TRIGGER'])}`;
}

/** `name@host` as CURRENT_USER() has it; the host has no `@`. */
function quotedAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return [account.slice(0, at), account.slice(at + 1)]
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join('@');
}

/** The privileges that one line of SHOW GRANTS gives on a whole database. */
export function privilegesOn(database: string, grant: string): readonly string[] {
  return named(database, /^GRANT (.+?) ON (\*\.\*|[`"].+?[`"]\.\*) TO /.exec(grant));
}

function revokedFrom(database: string, revoke: string): readonly string[] {
  return named(database, /^REVOKE (.+?) ON ([`"].+?[`"]\.\*) FROM /.exec(revoke));
}

function named(database: string, match: RegExpExecArray | null): readonly string[] {
  const [, list, scope] = match ?? [];
  if (list === undefined || scope === undefined) return [];
  if (scope !== '*.*' && !matches(scope.slice(1, -3), database)) return [];
  // `SELECT (column)` is a grant on a column; it has no database scope and never gets here.
  return listed(list);
}

/** A grant on one table: of what, `database`, `table`. */
const ON_TABLE = /^GRANT (.+?) ON ([`"])(.+?)\2\.([`"])(.+?)\4 TO /;

const listed = (list: string) => list.split(',').map((privilege) => privilege.trim().toUpperCase());

/** Database names in grants are LIKE patterns: `%` and `_` stand for others unless escaped. */
function matches(pattern: string, database: string): boolean {
  const source = pattern.replaceAll(/\\?[\s\S]/g, (part) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    const character = part.at(-1) ?? '';
    return character.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'i').test(database);
}

/** See `Dialect.missingAccess`. Only grants on single tables; of other accounts the server shows them to few users. */
export async function missingMysqlAccess(
  db: Connection,
  tables: readonly Table[],
): Promise<readonly MissingAccess[]> {
  const grants = await db.query<{ name: string; who: string; privilege: string; own: unknown }>(sql`
    SELECT p.TABLE_NAME AS name, p.GRANTEE AS who, p.PRIVILEGE_TYPE AS privilege,
           EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES u WHERE u.IS_GRANTABLE = 'YES'
                   AND u.GRANTEE = concat('''', replace(current_user(), '@', '''@'''), '''')) OR
           EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES s WHERE s.IS_GRANTABLE = 'YES'
                   AND s.GRANTEE = concat('''', replace(current_user(), '@', '''@'''), '''')
                   AND database() LIKE s.TABLE_SCHEMA) AS own
    FROM information_schema.TABLE_PRIVILEGES p
    WHERE p.TABLE_SCHEMA = database() AND p.PRIVILEGE_TYPE IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES s WHERE s.GRANTEE = p.GRANTEE
                      AND s.PRIVILEGE_TYPE = p.PRIVILEGE_TYPE AND database() LIKE s.TABLE_SCHEMA)`);
  const has = new Set(grants.map(({ name, who, privilege }) => [name, who, privilege].join('\n')));
  const wanted = grants.filter(({ name }) => name === 'tools');
  return tables.flatMap(({ name: table }) =>
    [...new Set(wanted.map(({ who }) => who))].flatMap((who): MissingAccess[] => {
      const lacks = wanted.filter((g) => g.who === who && !has.has([table, who, g.privilege].join('\n')));
      const privileges = lacks.map(({ privilege }) => privilege).join(', ');
      const mine = Number(lacks[0]?.own) === 1;
      const statements = [`GRANT ${privileges} ON ${q(table)} TO ${who}`];
      return privileges === '' ? [] : [{ table, who, privileges, mine, statements }];
    }),
  );
}

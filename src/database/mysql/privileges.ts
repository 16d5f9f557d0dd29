import { sql } from 'kysely';
import type { Connection } from '../connection.ts';

/** What a run needs on the whole database, since it makes tables whose names no grant can know. */
const NEEDED = [
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

/**
 * Reads SHOW GRANTS, which has the grants of the user and of its active roles. A schema change cannot be taken
 * back here, so what is missing must be found before the first one.
 */
export async function missingMysqlPrivileges(db: Connection): Promise<readonly string[]> {
  const [where] = await db.query<{ name: string; who: string }>(
    sql`SELECT database() AS name, current_user() AS who`,
  );
  const rows = await db.query<Record<string, string>>(sql`SHOW GRANTS`);
  const granted = new Set<string>();
  for (const grant of rows.flatMap((row) => Object.values(row))) {
    for (const privilege of privilegesOn(where?.name ?? '', grant)) granted.add(privilege);
  }
  if (granted.has('ALL PRIVILEGES')) return [];
  const missing = NEEDED.filter((privilege) => !granted.has(privilege));
  if (missing.length === 0) return [];
  return [`${missing.join(', ')}: GRANT ${missing.join(', ')} ON \`${where?.name}\`.* TO ${where?.who};`];
}

/** The privileges that one line of SHOW GRANTS gives on a whole database. */
export function privilegesOn(database: string, grant: string): readonly string[] {
  const [, list, scope] = /^GRANT (.+?) ON (\*\.\*|[`"].+?[`"]\.\*) TO /.exec(grant) ?? [];
  if (list === undefined || scope === undefined) return [];
  if (scope !== '*.*' && !matches(scope.slice(1, -3), database)) return [];
  // `SELECT (column)` is a grant on a column; it has no database scope and never gets here.
  return list.split(',').map((privilege) => privilege.trim().toUpperCase());
}

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

import { sql } from 'kysely';
import type { Connection } from '../connection.ts';
import type { CheckRow } from './introspect.ts';

/** What stands in SHOW CREATE TABLE. */
export interface ShownConstraints {
  readonly checks: readonly CheckRow[];
  /** What else than nothing a foreign key does when its row goes, by `table.name`. */
  readonly deleteRules: ReadonlyMap<string, string>;
}

const NAME = '`((?:[^`]|``)+)`';
const FOREIGN_KEY = new RegExp(
  `^  CONSTRAINT ${NAME} FOREIGN KEY .* ON DELETE (CASCADE|SET NULL)(?: ON UPDATE [A-Z ]+)?,?$`,
);
const CHECK = new RegExp(`^  CONSTRAINT ${NAME} CHECK \\((.*)\\),?$`);
const COLUMN_CHECK = new RegExp(`^  ${NAME} .* CHECK \\((.*)\\),?$`);

/**
 * MariaDB keeps in information_schema the rules of foreign keys from users who may only read, and the checks from
 * users whose rights are on single tables. This shows both to whoever may read the table, a line each.
 */
export async function readShownConstraints(
  db: Connection,
  tables: Iterable<string>,
): Promise<ShownConstraints> {
  const checks: CheckRow[] = [];
  const deleteRules = new Map<string, string>();
  for (const table of tables) {
    const [shown] = await db.query<Record<string, string>>(sql`SHOW CREATE TABLE ${sql.id(table)}`);
    for (const line of (shown?.['Create Table'] ?? '').split('\n')) {
      const part = (pattern: RegExp) => pattern.exec(line)?.slice(1).map(String);
      const [key, rule] = part(FOREIGN_KEY) ?? [];
      if (key !== undefined && rule !== undefined) deleteRules.set(`${table}.${unquoted(key)}`, rule);
      for (const [level, pattern] of [
        ['Table', CHECK],
        ['Column', COLUMN_CHECK],
      ] as const) {
        const [name, expression] = part(pattern) ?? [];
        if (name === undefined || expression === undefined) continue;
        checks.push({ table_name: table, name: unquoted(name), expression, level });
      }
    }
  }
  return { checks, deleteRules };
}

const unquoted = (name: string) => name.replaceAll('``', '`');

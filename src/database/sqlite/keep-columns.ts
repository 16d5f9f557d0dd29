import type { KeepColumns } from '../keep-columns.ts';
import { statement } from '../statement.ts';
import { quoteName as q } from './table-sql.ts';

/** A trigger that only this connection has, by which an UPDATE of these columns does nothing: only triggers do one. */
export function keepSqliteColumns(table: string, columns: readonly string[]): KeepColumns {
  const name = q(`mcpgw_keep_${table}`);
  return {
    on: [
      statement(
        `CREATE TEMP TRIGGER ${name} BEFORE UPDATE OF ${columns.map(q).join(', ')} ON main.${q(table)} BEGIN SELECT RAISE(IGNORE); END`,
      ),
    ],
    off: [statement(`DROP TRIGGER temp.${name}`)],
  };
}

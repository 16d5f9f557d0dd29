import type { KeepColumns } from '../keep-columns.ts';
import { statement } from '../statement.ts';
import { quoteMysql as q } from './ddl.ts';

/** How the names of our own triggers begin. */
export const KEEPER = 'mcpgw_keep_';

/**
 * A trigger of our own that puts the values back: the newest is fired last. One that a killed run leaves does
 * nothing in any session but such a run's.
 */
export function keepMysqlColumns(table: string, columns: readonly string[]): KeepColumns {
  const back = columns.map((name) => `NEW.${q(name)} = IF(@mcpgw_keep = 1, OLD.${q(name)}, NEW.${q(name)})`);
  const drop = `DROP TRIGGER IF EXISTS ${q(KEEPER + table)}`;
  return {
    on: [
      drop,
      `CREATE TRIGGER ${q(KEEPER + table)} BEFORE UPDATE ON ${q(table)} FOR EACH ROW SET ${back.join(', ')}`,
      'SET @mcpgw_keep = 1',
    ].map((text) => statement(text)),
    off: [drop, 'SET @mcpgw_keep = NULL'].map((text) => statement(text)),
  };
}

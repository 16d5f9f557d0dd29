import type { KeepColumns } from '../keep-columns.ts';
import { statement } from '../statement.ts';
import { quotePostgresql as q } from './ddl.ts';

/** Triggers are fired in the order of their names: behind any that a person would write. */
const KEEPER = q('~~~mcpgw_keep');
const FUNCTION = 'pg_temp.mcpgw_keep';

/** A trigger of our own that puts the values back, also in what a trigger of the site updates itself. */
export function keepPostgresqlColumns(table: string, columns: readonly string[]): KeepColumns {
  const back = columns.map((name) => `NEW.${q(name)} := OLD.${q(name)};`).join(' ');
  return {
    on: [
      `CREATE FUNCTION ${FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $mcpgw$ BEGIN ${back} RETURN NEW; END $mcpgw$`,
      `CREATE TRIGGER ${KEEPER} BEFORE UPDATE ON ${q(table)} FOR EACH ROW EXECUTE FUNCTION ${FUNCTION}()`,
    ].map((text) => statement(text)),
    off: [`DROP TRIGGER ${KEEPER} ON ${q(table)}`, `DROP FUNCTION ${FUNCTION}()`].map((text) =>
      statement(text),
    ),
  };
}

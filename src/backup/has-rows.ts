import { HISTORY_TABLE, VERSION_TABLE } from '../schema/gateway-tables.ts';

/** Whether a database holds anything that a backup could save: rows other than the record of its version. */
export function hasRows(counts: ReadonlyMap<string, number>): boolean {
  return [...counts].some(([table, rows]) => rows > 0 && table !== VERSION_TABLE && table !== HISTORY_TABLE);
}

import { otherTables } from '../backup-tool.ts';
import type { Dumpable } from './dependents.ts';

/** What is in a dump, as `pg_restore --list` has it. */
export interface DumpContents {
  /** The list itself, a line each. */
  readonly lines: readonly string[];
  /** Of the tables' lines, what follows the schema: name and owner. Partitions are left out: their table counts. */
  readonly tables: readonly string[];
  /** A routine's arguments are not told apart. */
  has(type: Dumpable['kind'], name: string): boolean;
}

/** As the list prints it: without quotes, and with a blank for a line break. */
export const inList = (name: string) => name.replaceAll(/[\r\n]/g, ' ');

/** The number of an entry, two of its catalog, then kind, schema, name and owner with a blank between them. */
const ENTRY = /^\d+; \d+ \d+ (.*)$/s;

export function dumpContents(list: string, schema: string): DumpContents {
  const lines = list.split('\n');
  const entries = lines.flatMap((line) => ENTRY.exec(line)?.[1] ?? []);
  const of = (type: string) => {
    const start = `${type} ${inList(schema)} `;
    return entries.filter((entry) => entry.startsWith(start)).map((entry) => entry.slice(start.length));
  };
  const attached = new Set(of('TABLE ATTACH'));
  return {
    lines,
    tables: of('TABLE').filter((table) => !attached.has(table)),
    has(type, name) {
      const isRoutine = type === 'FUNCTION' || type === 'PROCEDURE' || type === 'AGGREGATE';
      return of(type).some((entry) => entry.startsWith(`${inList(name)}${isRoutine ? '(' : ' '}`));
    },
  };
}

/**
 * Names in a manifest are not believed: those are its tables that the dump has, no more and no fewer.
 *
 * @throws GatewayError CORRUPT
 */
export function refuseOtherTables(
  file: string,
  contents: DumpContents,
  rows: ReadonlyMap<string, number>,
): void {
  const names = [...rows.keys()];
  const missing = names.filter((name) => !contents.has('TABLE', name));
  const surplus = contents.tables.filter(
    (table) => !names.some((name) => table.startsWith(`${inList(name)} `)),
  );
  if (missing.length === 0 && surplus.length === 0 && contents.tables.length === names.length) return;
  throw otherTables(file, missing, surplus);
}

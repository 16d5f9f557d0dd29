export interface ComparedTable {
  readonly table: string;
  /** Null: the table is not there. */
  readonly now: number | null;
  /** Null: the backup does not have it. */
  readonly backup: number | null;
  /** `restored`: what is there now cannot be read. */
  readonly what: 'replaced' | 'created' | 'dropped' | 'kept' | 'restored';
}

/**
 * What a restore does to each table.
 *
 * @param now null when it cannot be read
 * @param known the gateway's tables of every release, which a backup of an earlier one does not have
 * @param everything tables go that are neither known nor in the backup
 */
export function compareTables(
  now: ReadonlyMap<string, number> | null,
  backup: ReadonlyMap<string, number>,
  known: ReadonlySet<string>,
  everything: boolean,
): readonly ComparedTable[] {
  const names = [...new Set([...(now?.keys() ?? []), ...backup.keys()])].toSorted();
  return names.map((table) => {
    const [before, after] = [now?.get(table) ?? null, backup.get(table) ?? null];
    const what = () => {
      if (now === null) return 'restored';
      if (before === null) return 'created';
      if (after !== null) return 'replaced';
      return everything || known.has(table) ? 'dropped' : 'kept';
    };
    return { table, now: before, backup: after, what: what() };
  });
}

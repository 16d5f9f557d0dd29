/** One SQL statement of a plan: what `--dry-run` prints and what a run executes. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Places of parameters that nobody may see. */
  readonly secrets?: ReadonlySet<number>;
  /** How the affected rows count in the summary: rows given an owner, or rows written otherwise. */
  readonly counts?: 'assigned' | 'written';
  /** The table those rows are in. */
  readonly table?: string;
  /** What it does to a table that is there already: what `--dry-run` tells about locks. */
  readonly effect?: Effect;
  /**
   * Set for values SQL cannot make: rows are read in pages by `select`, `values` is computed from each row,
   * and `sql` writes the page back in one statement, with one JSON parameter `[{"id": …, "value": …}]`.
   * `select` takes the last key of the page before and the page size as parameters.
   */
  readonly paged?: PagedUpdate;
}

export interface Effect {
  readonly table: string;
  readonly kind: EffectKind;
}

export type EffectKind =
  /** Every row is copied. */
  | 'rebuild'
  /** An index is built over every row. */
  | 'index'
  /** Rows are written. */
  | 'rows'
  /** Every row is read, to check a new rule. */
  | 'scan'
  | 'drop'
  /** Only the definition changes: the time does not depend on the rows. */
  | 'metadata';

export interface PagedUpdate {
  readonly select: string;
  readonly pageSize: number;
  value(row: Readonly<Record<string, unknown>>): string | null;
}

export function statement(sql: string, parameters: readonly unknown[] = []): Statement {
  return { sql, parameters };
}

/** Statements around a write that keep columns from being changed by a trigger of the site. */
export interface KeepColumns {
  readonly on: readonly Statement[];
  readonly off: readonly Statement[];
}

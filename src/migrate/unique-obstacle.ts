import type { Connection } from '../database/connection.ts';
import { columnOf, type Table, type Unique } from '../schema/model.ts';
import { type SharedValues, sharedValues } from './shared-values.ts';

export interface UniqueQuestion {
  /** Rows that lack both `team_id` and `owner_email` all get the same ones with the columns. */
  readonly arriving: boolean;
  /** How many rows are named. */
  readonly limit?: number;
  /** What columns of it that hold NULL are going to hold, as SQL over their row. */
  readonly filled?: ReadonlyMap<string, string>;
}

const UNFILLED: ReadonlyMap<string, string> = new Map();

/**
 * The rows that keep a unique from being added to a table as it is; null where there are none. A table whose rows
 * a narrower rule tells apart already is not read.
 */
export async function uniqueObstacle(
  db: Connection,
  table: Table,
  { columns }: Pick<Unique, 'columns'>,
  { arriving, limit, filled = UNFILLED }: UniqueQuestion,
): Promise<SharedValues | null> {
  const here = columns.filter((name) => columnOf(table, name) !== undefined);
  const missing = columns.filter((name) => !here.includes(name));
  // Columns that come without a value make no two rows the same.
  const oneOwner = arriving && missing.length === 2 && missing.every((name) => OWNER.includes(name));
  if (here.length === 0 || (missing.length > 0 && !oneOwner)) return null;
  const keys = [table.primaryKey, ...table.uniques.map((unique) => unique.columns)].filter(
    (key) => !key.some((name) => filled.has(name)),
  );
  if (keys.some((key) => key.length > 0 && key.every((name) => here.includes(name)))) return null;
  const shared = await sharedValues(db, table, here, filled, limit);
  return shared.rows === 0 ? null : shared;
}

const OWNER: readonly string[] = ['team_id', 'owner_email'];

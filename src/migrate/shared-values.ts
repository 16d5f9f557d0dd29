import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { columnOf, type Table } from '../schema/model.ts';

/** Rows of a table that have the same values in columns which are to be unique together. */
export interface SharedValues {
  readonly table: string;
  readonly columns: readonly string[];
  /** How many values are there more than once. */
  readonly values: number;
  /** How many rows have one of them. */
  readonly rows: number;
  /** Some of the rows, those of one value together; a value that is a secret is ''. */
  readonly sample: readonly { readonly id: string; readonly value: string }[];
}

/** How many rows are kept for a report unless told; all of them are counted. */
const SAMPLE = 20;
/** What a row is told apart by already: its value is the rest. */
const SCOPE: ReadonlySet<string> = new Set(['team_id', 'owner_email']);
/** Columns of uniques (an invitation's, a login's) whose values let somebody in. */
const SECRET: ReadonlySet<string> = new Set(['token', 'state']);

/**
 * Finds rows that share their values in all of these columns. As uniques have it, a row with NULL in one of them
 * shares with none. It reads the whole table.
 */
export async function sharedValues(
  db: Connection,
  table: Table,
  columns: readonly string[],
  fills: ReadonlyMap<string, string> = new Map(),
  limit: number = SAMPLE,
): Promise<SharedValues> {
  const rowsOf = rowsToBe(table, columns, fills);
  const filled = columns.map((name) => sql`${sql.ref(name)} IS NOT NULL`);
  const names = columns.map((name) => sql.ref(name));
  const shared = sql`SELECT ${sql.join(names)}, count(*) AS n FROM ${rowsOf} t
    WHERE ${sql.join(filled, sql` AND `)} GROUP BY ${sql.join(names)} HAVING count(*) > 1`;
  const [counts] = await db.query<{ shared: unknown; total: unknown }>(
    sql<{ shared: unknown; total: unknown }>`SELECT count(*) AS shared, sum(d.n) AS total FROM (${shared}) d`,
  );
  const rows = Number(counts?.total ?? 0);
  return {
    table: table.name,
    columns,
    values: Number(counts?.shared ?? 0),
    rows,
    sample: rows === 0 ? [] : await sampleOf(db, table, columns, { shared, rowsOf, limit }),
  };
}

/** The rows as they are going to be, where columns that hold NULL are filled. */
function rowsToBe(table: Table, columns: readonly string[], fills: ReadonlyMap<string, string>) {
  if (fills.size === 0) return sql.table(table.name);
  const names = [...new Set([...table.primaryKey, ...columns])].map((name) => {
    const fill = fills.get(name);
    return fill === undefined
      ? sql.ref(name)
      : sql`coalesce(${sql.ref(name)}, ${sql.raw(fill)}) AS ${sql.ref(name)}`;
  });
  return sql`(SELECT ${sql.join(names)} FROM ${sql.table(table.name)})`;
}

async function sampleOf(
  db: Connection,
  table: Table,
  columns: readonly string[],
  { shared, rowsOf, limit }: Readonly<Record<'shared' | 'rowsOf', RawBuilder<unknown>> & { limit: number }>,
): Promise<SharedValues['sample']> {
  const key = table.primaryKey.filter((name) => columnOf(table, name) !== undefined);
  const told = columns.filter((name) => !SCOPE.has(name));
  const picked = [
    ...key.map((name, i) => sql`${sql.ref(`t.${name}`)} AS ${sql.ref(`key_${i}`)}`),
    ...told.map((name, i) => sql`${sql.ref(`t.${name}`)} AS ${sql.ref(`value_${i}`)}`),
  ];
  const same = columns.map((name) => sql`${sql.ref(`d.${name}`)} = ${sql.ref(`t.${name}`)}`);
  const order = [...columns.map((name) => `d.${name}`), ...key.map((name) => `t.${name}`)];
  const rows = await db.query<Record<string, unknown>>(sql<Record<string, unknown>>`
    SELECT ${sql.join(picked)} FROM ${rowsOf} t
    JOIN (${shared}) d ON ${sql.join(same, sql` AND `)}
    ORDER BY ${sql.join(order.map((name) => sql.ref(name)))} LIMIT ${sql.lit(limit)}`);
  return rows.map((row) => ({
    id: key.map((_, i) => String(row[`key_${i}`])).join(', '),
    value: told.map((name, i) => (SECRET.has(name) ? '' : String(row[`value_${i}`]))).join(', '),
  }));
}

import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { columnOf, type Schema, sameColumnSet, type Table, type Unique } from '../schema/model.ts';
import type { Recording } from './record.ts';

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

const OWNER: readonly string[] = ['team_id', 'owner_email'];

export interface UniqueQuestion {
  /** Rows that lack both `team_id` and `owner_email` all get the same ones with the columns. */
  readonly arriving: boolean;
  /** How many rows are named. */
  readonly limit?: number;
  /** What columns of it that hold NULL are going to hold, as SQL over their row. */
  readonly filled?: ReadonlyMap<string, string>;
}

/**
 * The rows that keep a unique from being added to a table as it is; null where there are none. A table whose rows
 * a narrower rule tells apart already is not read.
 */
export async function uniqueObstacle(
  db: Connection,
  table: Table,
  { columns }: Pick<Unique, 'columns'>,
  { arriving, limit, filled = new Map() }: UniqueQuestion,
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

/** The rows that the uniques of a recording keep from arriving, as a database has them before it. */
export async function findShared(
  db: Connection,
  before: Schema,
  { schema: after, fills }: Pick<Recording, 'schema' | 'fills'>,
  arriving: boolean,
): Promise<readonly SharedValues[]> {
  const found: SharedValues[] = [];
  for (const table of before.values()) {
    for (const unique of after.get(table.name)?.uniques ?? []) {
      const filled = new Map(
        unique.columns.flatMap((name) => {
          const value = fills.get(`${table.name}.${name}`);
          return value === undefined ? [] : [[name, value] as const];
        }),
      );
      const isThere = table.uniques.some((u) => sameColumnSet(u.columns, unique.columns));
      if (isThere && filled.size === 0) continue;
      const shared = await uniqueObstacle(db, table, unique, { arriving, filled });
      if (shared !== null) found.push({ ...shared, columns: unique.columns });
    }
  }
  return found;
}

/**
 * Refuses rows that a unique which is to be added would not allow; nothing has been written yet.
 *
 * @param arriving rows that lack `team_id` and `owner_email` all get the same ones
 * @throws GatewayError PREFLIGHT with the rows
 */
export async function refuseShared(...question: Parameters<typeof findShared>): Promise<void> {
  const found = await findShared(...question);
  if (found.length === 0) return;
  throw new GatewayError('PREFLIGHT', 'Rows share values that v0.7.0 does not allow twice.', {
    details: found.flatMap((shared) =>
      describeShared(shared, `${shared.table} (${shared.columns.join(', ')}) is to be unique`),
    ),
    hint: advise`Rename or remove all but one of the rows that share a value, then run mcpgw migrate again. All of them: ${mcpgw('verify', '--only', 'schema.uniques', '--verbose')}`,
  });
}

/** @param rule what does not allow them, as a sentence without its end */
export function describeShared({ table, values, rows, sample }: SharedValues, rule: string): string[] {
  const more = rows - sample.length;
  return [
    `${rule}, but ${plural(rows, 'row')} share ${plural(values, 'value')}:`,
    ...sample.map(({ id, value }) => `  ${table} ${id}${value === '' ? '' : `: “${value}”`}`),
    ...(more > 0 ? [`  … and ${plural(more, 'more row', 'more rows')}`] : []),
  ];
}

/**
 * Finds rows that share their values in all of these columns. As uniques have it, a row with NULL in one of them
 * shares with none. It reads the whole table.
 */
async function sharedValues(
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

import { sql } from 'kysely';
import type { Unreadable } from '../database/dialect.ts';
import { countRows } from '../database/row-counts.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { type Column, columnOf } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';

/** A column that can hold what the gateway cannot read. */
interface Suspect extends Unreadable {
  readonly table: string;
  readonly column: Column;
}

interface Found extends Suspect {
  readonly rows: number;
  readonly repairable: number;
}

/** The columns of each table whose types let in more than the gateway reads. */
function suspects({ db, schema, target }: CheckContext): Suspect[][] {
  return [...target.values()].map(({ name, columns }) =>
    columns.flatMap(({ name: wanted, kind }) => {
      const column = columnOf(schema.get(name), wanted);
      const how = column === undefined ? null : db.dialect.unreadable(column, kind);
      return column === undefined || how === null ? [] : [{ table: name, column, ...how }];
    }),
  );
}

/** Each table is read once, and all of them in one question. */
async function findUnreadable(context: CheckContext): Promise<Found[]> {
  const { quote } = context.db.dialect;
  const tables = suspects(context).filter((columns) => columns.length > 0);
  if (tables.length === 0) return [];
  const width = Math.max(...tables.map((columns) => columns.length));
  const count = (one: Suspect | undefined, i: number) =>
    `${one === undefined ? '0' : `count(CASE WHEN ${condition(context, one)} THEN 1 END)`} AS n${i}`;
  const questions = tables.map((columns, place) => {
    const counts = Array.from({ length: width }, (_, i) => count(columns[i], i));
    return `SELECT ${place} AS place, ${counts.join(', ')} FROM ${quote(columns[0]?.table ?? '')}`;
  });
  const rows = await context.db.query<Record<string, unknown>>(sql.raw(questions.join(' UNION ALL ')));
  const found = rows.flatMap((row) =>
    (tables[Number(row.place)] ?? []).map((one, i) => ({
      ...one,
      rows: Number(row[`n${i}`]),
      repairable: 0,
    })),
  );
  const unreadable: Found[] = [];
  for (const one of found.filter((each) => each.rows > 0)) {
    const repairable = repairOf(context, one) === null ? 0 : await countRepairable(context, one);
    unreadable.push({ ...one, repairable });
  }
  return unreadable;
}

const condition = ({ db }: CheckContext, { column, is }: Suspect) =>
  `${db.dialect.quote(column.name)} IS NOT NULL AND (${is})`;

/** What becomes of which values: nothing is lost with an empty text in a column that may be NULL. */
function repairOf(context: CheckContext, one: Suspect): { to: string; where: string } | null {
  if (one.mended === null) return null;
  const isEmpty = one.column.nullable ? ` OR ${context.db.dialect.quote(one.column.name)} = ''` : '';
  return {
    to: one.mended,
    where: `${condition(context, one)} AND ((${one.mended}) IS NOT NULL${isEmpty})`,
  };
}

function countRepairable(context: CheckContext, one: Suspect): Promise<number> {
  const where = sql.raw(repairOf(context, one)?.where ?? '1 = 0');
  return countRows(context.db, sql`${sql.table(one.table)} WHERE ${where}`);
}

/** Rows by their keys; never the value, which can be a secret. */
async function sampleOf(context: CheckContext, one: Found, limit: number): Promise<string[]> {
  const key = context.schema.get(one.table)?.primaryKey ?? [];
  const names = key.map((name, i) => sql`${sql.ref(name)} AS ${sql.ref(`id${i}`)}`);
  const rows = await context.db.query<Record<string, unknown>>(sql`
    SELECT ${sql.join([sql`1 AS one`, ...names])} FROM ${sql.table(one.table)}
    WHERE ${sql.raw(condition(context, one))} LIMIT ${sql.lit(limit)}`);
  return rows.map((row) => {
    const id = key.map((_, i) => String(row[`id${i}`])).join(', ');
    return `${one.table} ${id}: ${one.column.name} is no ${KIND[one.column.kind] ?? one.column.kind}`;
  });
}

const KIND: Readonly<Record<string, string>> = {
  datetime: 'date and time that can be read',
  'naive-datetime': 'date and time that can be read',
  json: 'JSON',
  boolean: 'boolean (0 or 1)',
  string: 'text',
};

/** Every value is one that the gateway can read: one that is not makes each list with its row fail. */
export const values: Check = {
  id: 'values.readable',
  title: 'JSON, dates, booleans and numbers can be read',
  level: 'error',
  early: true,
  hint: advise`Run: ${mcpgw('fix', '--only', 'values.readable')}`,
  async find(context) {
    const found = await findUnreadable(context);
    const count = found.reduce((sum, { rows }) => sum + rows, 0);
    const unfixable = count - found.reduce((sum, { repairable }) => sum + repairable, 0);
    const sample: string[] = [];
    for (const one of found) {
      const left = context.sampleSize - sample.length;
      if (left > 0) sample.push(...(await sampleOf(context, one, left)));
    }
    const rest =
      unfixable < count ? advise` For the others run: ${mcpgw('fix', '--only', 'values.readable')}` : '';
    const hint = advise`What was meant cannot be told: set those values yourself, or take the rows from a backup.${rest}`;
    return { count, sample, unfixable, ...(unfixable > 0 ? { hint } : {}) };
  },
  async repair(context) {
    const found = (await findUnreadable(context)).filter(({ repairable }) => repairable > 0);
    return {
      summary: found.map(
        ({ table, column, repairable }) =>
          `${table}.${column.name}: ${repairable} written as the gateway reads it`,
      ),
      statements: found.map((one) => {
        const { to, where } = repairOf(context, one) ?? { to: 'NULL', where: '1 = 0' };
        const update = sql`UPDATE ${sql.table(one.table)} SET ${sql.ref(one.column.name)} = ${sql.raw(to)} WHERE ${sql.raw(where)}`;
        return { ...context.db.compile(update), counts: 'written' as const, table: one.table };
      }),
    };
  },
};

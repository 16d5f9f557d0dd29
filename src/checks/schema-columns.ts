import { sql } from 'kysely';
import { type Column, type ColumnKind, columnOf, type Table } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { missingColumnHint } from './missing-columns.ts';
import { changeTables } from './schema-part.ts';

interface Difference {
  readonly table: string;
  readonly column: string;
  /** What is wrong, for people. */
  readonly what: string;
  /** The column as it should be, where it can be altered to that. */
  readonly to: Column | null;
  /** What helps where it cannot. */
  readonly hint: string;
}

const BY_HAND = 'Alter the column yourself, or restore a backup: mcpgw does not change what a column holds.';

async function differences(context: CheckContext): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const definition of context.target.values()) {
    const table = context.schema.get(definition.name);
    if (table === undefined) continue;
    for (const wanted of definition.columns) {
      found.push(...(await compare(context, table, wanted)));
    }
  }
  return found;
}

async function compare(context: CheckContext, table: Table, wanted: Column): Promise<Difference[]> {
  const actual = columnOf(table, wanted.name);
  const difference = (what: string, to: Column | null, hint: string): Difference => ({
    table: table.name,
    column: wanted.name,
    what,
    to,
    hint,
  });
  if (actual === undefined) {
    return [difference('the column is missing', null, missingColumnHint(table.name, wanted.name))];
  }
  if (actual.generated === true) {
    return [difference('is computed by the database, so that every insert fails', null, BY_HAND)];
  }
  if (!sameFamily(context, actual.kind, wanted.kind)) {
    const times = isTime(actual.kind) && isTime(wanted.kind);
    const to = times ? { ...actual, kind: wanted.kind } : null;
    return [difference(`holds ${actual.type || actual.kind}, not ${named(context, wanted)}`, to, BY_HAND)];
  }
  if (wanted.autoincrement && !actual.autoincrement) {
    const to = actual.kind === wanted.kind ? { ...actual, autoincrement: true } : null;
    const possible = to !== null && alters(context, table, to);
    const what = 'does not count up by itself, so that every insert fails';
    return [difference(what, possible ? to : null, BY_HAND)];
  }
  const found: Difference[] = [];
  if (actual.length !== null && actual.length < (wanted.length ?? Number.POSITIVE_INFINITY)) {
    const { kind, length, unbounded } = wanted;
    const what = `holds ${actual.length} characters, not ${length ?? 'any number of them'}`;
    found.push(difference(what, { ...actual, kind, length, unbounded }, BY_HAND));
  }
  if (actual.nullable && !wanted.nullable && !table.primaryKey.includes(wanted.name)) {
    const fill = fillFor(context, wanted);
    const nulls = await countNulls(context, table.name, wanted.name);
    const what = `may be NULL${nulls > 0 ? `, and is in ${nulls} ${nulls === 1 ? 'row' : 'rows'}` : ''}`;
    const hint = 'Give those rows a value, then run: mcpgw fix --only schema.columns';
    const possible = nulls === 0 || fill !== null;
    found.push(difference(what, possible ? { ...actual, nullable: false, fill } : null, hint));
  }
  if (!actual.nullable && wanted.nullable) {
    found.push(difference('may not be NULL, but must be allowed to', { ...actual, nullable: true }, BY_HAND));
  }
  if (wanted.default !== null && actual.default !== wanted.default) {
    const to = { ...actual, default: wanted.default };
    found.push(difference(`defaults to ${actual.default ?? 'nothing'}, not ${wanted.default}`, to, BY_HAND));
  }
  return found;
}

/** What rows that hold NULL get: what migrations give them, else the default; `--visibility` says otherwise. */
function fillFor({ db, overrides }: CheckContext, { name, fill, default: byDefault }: Column): string | null {
  if (name === 'visibility' && overrides.visibility !== undefined) {
    return db.dialect.literal(overrides.visibility);
  }
  return fill ?? byDefault;
}

const TEXTS: ReadonlySet<ColumnKind> = new Set(['string', 'text']);
const isTime = (kind: ColumnKind) => kind === 'datetime' || kind === 'naive-datetime';

/** Whether one kind does for the other in this database. What is of no known kind is given the benefit. */
function sameFamily({ db }: CheckContext, actual: ColumnKind, wanted: ColumnKind): boolean {
  const isText = (kind: ColumnKind) => TEXTS.has(kind) || (kind === 'json' && db.dialect.jsonIsText);
  if (actual === wanted || actual === 'unknown') return true;
  if (isText(actual) && isText(wanted)) return true;
  if (isTime(actual) && isTime(wanted)) return !db.dialect.zonedTimes;
  return actual === 'bigint' && wanted === 'integer';
}

function named({ db }: CheckContext, { kind, length }: Column): string {
  if (kind === 'datetime' && db.dialect.zonedTimes) return 'timestamp with time zone';
  return length === null ? kind : `${kind} of ${length}`;
}

/** Whether this database can alter the column so. */
function alters({ db, schema }: CheckContext, table: Table, to: Column): boolean {
  return db.dialect.changeTable(table, { alterColumns: [to] }, schema).statements.length > 0;
}

async function countNulls({ db }: CheckContext, table: string, column: string): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(
    sql`SELECT count(*) AS n FROM ${sql.table(table)} WHERE ${sql.ref(column)} IS NULL`,
  );
  return Number(row?.n ?? 0);
}

/** Every column is there and holds what it should; those that came with v0.7.0 keep its rules too. */
export const schemaColumns: Check = {
  id: 'schema.columns',
  title: 'Columns',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema.columns',
  async find(context) {
    const found = await differences(context);
    const unfixable = found.filter(({ to }) => to === null);
    const hints = [...new Set(unfixable.map(({ hint }) => hint))].join(' ');
    return {
      count: found.length,
      sample: found.map(({ table, column, what }) => `${table}.${column}: ${what}`),
      unfixable: unfixable.length,
      ...(hints === '' ? {} : { hint: hints }),
    };
  },
  async repair(context) {
    const fixable = (await differences(context)).filter(({ to }) => to !== null);
    const tables = [...new Set(fixable.map(({ table }) => table))];
    return changeTables(
      context,
      tables.map((table) => {
        const ofTable = fixable.filter((difference) => difference.table === table);
        const columns = new Map<string, Column>();
        for (const { column, to } of ofTable) {
          const before = columnOf(context.schema.get(table), column);
          // A column with two differences gets both repairs at once.
          if (to !== null) columns.set(column, { ...to, ...merged(columns.get(column), before) });
        }
        return {
          table,
          changes: { alterColumns: [...columns.values()] },
          summary: ofTable.map(({ column, what }) => `${table}.${column} ${what}: that is altered`),
        };
      }),
    );
  },
};

/** What an earlier repair of the same column changed of it. */
function merged(earlier: Column | undefined, before: Column | undefined): Partial<Column> {
  if (earlier === undefined || before === undefined) return {};
  const changed = Object.entries(earlier).filter(([name, value]) => before[name as keyof Column] !== value);
  return Object.fromEntries(changed) as Partial<Column>;
}

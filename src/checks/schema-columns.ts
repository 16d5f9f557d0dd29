import { sql } from 'kysely';
import type { Text } from '../report/advice.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { type Column, type ColumnKind, columnOf, type Table } from '../schema/model.ts';
import type { CheckContext } from './check.ts';
import { missingColumnHint } from './missing-columns.ts';
import { type Defect, schemaCheck } from './schema-part.ts';

const BY_HAND = 'Alter the column yourself, or restore a backup: mcpgw does not change what a column holds.';
const TEXTS: ReadonlySet<ColumnKind> = new Set(['string', 'text']);
const isTime = (kind: ColumnKind) => kind === 'datetime' || kind === 'naive-datetime';

/** Every column is there and holds what it should; those that came with v0.7.0 keep its rules too. */
export const schemaColumns = schemaCheck({
  id: 'schema.columns',
  title: 'Columns',
  async defects(context) {
    const found: Defect[] = [];
    for (const { name, columns } of context.target.values()) {
      const table = context.schema.get(name);
      if (table === undefined) continue;
      for (const wanted of columns) found.push(...(await compare(context, table, wanted)));
    }
    return found;
  },
});

async function compare(context: CheckContext, table: Table, wanted: Column): Promise<Defect[]> {
  const { db, schema } = context;
  const actual = columnOf(table, wanted.name);
  const column = `${table.name}.${wanted.name}`;
  /** @param to the column as it should be, where it can be altered to that */
  const defect = (what: string, to: Column | null, hint: Text = BY_HAND): Defect => ({
    table: table.name,
    lines: [`${column}: ${what}`],
    changes: to === null ? null : { alterColumns: [to] },
    done: `${column} ${what}: that is altered`,
    hint: [hint],
  });
  if (actual === undefined) {
    return [defect('the column is missing', null, missingColumnHint(table.name, wanted.name))];
  }
  if (actual.generated === true) {
    return [defect('is computed by the database, so that every insert fails', null)];
  }
  if (!sameFamily(context, actual.kind, wanted.kind)) {
    const times = isTime(actual.kind) && isTime(wanted.kind);
    const to = times ? { ...actual, kind: wanted.kind } : null;
    return [defect(`holds ${actual.type || actual.kind}, not ${named(context, wanted)}`, to)];
  }
  if (wanted.autoincrement && !actual.autoincrement) {
    const to = { ...actual, autoincrement: true };
    const alters = () => db.dialect.changeTable(table, { alterColumns: [to] }, schema).statements.length > 0;
    const isPossible = actual.kind === wanted.kind && alters();
    return [defect('does not count up by itself, so that every insert fails', isPossible ? to : null)];
  }
  const found: Defect[] = [];
  if (actual.length !== null && actual.length < (wanted.length ?? Number.POSITIVE_INFINITY)) {
    const { kind, length, unbounded } = wanted;
    const what = `holds ${actual.length} characters, not ${length ?? 'any number of them'}`;
    found.push(defect(what, { ...actual, kind, length, unbounded }));
  }
  if (actual.nullable && !wanted.nullable && !table.primaryKey.includes(wanted.name)) {
    const fill = fillFor(context, wanted);
    const nulls = await countNulls(context, table.name, wanted.name);
    const what = `may be NULL${nulls > 0 ? `, and is in ${nulls} ${nulls === 1 ? 'row' : 'rows'}` : ''}`;
    const to = nulls === 0 || fill !== null ? { ...actual, nullable: false, fill } : null;
    found.push(
      defect(
        what,
        to,
        advise`Give those rows a value, then run: ${mcpgw('fix', '--only', 'schema.columns')}`,
      ),
    );
  }
  if (!actual.nullable && wanted.nullable) {
    found.push(defect('may not be NULL, but must be allowed to', { ...actual, nullable: true }));
  }
  if (wanted.default !== null && actual.default !== wanted.default) {
    const to = { ...actual, default: wanted.default };
    found.push(defect(`defaults to ${actual.default ?? 'nothing'}, not ${wanted.default}`, to));
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

async function countNulls({ db }: CheckContext, table: string, column: string): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(
    sql`SELECT count(*) AS n FROM ${sql.table(table)} WHERE ${sql.ref(column)} IS NULL`,
  );
  return Number(row?.n ?? 0);
}

import type { Connection } from '../../database/connection.ts';
import { inOrder, jsonText, type Value } from '../../database/value.ts';
import { columnOf, type Schema } from '../../schema/model.ts';
import type { Row } from '../document.ts';
import type { Id } from '../read-rows.ts';
import { secretOver } from '../secrets.ts';
import { columnsHere, readAll, uniquesHere } from './here.ts';
import type { Match } from './match.ts';
import type { Problems } from './problems.ts';
import type { Source } from './read-source.ts';
import { withoutSecret } from './secrets.ts';
import { documentTime, type ImportType, nameOf } from './types.ts';

/** What becomes of one row. */
export interface Action {
  readonly type: ImportType;
  readonly what: 'create' | 'update' | 'unchanged' | 'delete';
  readonly id: Value;
  readonly name: string;
  /** As it is in the file; empty for one that is deleted. */
  readonly given: Row;
  /** Every column of a new row; those that change of one that is here. */
  readonly row: Row;
  /** What those were. */
  readonly before: Row;
  readonly path: string;
}

export interface RowsToPlan {
  readonly db: Connection;
  readonly schema: Schema;
  readonly source: Source;
  readonly now: Date;
  readonly mode: 'merge' | 'replace';
  /** AUTH_ENCRYPTION_SECRET. */
  readonly secret: string;
  /** What new rows get that are not of the file, besides what the type says. */
  readonly defaults: Row;
  /** Columns of the owner that are not what the file says: they stay as they are. */
  readonly unsaid: ReadonlyMap<Row, readonly string[]>;
  readonly wrong: Problems;
}

/** What the rows of one type become: made, changed in these columns, or left as they are. */
export async function planRows(
  type: ImportType,
  matches: readonly Match[],
  options: RowsToPlan,
): Promise<Action[]> {
  const { db, schema, now, wrong } = options;
  const { table, key } = type;
  const mode = type.isAccount ? 'merge' : options.mode;
  const columns = columnsHere(schema, table);
  const old = matches.flatMap(({ here }) => (here === null ? [] : [here[key] as Id]));
  const full = mode === 'replace' ? await readAll(db, table, columns, old) : [];
  const byKey = new Map(full.map((row) => [row[key], row]));
  const time = documentTime(now);
  const defaults: Row = { created_at: time, updated_at: time, ...type.defaults, ...options.defaults };
  const lengths = columns.map(
    ({ name }) => [name, columnOf(schema.get(table), name)?.length ?? null] as const,
  );
  return matches.map(({ given, row: asked, here, path }): Action => {
    const before = byKey.get(here?.[key]) ?? {};
    const row: Record<string, Value> = {};
    if (here === null)
      for (const { name } of columns)
        row[name] = asked[name] ?? (name in asked ? null : (defaults[name] ?? null));
    else if (mode === 'replace')
      Object.assign(row, changesOf(type, asked, before, options.unsaid.get(given) ?? [], options));
    const name = nameOf(type, asked);
    for (const [column, most] of lengths) {
      const value = row[column];
      if (most === null || typeof value !== 'string' || value.length <= most) continue;
      const length = [...value].length;
      if (length > most)
        wrong.add(
          `${path}.${column} (${name})`,
          `it has ${length} characters, and there is place for ${most}`,
        );
    }
    const what = here === null ? 'create' : Object.keys(row).length === 0 ? 'unchanged' : 'update';
    return { type, what, id: (here ?? row)[key] ?? null, name, given, row, before, path };
  });
}

/** A row was made once, by somebody, somewhere: what is made equal to a file keeps that. */
const OF_CREATION = [
  'id',
  'created_at',
  'created_by',
  'created_from_ip',
  'created_via',
  'created_user_agent',
];
/** The gateway's document does not have them: they are what they would be in a new row, or of the gateway it is of. */
const COMPUTED = ['custom_name', 'custom_name_slug', 'slug', 'updated_at'];

/** The columns in which a row here is not as the file has it. */
function changesOf(
  { table, secrets }: ImportType,
  asked: Row,
  before: Row,
  unsaid: readonly string[],
  { db, schema, source, now, secret }: RowsToPlan,
): Row {
  const isLoose = source.kind === 'gateway';
  const skipped = new Set([
    ...[...OF_CREATION, ...unsaid],
    ...(withoutSecret(asked) ? ['auth_type', 'auth_value'] : []),
    ...(isLoose ? COMPUTED : []),
    ...(isLoose && table === 'tools' ? ['name'] : []),
    ...(source.release === '0.6.0' ? ['display_name'] : []),
  ]);
  const changed = columnsHere(schema, table).flatMap((column): [string, Value][] => {
    const { name } = column;
    const value = asked[name];
    if (value === undefined || skipped.has(name)) return [];
    const form = secrets[name];
    const there = before[name] ?? null;
    const wanted = form === undefined ? value : secretOver(form, value, there, secret);
    if (isLoose && isNothing(wanted) && isNothing(there)) return [];
    const held = db.dialect.values.held(column, wanted);
    return held === there || jsonText(inOrder(held)) === jsonText(inOrder(there)) ? [] : [[name, wanted]];
  });
  const isDated = isLoose && changed.length > 0;
  return Object.fromEntries(isDated ? [...changed, ['updated_at', documentTime(now)]] : changed);
}

/**
 * The gateway writes what is not there as nothing, as an empty list, or as an empty object (CONFIGURATION B6), and
 * arguments that are not there as a schema without any.
 */
function isNothing(value: Value): boolean {
  if (value === null || value === '') return true;
  return (
    typeof value === 'object' &&
    Object.entries(value).every(([key, part]) => key === 'type' || isNothing(part))
  );
}

/**
 * Finds rows that would have what must be unique in common, before the database does.
 *
 * @param here the keys of all rows that are there
 */
export function checkUniques(
  schema: Schema,
  type: ImportType,
  actions: readonly Action[],
  here: readonly Row[],
  wrong: Problems,
): void {
  const { key } = type;
  const touched = new Map(
    actions.filter(({ what }) => what !== 'unchanged').map((action) => [action.id, action]),
  );
  const before = new Map(here.map((row) => [row[key], row]));
  const stay = here.filter((row) => !touched.has(row[key] ?? null));
  const written = [...touched.values()].filter(({ what }) => what !== 'delete');
  for (const columns of uniquesHere(schema, type.table)) {
    const known = new Map<string, string>();
    const keyOf = (row: Row, old?: Row) => {
      const values = columns.map((column) => row[column] ?? old?.[column] ?? null);
      return values.includes(null) ? null : JSON.stringify(values);
    };
    for (const row of stay) known.set(keyOf(row) ?? '', `${nameOf(type, row)}, which is here (${row[key]})`);
    for (const { id, row, name, path } of written) {
      const value = keyOf(row, before.get(id));
      const called = `${path} (${name})`;
      if (value === null) continue;
      if (known.has(value)) wrong.add(called, `${columns.join(', ')} would be those of ${known.get(value)}`);
      else known.set(value, called);
    }
  }
}

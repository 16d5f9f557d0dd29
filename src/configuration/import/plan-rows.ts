import type { Connection } from '../../database/connection.ts';
import type { ValueColumn } from '../../database/row-values.ts';
import type { Value } from '../../database/value.ts';
import { inOrder, jsonText } from '../../database/value.ts';
import { displayName } from '../../schema/display-name.ts';
import { columnOf, type Schema } from '../../schema/model.ts';
import type { Entity, Row } from '../document.ts';
import { ASSOCIATIONS, type EntityType } from '../entities.ts';
import { columnsHere, readRows, uniquesHere } from './here.ts';
import { insertDefaults } from './insert-defaults.ts';
import { type Match, nameOf } from './match.ts';
import type { Owned } from './owners.ts';
import type { Problems } from './problems.ts';
import { type Secrets, withoutSecret } from './secrets.ts';
import type { Source } from './source.ts';

/** What becomes of one row. */
export interface Action {
  readonly type: EntityType;
  readonly what: 'create' | 'update' | 'unchanged' | 'delete';
  readonly id: Value;
  readonly name: string;
  /** Every column of a new row; those that change of one that is here. */
  readonly row: Row;
  /** What those were. */
  readonly before: Row;
  readonly path: string;
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

/** The columns of a row of the file, with what the file leaves out because it follows from the rest. */
export function columnsOfFile(entity: Entity, type: EntityType, release: Source['release']): Row {
  const left = new Set(['team', ...(type.table === 'servers' ? ASSOCIATIONS.map(({ to }) => to) : [])]);
  const row = Object.fromEntries(Object.entries(entity).filter(([name]) => !left.has(name)));
  if (type.table !== 'tools' || release !== '0.6.0') return row;
  // As the migration names them (COMPATIBILITY §2).
  const { custom_name = null, original_name = null } = row as Readonly<Record<string, string | null>>;
  const names = {
    name: row.name ?? row.custom_name_slug ?? '',
    display_name: displayName(custom_name, original_name),
  };
  return { ...row, ...names, ...('display_name' in row ? { display_name: row.display_name ?? null } : {}) };
}

export interface RowsToPlan {
  readonly db: Connection;
  readonly schema: Schema;
  readonly source: Source;
  readonly now: Date;
  readonly mode: 'merge' | 'replace';
  readonly secrets: Secrets;
  readonly wrong: Problems;
}

/** What the rows of one type become: made, changed in these columns, or left as they are. */
export async function planRows(
  type: EntityType,
  matches: readonly Match[],
  owned: ReadonlyMap<Match['entity'], Owned>,
  options: RowsToPlan,
): Promise<Action[]> {
  const { db, schema, now, mode, wrong } = options;
  const columns = columnsHere(schema, type.table);
  const full = mode === 'replace' ? await fullRows(db, type, columns, matches) : null;
  return matches.map(({ entity, row, here, path }): Action => {
    const common = { type, name: nameOf(type, row), path };
    if (here !== null) {
      const before = full?.get(here.id ?? null);
      const changed =
        before === undefined
          ? {}
          : changesOf({ type, columns, row, before }, owned.get(entity)?.said ?? [], options);
      const what = Object.keys(changed).length === 0 ? 'unchanged' : 'update';
      checkLengths(schema, type, changed, common, wrong);
      return { ...common, what, id: here.id ?? null, row: changed, before: before ?? {} };
    }
    const given = { ...insertDefaults(type.table, now), ...row };
    const made = Object.fromEntries(columns.map(({ name }) => [name, given[name] ?? null]));
    checkLengths(schema, type, made, common, wrong);
    return { ...common, what: 'create', id: made.id ?? null, row: made, before: {} };
  });
}

async function fullRows(
  db: Connection,
  { table }: EntityType,
  columns: readonly ValueColumn[],
  matches: readonly Match[],
): Promise<ReadonlyMap<Value, Row>> {
  const ids = matches.flatMap(({ here }) => here?.id ?? []);
  const rows = await readRows(db, table, columns, ['id', ids]);
  return new Map(rows.map((row) => [row.id ?? null, row]));
}

interface Compared {
  readonly type: EntityType;
  readonly columns: readonly ValueColumn[];
  readonly row: Row;
  readonly before: Row;
}

/** The columns in which a row here is not as the file has it. */
function changesOf(
  { type, columns, row, before }: Compared,
  said: readonly string[],
  { db, source, now, secrets }: RowsToPlan,
): Row {
  const isLoose = source.kind === 'gateway';
  const ownership = ['team_id', 'owner_email', 'visibility'];
  const kept = withoutSecret(row) ? ['auth_type', 'auth_value'] : [];
  const skipped = new Set([
    ...OF_CREATION,
    ...kept,
    ...(isLoose ? COMPUTED : []),
    ...(isLoose && type.table === 'tools' ? ['name'] : []),
    ...(source.release === '0.6.0' ? ['display_name'] : []),
  ]);
  const changed = columns.flatMap((column): [string, Value][] => {
    const { name } = column;
    const asked = row[name];
    if (asked === undefined || skipped.has(name)) return [];
    if (type.owned && ownership.includes(name) && !said.includes(name)) return [];
    const form = type.secrets[name];
    const there = before[name] ?? null;
    const wanted = form === undefined ? asked : secrets.over(form, asked, there);
    if (isLoose && isNothing(wanted) && isNothing(there)) return [];
    return isSame(db.dialect.values.held(column, wanted), there) ? [] : [[name, wanted]];
  });
  if (!isLoose || changed.length === 0 || !type.owned) return Object.fromEntries(changed);
  return { ...Object.fromEntries(changed), updated_at: insertDefaults(type.table, now).updated_at ?? null };
}

function isSame(a: Value, b: Value): boolean {
  return a === b || jsonText(inOrder(a)) === jsonText(inOrder(b));
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

function checkLengths(
  schema: Schema,
  { table }: EntityType,
  row: Row,
  { path, name }: Pick<Action, 'path' | 'name'>,
  wrong: Problems,
): void {
  for (const [column, value] of Object.entries(row)) {
    const most = columnOf(schema.get(table), column)?.length ?? null;
    if (most === null || typeof value !== 'string' || value.length <= most || [...value].length <= most)
      continue;
    wrong.add(
      `${path}.${column}`,
      `it has ${[...value].length} characters, and there is place for ${most} here (${name})`,
    );
  }
}

/**
 * Finds rows that would have what must be unique in common, before the database does.
 *
 * @param here the keys of all rows that are there
 */
export function checkUniques(
  schema: Schema,
  type: EntityType,
  actions: readonly Action[],
  here: readonly Row[],
  wrong: Problems,
): void {
  const written = actions.filter(({ what }) => what === 'create' || what === 'update');
  const gone = new Set(
    actions.filter(({ what }) => what === 'update' || what === 'delete').map(({ id }) => id),
  );
  const before = new Map(here.map((row) => [row.id, row]));
  const after = [
    ...here
      .filter(({ id = null }) => !gone.has(id))
      .map((row) => ({ row, called: `${nameOf(type, row)}, which is here (${row.id})`, isWritten: false })),
    ...written.map(({ id, row, name, path }) => ({
      row: { ...before.get(id), ...row },
      called: `${path} (${name})`,
      isWritten: true,
    })),
  ];
  for (const columns of uniquesHere(schema, type.table)) {
    const known = new Map<string, string>();
    for (const { row, called, isWritten } of after) {
      const values = columns.map((column) => row[column] ?? null);
      if (values.includes(null)) continue;
      const key = JSON.stringify(values);
      const other = known.get(key);
      if (other === undefined) known.set(key, called);
      else if (isWritten) wrong.add(called, `${columns.join(', ')} would be those of ${other}`);
    }
  }
}

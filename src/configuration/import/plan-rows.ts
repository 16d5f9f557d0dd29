import type { Connection } from '../../database/connection.ts';
import { inOrder, jsonText, type Value } from '../../database/value.ts';
import { displayName } from '../../schema/display-name.ts';
import { columnOf, type Schema } from '../../schema/model.ts';
import type { Entity, Row } from '../document.ts';
import { ASSOCIATIONS, type EntityType } from '../entities.ts';
import type { Id } from '../read-rows.ts';
import { secretOver } from '../secrets.ts';
import { columnsHere, readAll, uniquesHere } from './here.ts';
import { insertDefaults } from './insert-defaults.ts';
import { type Match, nameOf } from './match.ts';
import type { Owned } from './owners.ts';
import type { Problems } from './problems.ts';
import type { Source } from './read-source.ts';
import { withoutSecret } from './secrets.ts';

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

/** The columns of a row of the file, with what the file leaves out because it follows from the rest. */
export function columnsOfFile(entity: Entity, { table }: EntityType, release: Source['release']): Row {
  const left = new Set(['team', ...(table === 'servers' ? ASSOCIATIONS.map(({ to }) => to) : [])]);
  const row = Object.fromEntries(Object.entries(entity).filter(([name]) => !left.has(name)));
  if (table !== 'tools' || release !== '0.6.0') return row;
  // As the migration names them (COMPATIBILITY §2).
  const {
    custom_name = null,
    original_name = null,
    custom_name_slug = '',
  } = row as Record<string, string | null>;
  return {
    display_name: displayName(custom_name, original_name),
    ...row,
    name: row.name ?? custom_name_slug,
  };
}

export interface RowsToPlan {
  readonly db: Connection;
  readonly schema: Schema;
  readonly source: Source;
  readonly now: Date;
  readonly mode: 'merge' | 'replace';
  /** AUTH_ENCRYPTION_SECRET. */
  readonly secret: string;
  readonly wrong: Problems;
}

/** What the rows of one type become: made, changed in these columns, or left as they are. */
export async function planRows(
  type: EntityType,
  matches: readonly Match[],
  owned: ReadonlyMap<Entity, Owned>,
  options: RowsToPlan,
): Promise<Action[]> {
  const { db, schema, now, mode, wrong } = options;
  const columns = columnsHere(schema, type.table);
  const ids = matches.flatMap(({ here }) => (here === null ? [] : [here.id as Id]));
  const full = mode === 'replace' ? await readAll(db, type.table, columns, ids) : [];
  const byId = new Map(full.map((row) => [row.id, row]));
  return matches.map(({ entity, row: asked, here, path }): Action => {
    const before = byId.get(here?.id) ?? {};
    const given = { ...insertDefaults(type.table, now), ...asked };
    const row =
      here === null
        ? Object.fromEntries(columns.map(({ name }) => [name, given[name] ?? null]))
        : mode === 'merge'
          ? {}
          : changesOf(type, asked, before, owned.get(entity)?.said ?? [], options);
    const name = nameOf(type, asked);
    for (const [column, value] of Object.entries(row)) {
      const most = columnOf(schema.get(type.table), column)?.length ?? null;
      const length =
        typeof value === 'string' && most !== null && value.length > most ? [...value].length : 0;
      if (most !== null && length > most)
        wrong.add(
          `${path}.${column} (${name})`,
          `it has ${length} characters, and there is place for ${most}`,
        );
    }
    const what = here === null ? 'create' : Object.keys(row).length === 0 ? 'unchanged' : 'update';
    return { type, what, id: here?.id ?? row.id ?? null, name, row, before, path };
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
  type: EntityType,
  asked: Row,
  before: Row,
  said: readonly string[],
  { db, schema, source, now, secret }: RowsToPlan,
): Row {
  const isLoose = source.kind === 'gateway';
  const skipped = new Set([
    ...OF_CREATION,
    ...(withoutSecret(asked) ? ['auth_type', 'auth_value'] : []),
    ...(isLoose ? COMPUTED : []),
    ...(isLoose && type.table === 'tools' ? ['name'] : []),
    ...(source.release === '0.6.0' ? ['display_name'] : []),
    ...['team_id', 'owner_email', 'visibility'].filter((name) => !said.includes(name)),
  ]);
  const changed = columnsHere(schema, type.table).flatMap((column): [string, Value][] => {
    const { name } = column;
    const value = asked[name];
    if (value === undefined || skipped.has(name)) return [];
    const form = type.secrets[name];
    const there = before[name] ?? null;
    const wanted = form === undefined ? value : secretOver(form, value, there, secret);
    if (isLoose && isNothing(wanted) && isNothing(there)) return [];
    const held = db.dialect.values.held(column, wanted);
    return held === there || jsonText(inOrder(held)) === jsonText(inOrder(there)) ? [] : [[name, wanted]];
  });
  if (changed.length === 0 || !isLoose) return Object.fromEntries(changed);
  return { ...Object.fromEntries(changed), updated_at: insertDefaults(type.table, now).updated_at ?? null };
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
  type: EntityType,
  actions: readonly Action[],
  here: readonly Row[],
  wrong: Problems,
): void {
  const touched = new Set(actions.flatMap(({ what, id }) => (what === 'unchanged' ? [] : [id])));
  const before = new Map(here.map((row) => [row.id, row]));
  const after = [
    ...here
      .filter(({ id = null }) => !touched.has(id))
      .map((row) => ({ row, called: `${nameOf(type, row)}, which is here (${row.id})`, isWritten: false })),
    ...actions
      .filter(({ what }) => what === 'create' || what === 'update')
      .map(({ id, row, name, path }) => ({
        row: { ...before.get(id), ...row },
        called: `${path} (${name})`,
        isWritten: true,
      })),
  ];
  for (const columns of uniquesHere(schema, type.table)) {
    const known = new Map<string, string>();
    for (const { row, called, isWritten } of after) {
      const values = columns.map((column) => row[column] ?? null);
      const key = JSON.stringify(values);
      const other = known.get(key);
      if (values.includes(null)) continue;
      if (other === undefined) known.set(key, called);
      else if (isWritten) wrong.add(called, `${columns.join(', ')} would be those of ${other}`);
    }
  }
}

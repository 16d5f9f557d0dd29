import type { DataFound, DataStep } from '../../change/data-change.ts';
import type { Connection } from '../../database/connection.ts';
import { insertRows, Secret, updateRows } from '../../database/rows.ts';
import type { Statement } from '../../database/statement.ts';
import type { Value } from '../../database/value.ts';
import { type OverrideFlags, resolveOverrides } from '../../ownership/resolve-overrides.ts';
import { plural } from '../../report/plural.ts';
import type { Schema } from '../../schema/model.ts';
import { findAdmin } from '../../seed/find-admin.ts';
import type { PasswordHash } from '../../seed/password.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Entity, Row } from '../document.ts';
import { ENTITY_TYPES, type EntityTable, type EntityType } from '../entities.ts';
import { accountParameters, type PlannedAccounts, planAccounts } from './accounts.ts';
import { planLinks } from './associations.ts';
import { columnsHere, readKeys } from './here.ts';
import { type Match, matchRows, nameOf } from './match.ts';
import { type Owned, ownerOf, readPeople } from './owners.ts';
import { type Action, checkUniques, columnsOfFile, planRows } from './plan-rows.ts';
import { type Problems, problems } from './problems.ts';
import { deleteRows, lacking, refuseLeftAlone } from './prune.ts';
import { secretsHere, withoutSecret } from './secrets.ts';
import type { Source } from './source.ts';

export interface ImportOptions {
  /** What is selected of the file, its credentials as they are stored here. */
  readonly source: Source;
  readonly mode: 'merge' | 'replace';
  readonly prune: boolean;
  readonly mapOwner: ReadonlyMap<string, string>;
  readonly mapTeam: ReadonlyMap<string, string>;
  readonly owning: OverrideFlags;
  readonly settings: Settings;
  /** AUTH_ENCRYPTION_SECRET. */
  readonly secret: string;
  /** For users whose own is not in the file: of a password that nobody knows. */
  readonly password: PasswordHash;
  readonly now: Date;
}

export interface ImportFound extends DataFound {
  readonly actions: ReadonlyMap<EntityTable, readonly Action[]>;
  readonly accounts: PlannedAccounts;
  /** What changes in what a server offers, by its id. */
  readonly links: ReadonlyMap<Value, string>;
  /** What there is to know of single rows. */
  readonly notes: readonly (readonly [name: string, note: string])[];
}

/** One type on its way through the plan. */
interface Planning {
  readonly db: Connection;
  readonly schema: Schema;
  readonly options: ImportOptions;
  readonly own: (entity: Entity, path: string) => Owned;
  /** What an id of the file is here. */
  readonly ids: Map<EntityTable, Map<Value, Value>>;
  readonly here: Map<EntityTable, Row[]>;
  readonly wrong: Problems;
}

/**
 * Works out what an import does to the rows that are here: which are made, which change and how, and which stay.
 * Reads keys of all rows, and whole rows only of what is compared. Writes nothing.
 *
 * @throws GatewayError USAGE, PREFLIGHT with every conflict
 */
export async function planImport(
  db: Connection,
  schema: Schema,
  options: ImportOptions,
): Promise<ImportFound> {
  const { source, mode, mapOwner, mapTeam, settings } = options;
  const wrong = problems();
  const people = await readPeople(db, schema);
  const accounts = await planAccounts(people, { ...options, db, schema, accounts: source.accounts, wrong });
  const idsInFile = new Map(
    (source.accounts.email_teams ?? []).map(({ slug, id }) => [String(slug), id ?? null]),
  );
  const overrides = await resolveOverrides(db, schema, options.owning);
  const admin = await findAdmin(db, schema, settings);
  const owners = ownerOf(people, { mapOwner, mapTeam, overrides, admin, idsInFile }, wrong);
  const planning: Planning = { db, schema, options, own: owners.own, ids: new Map(), here: new Map(), wrong };
  const actions = new Map<EntityTable, Action[]>();
  const servers: { entity: Entity; action: Action }[] = [];
  for (const type of ENTITY_TYPES) {
    planning.here.set(type.table, await readKeys(db, schema, type));
    if (source.entities[type.table] === undefined) continue;
    const { planned, matches } = await planType(type, planning);
    actions.set(type.table, planned);
    if (type.table === 'servers')
      servers.push(...matches.map(({ entity }, i) => ({ entity, action: planned[i] as Action })));
  }
  const { here, ids } = planning;
  const isLoose = source.kind === 'gateway';
  const links = await planLinks(servers, { db, schema, mode, isLoose, wrong, known: { ids, here, actions } });
  refuseLeftAlone(actions, here, wrong);
  wrong.refuse(
    'PREFLIGHT',
    'What is in the file does not go together with what is here.',
    'Correct what is named above, in the file or here, or leave rows out (--type, --only). Nothing was changed.',
  );
  return {
    actions,
    accounts,
    links: links.changed,
    notes: [...notesOf(actions, source), ...links.notes],
    steps: [
      ...accountSteps(db, schema, accounts),
      step('import:delete', 'Delete what the file lacks', deleteRows(db, schema, actions)),
      ...ENTITY_TYPES.map((type) => entityStep(db, schema, type, actions.get(type.table) ?? [])),
      step('import:links', 'What servers offer', links.statements),
    ].filter(({ statements }) => statements.length > 0),
    warnings: owners.warnings(),
  };
}

async function planType(
  type: EntityType,
  planning: Planning,
): Promise<{ planned: Action[]; matches: readonly Match[] }> {
  const { db, schema, options, wrong, ids } = planning;
  const { source, mode, prune, owning } = options;
  const here = planning.here.get(type.table) ?? [];
  const isUnowned = source.kind === 'gateway' || source.release === '0.6.0';
  const ownerless = isUnowned && owning.team === undefined && owning.owner === undefined;
  const owned = new Map<Entity, Owned>();
  const rows = (source.entities[type.table] ?? []).map((entity, i) => {
    const path = `entities.${type.table}[${i}]`;
    const row: Record<string, Value> = { ...columnsOfFile(entity, type, source.release) };
    if (type.owned) {
      const whose = planning.own(entity, path);
      owned.set(entity, whose);
      Object.assign(row, whose.values);
    }
    if ((row.gateway_id ?? null) !== null)
      row.gateway_id = gatewayHere(row, path, planning, nameOf(type, row));
    return { entity, row, path };
  });
  const matches = withIds(type, matchRows(type, rows, here, { ownerless }, wrong), here);
  ids.set(
    type.table,
    new Map(
      matches.map(({ entity, row, here: there }) => [
        entity.id ?? row.id ?? null,
        there?.id ?? row.id ?? null,
      ]),
    ),
  );
  const secrets = secretsHere(options.secret);
  const planned = await planRows(type, matches, owned, {
    db,
    schema,
    source,
    now: options.now,
    mode,
    secrets,
    wrong,
  });
  const gone = prune ? lacking(type, matches, here) : [];
  checkUniques(schema, type, [...planned, ...gone], here, wrong);
  return { planned: [...planned, ...gone], matches };
}

function gatewayHere(row: Row, path: string, { ids, here, wrong }: Planning, name: string): Value {
  const id = row.gateway_id ?? null;
  const known = ids.get('gateways')?.get(id);
  if (known !== undefined) return known;
  if (!here.get('gateways')?.some((gateway) => gateway.id === id))
    wrong.add(`${path}.gateway_id (${name})`, `its gateway is neither in the file nor here: ${id}`);
  return id;
}

/** New rows keep the number that they have in the file where it is free; others get the next ones. */
function withIds({ counted }: EntityType, matches: readonly Match[], here: readonly Row[]): readonly Match[] {
  if (!counted) return matches;
  const taken = new Set(here.map(({ id }) => id));
  let last = 0;
  for (const { id } of [...here, ...matches.map(({ row }) => row)]) last = Math.max(last, Number(id ?? 0));
  return matches.map((match) => {
    if (match.here !== null) return match;
    const wanted = match.row.id;
    const id = wanted === undefined || taken.has(wanted) ? ++last : wanted;
    taken.add(id);
    return { ...match, row: { ...match.row, id } };
  });
}

const step = (id: DataStep['id'], title: string, statements: readonly Statement[]): DataStep => ({
  id,
  title,
  statements,
});

function accountSteps(db: Connection, schema: Schema, { made }: PlannedAccounts): DataStep[] {
  return [...made].map(([table, rows]) =>
    step(
      `import:${table}`,
      `${plural(rows.length, 'row')} of ${table}`,
      insertRows(
        db,
        table,
        rows.map((row) => accountParameters(db, schema, table, row)),
      ),
    ),
  );
}

function entityStep(db: Connection, schema: Schema, type: EntityType, actions: readonly Action[]): DataStep {
  const { table } = type;
  const columns = columnsHere(schema, table);
  const parameters = (row: Row) =>
    Object.fromEntries(
      columns
        .filter(({ name }) => row[name] !== undefined)
        .map((column) => {
          const value = db.dialect.values.toParameter(column, row[column.name] ?? null);
          const isSecret = type.secrets[column.name] !== undefined && typeof value === 'string';
          return [column.name, isSecret ? new Secret(value) : value];
        }),
    );
  const made = actions.filter(({ what }) => what === 'create');
  const changed = actions.filter(({ what }) => what === 'update');
  const statements = [
    ...insertRows(
      db,
      table,
      made.map(({ row }) => parameters(row)),
    ),
    ...changed.flatMap(({ id, row }) => updateRows(db, table, ['id', [id]], parameters(row))),
    ...(type.counted && made.length > 0 ? db.dialect.countOn(table, 'id') : []),
  ];
  const counts = [
    ...(made.length > 0 ? [`${plural(made.length, 'row')} made`] : []),
    ...(changed.length > 0 ? [`${plural(changed.length, 'row')} changed`] : []),
  ];
  return step(`import:${table}`, `${table}: ${counts.join(', ')}`, statements);
}

/** What the gateway's own documents leave out, and what it would not take itself (CONFIGURATION A3, B3). */
function notesOf(actions: ReadonlyMap<EntityTable, readonly Action[]>, { kind }: Source): [string, string][] {
  const notes: [string, string][] = [];
  for (const [table, planned] of actions) {
    for (const { what, name, row, type } of planned) {
      if (what !== 'create') continue;
      if (withoutSecret(row))
        notes.push([
          name,
          `its credential (${String(row.auth_type)}) is not in the file: enter it in the gateway`,
        ]);
      if (kind === 'gateway' && table === 'resources') notes.push([name, 'its content is not in the file']);
      const label = String(row[table === 'tools' ? 'original_name' : (type.label ?? '')] ?? '');
      if (
        table !== 'resources' &&
        table !== 'global_config' &&
        !USUAL[table === 'tools' ? 'tools' : 'others'].test(label)
      )
        notes.push([name, 'the gateway itself would not take this name']);
    }
  }
  return notes;
}

const USUAL = { tools: /^[a-zA-Z][a-zA-Z0-9._-]*$/, others: /^[a-zA-Z0-9_.\-\s]+$/ };

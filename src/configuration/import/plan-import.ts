import type { DataFound, DataStep } from '../../change/data-change.ts';
import type { Connection } from '../../database/connection.ts';
import type { ValueColumn } from '../../database/row-values.ts';
import { insertRows, Secret, updateRows } from '../../database/rows.ts';
import type { Statement } from '../../database/statement.ts';
import type { Value } from '../../database/value.ts';
import { type OverrideFlags, resolveOverrides } from '../../ownership/resolve-overrides.ts';
import type { Command } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';
import type { Schema } from '../../schema/model.ts';
import { findAdmin } from '../../seed/find-admin.ts';
import type { PasswordHash } from '../../seed/password.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Entity, Row } from '../document.ts';
import { ENTITY_TYPES, type EntityTable, type EntityType } from '../entities.ts';
import { type PlannedAccounts, planAccounts } from './accounts.ts';
import { columnsHere, readHere } from './here.ts';
import { type Match, matchRows, nameOf } from './match.ts';
import { type Owned, ownerOf, readPeople } from './owners.ts';
import { planLinks } from './plan-links.ts';
import { type Action, checkUniques, columnsOfFile, planRows, type RowsToPlan } from './plan-rows.ts';
import { problems } from './problems.ts';
import { deleteRows, lacking, refuseLeftAlone } from './prune.ts';
import type { Source } from './read-source.ts';
import { withoutSecret } from './secrets.ts';

export interface ImportOptions extends Pick<RowsToPlan, 'source' | 'mode' | 'secret' | 'now'> {
  readonly prune: boolean;
  readonly mapOwner: ReadonlyMap<string, string>;
  readonly mapTeam: ReadonlyMap<string, string>;
  readonly owning: OverrideFlags;
  readonly settings: Settings;
  /** What starts it again. */
  readonly command: Command;
  /** For users whose own is not in the file: of a password that nobody knows. */
  readonly password: PasswordHash;
}

export interface ImportFound extends DataFound {
  readonly actions: ReadonlyMap<EntityTable, readonly Action[]>;
  readonly accounts: PlannedAccounts;
  /** What changes in what a server offers, by its id. */
  readonly links: ReadonlyMap<Value, string>;
  /** What there is to know of single rows. */
  readonly notes: readonly (readonly [name: string, note: string])[];
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
  const { source, mode, settings } = options;
  const wrong = problems();
  const people = await readPeople(db, schema);
  const admin = await findAdmin(db, schema, settings);
  const accounts = await planAccounts(
    people,
    { ...options, db, schema, admin, accounts: source.accounts },
    wrong,
  );
  const idsInFile = new Map(source.accounts.email_teams?.map(({ slug = null, id = null }) => [slug, id]));
  const overrides = await resolveOverrides(db, schema, options.owning, options.command);
  const owners = ownerOf(people, { ...options, overrides, admin, idsInFile }, wrong);
  const planning: Planning = {
    ...options,
    db,
    schema,
    wrong,
    own: owners.own,
    ids: new Map(),
    here: new Map(),
  };
  const actions = new Map<EntityTable, Action[]>();
  const servers: { entity: Entity; action: Action }[] = [];
  for (const type of ENTITY_TYPES) {
    planning.here.set(type.table, await readHere(db, schema, type));
    if (source.entities[type.table] === undefined) continue;
    const planned = await planType(type, planning);
    actions.set(
      type.table,
      planned.map(({ action }) => action),
    );
    if (type.table !== 'servers') continue;
    servers.push(
      ...planned.flatMap(({ action, match }) => (match === null ? [] : [{ entity: match.entity, action }])),
    );
  }
  const { here, ids } = planning;
  const links = await planLinks(servers, {
    db,
    ids,
    here,
    actions,
    isLoose: source.kind === 'gateway',
    mode,
    wrong,
  });
  refuseLeftAlone(actions, here, wrong);
  wrong.refuse(
    'PREFLIGHT',
    'What is in the file does not go together with what is here.',
    'Correct what is named above, in the file or here, or leave rows out (--type, --only). Nothing was changed.',
  );
  const steps: DataStep[] = [
    ...[...accounts.made].map(([table, rows]) => {
      const columns = columnsHere(schema, table);
      const statements = insertRows(
        db,
        table,
        rows.map((row) => parametersOf(db, columns, row, ACCOUNT_SECRETS)),
      );
      return {
        id: `import:${table}` as const,
        title: `${table}: ${plural(rows.length, 'row')} made`,
        statements,
      };
    }),
    { id: 'import:delete', title: 'Delete what the file lacks', statements: deleteRows(db, schema, actions) },
    ...ENTITY_TYPES.map((type) => stepOf(db, schema, type, actions.get(type.table) ?? [])),
    { id: 'import:links', title: 'What servers offer', statements: links.statements },
  ];
  return {
    actions,
    accounts,
    links: links.changed,
    notes: [...notesOf([...actions.values()].flat(), source), ...links.notes],
    steps: steps.filter(({ statements }) => statements.length > 0),
    warnings: owners.warnings(),
  };
}

interface Planning extends RowsToPlan, ImportOptions {
  readonly own: (entity: Entity, path: string) => Owned;
  /** What an id of the file is here. */
  readonly ids: Map<EntityTable, Map<Value, Value>>;
  readonly here: Map<EntityTable, Row[]>;
}

async function planType(
  type: EntityType,
  planning: Planning,
): Promise<{ action: Action; match: Match | null }[]> {
  const { schema, source, owning, prune, wrong, ids } = planning;
  const here = planning.here.get(type.table) ?? [];
  const isUnowned = source.kind === 'gateway' || source.release === '0.6.0';
  const owned = new Map<Entity, Owned>();
  const rows = (source.entities[type.table] ?? []).map((entity, i) => {
    const path = `entities.${type.table}[${i}]`;
    const row: Record<string, Value> = { ...columnsOfFile(entity, type, source.release) };
    if (type.owned) owned.set(entity, planning.own(entity, path));
    Object.assign(row, owned.get(entity)?.values);
    if ((row.gateway_id ?? null) !== null)
      row.gateway_id = gatewayHere(row, `${path} (${nameOf(type, row)})`, planning);
    return { entity, row, path };
  });
  const ownerless = isUnowned && owning.team === undefined && owning.owner === undefined;
  const matches = withIds(type, matchRows(type, rows, here, ownerless, wrong), here);
  const idHere = (match: Match) => (match.here ?? match.row).id ?? null;
  ids.set(type.table, new Map(matches.map((match) => [match.entity.id ?? idHere(match), idHere(match)])));
  const planned = await planRows(type, matches, owned, planning);
  const gone = prune ? lacking(type, matches, here) : [];
  checkUniques(schema, type, [...planned, ...gone], here, wrong);
  return [
    ...planned.map((action, i) => ({ action, match: matches[i] ?? null })),
    ...gone.map((action) => ({ action, match: null })),
  ];
}

function gatewayHere({ gateway_id: id = null }: Row, called: string, { ids, here, wrong }: Planning): Value {
  const known = ids.get('gateways')?.get(id);
  if (known === undefined && !here.get('gateways')?.some((gateway) => gateway.id === id))
    wrong.add(called, `its gateway is neither in the file nor here: ${id}`);
  return known ?? id;
}

/** New rows keep the number that they have in the file where it is free; others get the next ones. */
function withIds({ counted }: EntityType, matches: readonly Match[], here: readonly Row[]): readonly Match[] {
  if (!counted) return matches;
  const taken = new Set(here.map(({ id }) => id));
  let last = 0;
  for (const { id } of [...here, ...matches.map(({ row }) => row)]) last = Math.max(last, Number(id ?? 0));
  return matches.map((match) => {
    if (match.here !== null) return match;
    const { id: wanted } = match.row;
    const id = wanted === undefined || taken.has(wanted) ? ++last : wanted;
    taken.add(id);
    return { ...match, row: { ...match.row, id } };
  });
}

const ACCOUNT_SECRETS = { password_hash: true, client_secret_encrypted: true };

/** The columns that a row has, as parameters. */
function parametersOf(db: Connection, columns: readonly ValueColumn[], row: Row, secrets: object) {
  const known = columns.filter(({ name }) => row[name] !== undefined);
  return Object.fromEntries(
    known.map((column) => {
      const value = db.dialect.values.toParameter(column, row[column.name] ?? null);
      return [column.name, column.name in secrets && typeof value === 'string' ? new Secret(value) : value];
    }),
  );
}

/** Servers take statements of 16 MiB; a resource alone may have one. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

function stepOf(
  db: Connection,
  schema: Schema,
  { table, secrets, counted }: EntityType,
  actions: readonly Action[],
): DataStep {
  const columns = columnsHere(schema, table);
  const parameters = (row: Row) => parametersOf(db, columns, row, secrets);
  const made = actions.filter(({ what }) => what === 'create');
  const changed = actions.filter(({ what }) => what === 'update');
  const statements: Statement[] = inChunks(made.map(({ row }) => row)).flatMap((rows) =>
    insertRows(db, table, rows.map(parameters)),
  );
  for (const { id, row } of changed) statements.push(...updateRows(db, table, ['id', [id]], parameters(row)));
  if (counted && made.length > 0) statements.push(...db.dialect.countOn(table, 'id'));
  const counts = [
    ...(made.length > 0 ? [`${made.length} made`] : []),
    ...(changed.length > 0 ? [`${changed.length} changed`] : []),
  ];
  return { id: `import:${table}`, title: `${table}: ${counts.join(', ')}`, statements };
}

function inChunks(rows: readonly Row[]): Row[][] {
  const chunks: Row[][] = [];
  let room = 0;
  for (const row of rows) {
    const size = Object.values(row).reduce<number>(
      (sum, value) => sum + (typeof value === 'string' ? value.length : 40),
      0,
    );
    if (room < size) room = MOST_CHARACTERS + (chunks.push([]) && 0);
    chunks.at(-1)?.push(row);
    room -= size;
  }
  return chunks;
}

/** What the gateway takes for a name of its own (CONFIGURATION B3). */
const USUAL = { tools: /^[a-zA-Z][a-zA-Z0-9._-]*$/, others: /^[a-zA-Z0-9_.\-\s]+$/ };

/** What a file left out, and what the gateway itself would not have taken. */
function notesOf(actions: readonly Action[], { kind }: Source): [string, string][] {
  return actions.flatMap(({ what, name, row, type: { table } }) => {
    const label = table === 'tools' ? row.original_name : table === 'resources' ? 'any' : (row.name ?? 'any');
    const told = [
      withoutSecret(row) && `its credential (${row.auth_type}) is not in the file: enter it in the gateway`,
      kind === 'gateway' && table === 'resources' && 'its content is not in the file',
      !(table === 'tools' ? USUAL.tools : USUAL.others).test(String(label)) &&
        'the gateway itself would not take this name',
    ];
    return what === 'create'
      ? told.filter((text) => text !== false).map((text): [string, string] => [name, text])
      : [];
  });
}

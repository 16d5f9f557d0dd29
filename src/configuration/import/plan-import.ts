import type { DataFound, DataPurpose, DataStep } from '../../change/data-change.ts';
import type { Connection } from '../../database/connection.ts';
import { insertRows, Secret, updateRows } from '../../database/rows.ts';
import type { Value } from '../../database/value.ts';
import { type OverrideFlags, resolveOverrides } from '../../ownership/resolve-overrides.ts';
import { type Command, joined } from '../../report/advice.ts';
import { displayName } from '../../schema/display-name.ts';
import type { Schema } from '../../schema/model.ts';
import { findAdmin } from '../../seed/find-admin.ts';
import type { PasswordHash } from '../../seed/password.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Row } from '../document.ts';
import { absence, columnsHere, readHere } from './here.ts';
import { type Match, matchRows } from './match.ts';
import { type Own, ownerOf, refuseNobody } from './owners.ts';
import { type Links, planLinks } from './plan-links.ts';
import { type Action, checkUniques, planRows, type RowsToPlan } from './plan-rows.ts';
import { problems } from './problems.ts';
import { deleteRows, lacking, refuseLeftAlone } from './prune.ts';
import type { Source } from './read-source.ts';
import { withoutSecret } from './secrets.ts';
import { IMPORT_TYPES, type ImportType, isSecret, nameOf } from './types.ts';

export interface ImportOptions extends Pick<RowsToPlan, 'source' | 'mode' | 'secret' | 'now'> {
  readonly prune: boolean;
  /** What owners and teams of the file are called here. */
  readonly mapOwner: ReadonlyMap<string, string>;
  readonly mapTeam: ReadonlyMap<string, string>;
  /** For what the file does not say, or what is not here. */
  readonly owning: OverrideFlags;
  readonly settings: Settings;
  /** What starts it again. */
  readonly command: Command;
  /** For users whose own is not in the file: of a password that nobody knows. */
  readonly password: PasswordHash;
}

export interface ImportFound extends DataFound, Pick<Links, 'notes'> {
  readonly actions: ReadonlyMap<string, readonly Action[]>;
  readonly links: Links['changed'];
}

interface Planning extends Omit<RowsToPlan, 'defaults'>, ImportOptions {
  readonly admin: string;
  readonly unsaid: Map<Row, readonly string[]>;
  /** By table: what keys of the file are here, and what is here and what becomes of it. */
  readonly ids: Map<string, Map<Value, Value>>;
  readonly here: Map<string, readonly Row[]>;
  readonly actions: Map<string, readonly Action[]>;
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
  purpose: DataPurpose,
): Promise<ImportFound> {
  const { source, owning, command, settings, mode } = options;
  const wrong = problems();
  const admin = await findAdmin(db, schema, settings);
  const planning: Planning = {
    ...{ ...options, db, schema, wrong, admin, unsaid: new Map(), here: new Map(), actions: new Map() },
    ids: new Map([['email_users', new Map<Value, Value>(options.mapOwner)]]),
  };
  const { ids, here, actions } = planning;
  for (const type of IMPORT_TYPES.filter(({ isAccount }) => isAccount)) await planType(type, planning, null);
  const overrides = await resolveOverrides(db, schema, owning, command);
  const people = {
    users: new Set(keysAfter('email_users', 'email', planning)),
    teams: rowsAfter('email_teams', planning),
  };
  refuseNobody(people, options);
  const idsInFile = new Map(
    source.rows.email_teams?.map(({ slug = null, id = null }) => [
      slug,
      ids.get('email_teams')?.get(id) ?? id,
    ]),
  );
  const owners = ownerOf(people, { ...options, overrides, admin, idsInFile }, wrong);
  for (const type of IMPORT_TYPES.filter(({ isAccount }) => !isAccount))
    await planType(type, planning, owners.own);
  const links = await planLinks({
    ...{ db, ids, here, actions, mode, wrong, whole: source.whole },
    isLoose: source.kind === 'gateway',
  });
  refuseLeftAlone(actions, here, wrong);
  wrong.refuse(
    'PREFLIGHT',
    'What is in the file does not go together with what is here.',
    joined(
      [
        ...owners.advice(),
        'Correct what is named above, in the file or here, or leave rows out (--type, --only). Nothing was changed.',
      ],
      ' ',
    ),
  );
  const steps: DataStep[] = [
    { id: 'import:delete', title: 'Delete what the file lacks', statements: deleteRows(db, schema, actions) },
    // An outline tells that something is written, and where.
    ...IMPORT_TYPES.map((type) =>
      stepOf(db, schema, type, actions.get(type.table) ?? [], purpose === 'outline'),
    ),
    { id: 'import:links', title: 'What servers offer', statements: links.statements },
  ];
  return {
    ...{ actions, links: links.changed, warnings: owners.warnings() },
    notes: [...[...actions.values()].flatMap((some) => notesOf(some, source)), ...links.notes],
    steps: steps.filter(({ statements }) => statements.length > 0),
  };
}

/** The rows of a table that are here or will be. */
const rowsAfter = (table: string, { here, actions }: Planning): Row[] => [
  ...(here.get(table) ?? []),
  ...(actions.get(table) ?? []).flatMap(({ what, row }) => (what === 'create' ? [row] : [])),
];

const keysAfter = (table: string, key: string, planning: Planning): Value[] =>
  rowsAfter(table, planning).map((row) => row[key] ?? null);

/** Who did something to accounts once: of somebody who is not here it is the administrator. */
const DOERS = ['created_by', 'invited_by', 'granted_by'];

async function planType(type: ImportType, planning: Planning, own: Own | null): Promise<void> {
  const { db, schema, source, owning, prune, wrong, ids, unsaid, password } = planning;
  const { table, key, isAccount } = type;
  const here = await readHere(db, schema, type);
  planning.here.set(table, here);
  const list = source.rows[table];
  if (list === undefined) return;
  const known = new Map(
    Object.values(type.points).map((to) => [to, new Set(keysAfter(to, keyOf(to), planning))]),
  );
  const users = new Set(isAccount ? keysAfter('email_users', 'email', planning) : []);
  const rows = list.map((given, i) => {
    const path = `${isAccount ? 'accounts' : 'entities'}.${table}[${i}]`;
    const row: Record<string, Value> = { ...given };
    if (table === 'tools' && source.release === '0.6.0') nameAsMigrated(row);
    if (isAccount) row[key] = ids.get(table)?.get(row[key] ?? null) ?? row[key] ?? null;
    if (own !== null && type.owned) {
      const { values, said } = own(given, path);
      Object.assign(row, values);
      unsaid.set(
        given,
        Object.keys(values).filter((column) => !said.includes(column)),
      );
    }
    for (const [column, to] of Object.entries(type.points)) {
      const value = row[column] ?? null;
      if (value === null) continue;
      row[column] = ids.get(to)?.get(value) ?? value;
      if (known.get(to)?.has(row[column]) !== true)
        wrong.add(
          `${path} (${nameOf(type, row)})`,
          `its ${column} ${absence((row) => row[keyOf(to)] === value, source.whole?.[to], planning.here.get(to))}: ${value}`,
        );
    }
    for (const column of isAccount ? DOERS : []) {
      const value = row[column] ?? null;
      const meant = ids.get('email_users')?.get(value) ?? value;
      if (value !== null) row[column] = users.has(meant) ? meant : planning.admin;
    }
    return { given, row, path };
  });
  const isUnowned = source.kind === 'gateway' || source.release === '0.6.0';
  const ownerless = isUnowned && owning.team === undefined && owning.owner === undefined;
  const matches = withIds(type, matchRows(type, rows, here, ownerless, wrong), here);
  const keyHere = ({ here: there, row }: Match) => (there ?? row)[key] ?? null;
  ids.set(
    table,
    new Map([
      ...(ids.get(table) ?? []),
      ...matches.map((match) => [match.given[key] ?? null, keyHere(match)] as const),
    ]),
  );
  const defaults: Row =
    table === 'email_users' ? { password_hash: password.hash, password_hash_type: password.type } : {};
  const planned = await planRows(type, matches, { ...planning, defaults });
  const gone = prune && !isAccount ? lacking(type, matches, here) : [];
  checkUniques(schema, type, [...planned, ...gone], here, wrong);
  planning.actions.set(table, [...planned, ...gone]);
}

const keyOf = (table: string) => (table === 'email_users' ? 'email' : 'id');

/** What v0.6.0 does not have, as the migration makes it (COMPATIBILITY §2). */
function nameAsMigrated(row: Record<string, Value>): void {
  const { custom_name = null, original_name = null } = row as Readonly<Record<string, string | null>>;
  row.name ??= row.custom_name_slug ?? '';
  row.display_name ??= displayName(custom_name, original_name);
}

/** New rows keep the number that they have in the file where it is free; others get the next ones. */
function withIds({ counted }: ImportType, matches: readonly Match[], here: readonly Row[]): readonly Match[] {
  if (!counted) return matches;
  const taken = new Set(here.map(({ id }) => id));
  let last = 0;
  for (const { id } of [...here, ...matches.map(({ row }) => row)]) last = Math.max(last, Number(id));
  return matches.map((match) => {
    const { id: wanted = 0 } = match.row;
    const isFree = Number(wanted) > 0 && !taken.has(wanted);
    const id = match.here !== null || isFree ? wanted : ++last;
    if (match.here === null) taken.add(id);
    return { ...match, row: { ...match.row, id } };
  });
}

/** Servers take statements of 16 MiB; a resource alone may have one. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

function stepOf(
  db: Connection,
  schema: Schema,
  type: ImportType,
  actions: readonly Action[],
  isOutline: boolean,
): DataStep {
  const { table, key, counted } = type;
  const columns = columnsHere(schema, table);
  const parameters = (row: Row) => {
    const values: Record<string, unknown> = {};
    for (const column of columns) {
      const { name } = column;
      if (row[name] === undefined) continue;
      const value = db.dialect.values.toParameter(column, row[name]);
      values[name] = isSecret(type, name) && typeof value === 'string' ? new Secret(value) : value;
    }
    return values;
  };
  const made = actions.filter(({ what }) => what === 'create');
  const changed = actions.filter(({ what }) => what === 'update');
  const statements = [
    ...inChunks(isOutline ? made.slice(0, 1) : made).flatMap((some) =>
      insertRows(
        db,
        table,
        some.map(({ row }) => parameters(row)),
      ),
    ),
    ...changed
      .slice(0, isOutline ? 1 : undefined)
      .flatMap(({ id, row }) => updateRows(db, table, [key, [id]], parameters(row))),
    ...(counted && made.length > 0 ? db.dialect.countOn(table, key) : []),
  ];
  const told = [`${made.length} made`, `${changed.length} changed`].filter((text) => !text.startsWith('0 '));
  return { id: `import:${table}`, title: `${table}: ${told.join(', ')}`, statements };
}

function inChunks(actions: readonly Action[]): Action[][] {
  const chunks: Action[][] = [];
  let room = 0;
  for (const action of actions) {
    let size = 1_000;
    for (const value of Object.values(action.row)) if (typeof value === 'string') size += value.length;
    if (room < size) {
      chunks.push([]);
      room = MOST_CHARACTERS;
    }
    chunks.at(-1)?.push(action);
    room -= size;
  }
  return chunks;
}

/** What the gateway takes for a name of its own (CONFIGURATION B3). */
const USUAL: Readonly<Record<string, RegExp>> = { tools: /^[a-zA-Z][a-zA-Z0-9._-]*$/, resources: /^/ };
const OTHERS = /^[a-zA-Z0-9_.\-\s]+$/;

/** What a file left out, and what the gateway itself would not have taken. */
function notesOf(actions: readonly Action[], { kind }: Source): [string, string][] {
  return actions.flatMap(({ what, name, row, given, type: { table, isAccount } }) => {
    if (what !== 'create') return [];
    const label = String((table === 'tools' ? row.original_name : row.name) ?? 'any');
    const told = [
      withoutSecret(row) && `its credential (${row.auth_type}) is not in the file: enter it in the gateway`,
      kind === 'gateway' && table === 'resources' && 'its content is not in the file',
      !isAccount && !(USUAL[table] ?? OTHERS).test(label) && 'the gateway itself would not take this name',
      table === 'email_users' &&
        typeof given.password_hash !== 'string' &&
        'gets a password that nobody knows: set one with mcpgw user password',
    ];
    return told.flatMap((text): [string, string][] => (text === false ? [] : [[name, text]]));
  });
}

import { sql } from 'kysely';
import { keyCheck } from '../ciphers/key-check.ts';
import type { ValueColumn } from '../database/row-values.ts';
import { jsonText, type Value } from '../database/value.ts';
import { type Document, type Entity, FORMAT, FORMAT_VERSION, type Row } from './document.ts';
import { ACCOUNT_TABLES, ASSOCIATIONS, CREDENTIALS, ENTITY_TYPES, type EntityType } from './entities.ts';
import {
  columnsOf,
  type Id,
  inOrder,
  type Key,
  readAssociations,
  readCandidates,
  readKeys,
  readRows,
  type Source,
} from './read-rows.ts';
import { needsSecret, type SecretOptions, secretForDocument } from './secrets.ts';
import { keyOf, type Selection } from './selection.ts';

export interface ExportRequest {
  readonly source: Source;
  /** Null for everything. */
  readonly selection: Selection | null;
  readonly withTeams: boolean;
  /** Hashes of passwords. */
  readonly withCredentials: boolean;
  readonly secrets: SecretOptions;
  /** Is told what a document lacks that is in the database, or has otherwise. */
  readonly note: (line: string) => void;
}

/** A type with what is exported of it. */
export interface Exported {
  readonly type: EntityType;
  readonly keys: readonly Key[];
}

/** Rows that are exported, by type; types of which none are selected are left out. Throws USAGE as a selection does. */
export async function readExported({ source, selection }: ExportRequest): Promise<readonly Exported[]> {
  if (selection === null) {
    const all: Exported[] = [];
    for (const type of ENTITY_TYPES) {
      all.push({ type, keys: await readKeys(source.db, type.table, 'id', type.label) });
    }
    return all;
  }
  const candidates = await readCandidates(source, ENTITY_TYPES);
  const selected = selection.select(candidates);
  return ENTITY_TYPES.map((type) => ({
    type,
    keys: candidates
      .filter((each) => each.table === type.table && selected.has(keyOf(each)))
      .toSorted(inOrder),
  })).filter(({ keys }) => keys.length > 0);
}

/** Lists of accounts, with the keys of their rows. */
async function readAccounts({ source, withTeams }: ExportRequest) {
  const lists: ((typeof ACCOUNT_TABLES)[number] & { readonly ids: readonly Id[] })[] = [];
  for (const account of withTeams ? ACCOUNT_TABLES : []) {
    const [key] = columnsOf(source, account.table);
    const keys = await readKeys(source.db, account.table, key?.name ?? 'id', null);
    lists.push({ ...account, ids: keys.map(({ id }) => id) });
  }
  return lists;
}

type Header = Pick<Document, 'exportedAt' | 'tool' | 'selection'> & {
  readonly source: Omit<Document['source'], 'release' | 'dialect'>;
};

/** The text of a document, piece by piece: see `Document`. */
export async function* documentText(
  request: ExportRequest,
  exported: readonly Exported[],
  { exportedAt, tool, source: { revision, host }, selection }: Header,
): AsyncGenerator<string> {
  const { source, secrets, withCredentials } = request;
  const accounts = await readAccounts(request);
  const counted = [
    ...accounts.map(({ table, ids }) => [table, ids.length]),
    ...exported.map(({ type, keys }) => [type.table, keys.length]),
  ];
  const { release, db } = source;
  const head: Omit<Document, 'entities'> = {
    format: FORMAT,
    version: FORMAT_VERSION,
    exportedAt,
    tool,
    source: { release, revision, dialect: db.dialect.name, host },
    secrets: { mode: secrets.mode, keyCheck: await checkOf(request, exported) },
    selection,
    counts: Object.fromEntries(counted),
  };
  yield jsonText(head as unknown as Value, 2).slice(0, -2);
  if (request.withTeams) {
    yield* objectOfLists(
      'accounts',
      accounts.map(({ table, statistics, secrets: forms, ids }) => {
        const left = new Set([...statistics, ...(withCredentials ? [] : CREDENTIALS)]);
        const columns = columnsOf(source, table).filter(({ name }) => !left.has(name));
        return [table, accountRows(request, { table, secrets: forms }, columns, ids)];
      }),
    );
  }
  yield* objectOfLists(
    'entities',
    exported.map((each) => [each.type.table, entityRows(request, each)]),
  );
  yield '\n}\n';
}

type Lists = readonly (readonly [name: string, rows: AsyncIterable<readonly Row[]>])[];

/** An object of lists, as a further field of the document. */
export async function* objectOfLists(name: string, lists: Lists): AsyncGenerator<string> {
  yield `,\n  "${name}": {`;
  let before = '';
  for (const [list, rows] of lists) {
    yield `${before}\n    "${list}": [`;
    let between = '';
    for await (const some of rows) {
      const texts = some.map((row) => jsonText(row, 2).replaceAll('\n', '\n      '));
      if (texts.length > 0) yield `${between}\n      ${texts.join(',\n      ')}`;
      between = ',';
    }
    yield between === '' ? ']' : '\n    ]';
    before = ',';
  }
  yield before === '' ? '}' : '\n  }';
}

/** Rows of a type as they stand in a document. */
export async function* entityRows(
  request: ExportRequest,
  { type, keys }: Exported,
): AsyncGenerator<Entity[]> {
  const { source, note } = request;
  const { table, statistics, label } = type;
  const columns = columnsOf(source, table).filter(({ name }) => !statistics.includes(name));
  const lists = table === 'servers' ? ASSOCIATIONS : [];
  const fields = [
    ...columns.map(({ name }) => (name === 'team_id' ? 'team' : name)),
    ...lists.map(({ to }) => to),
  ].sort();
  for await (const rows of readRows(
    source.db,
    table,
    columns,
    keys.map(({ id }) => id),
  )) {
    const offered = await associationsOf(request, lists, rows);
    yield rows.map((row) => {
      const name = `${type.word} ${label === null ? row.id : `${row[label]} (${row.id})`}`;
      const whole: Record<string, Value> = {
        ...row,
        ...secretsOf(row, type.secrets, request, name),
        ...offered.get(row.id ?? null),
      };
      if ('team_id' in row) {
        const team = source.teams.get(`${row.team_id}`) ?? null;
        if (team === null && row.team_id !== null) note(`${name}: its team is not there, and is left out`);
        whole.team = team;
      }
      return Object.fromEntries(fields.map((field) => [field, whole[field] ?? null]));
    });
  }
}

async function* accountRows(
  request: ExportRequest,
  { table, secrets }: Pick<(typeof ACCOUNT_TABLES)[number], 'table' | 'secrets'>,
  columns: readonly ValueColumn[],
  ids: readonly Id[],
): AsyncGenerator<Row[]> {
  const fields = columns.map(({ name }) => name).sort();
  for await (const rows of readRows(request.source.db, table, columns, ids)) {
    yield rows.map((row) => {
      const whole = { ...row, ...secretsOf(row, secrets, request, `${table} ${row.id}`) };
      return Object.fromEntries(fields.map((field) => [field, whole[field] ?? null]));
    });
  }
}

function secretsOf(
  row: Row,
  forms: EntityType['secrets'],
  { secrets, note }: ExportRequest,
  name: string,
): Row {
  const found = Object.entries(forms).map(([column, form]) => {
    const told = (what: string) => note(`${name}: its ${column} ${what}`);
    return [column, secretForDocument(form, row[column] ?? null, secrets, told)] as const;
  });
  return Object.fromEntries(found);
}

/** What servers offer, by their ids and the names of the lists. */
async function associationsOf(
  { source, note }: ExportRequest,
  lists: typeof ASSOCIATIONS,
  rows: readonly Row[],
): Promise<ReadonlyMap<Value, Record<string, Value[]>>> {
  const servers = new Map(
    rows.map((row) => [row.id ?? null, Object.fromEntries(lists.map(({ to }) => [to, [] as Value[]]))]),
  );
  if (rows.length === 0) return servers;
  for (const list of lists.filter(({ table }) => source.schema.has(table))) {
    for (const { server, id, name } of await readAssociations(source.db, list, [...servers.keys()] as Id[])) {
      if (name === null)
        note(`server ${server}: it offers ${id} of ${list.to}, which is not there and is left out`);
      else servers.get(server)?.[list.to]?.push({ id, name });
    }
  }
  return servers;
}

/** The check of the secret that somebody needs to read what is encrypted; null where nothing is, or nothing of it opens. */
async function checkOf(
  { source, secrets }: ExportRequest,
  exported: readonly Exported[],
): Promise<string | null> {
  const { mode, secret, newSecret } = secrets;
  if (mode === 'omit' || mode === 'plain') return null;
  for (const { type, keys } of exported) {
    const forms = Object.entries(type.secrets);
    if (forms.length === 0) continue;
    const isSelected = new Set(keys.map(({ id }) => id));
    const filled = sql.join(
      forms.map(([column]) => sql`${sql.ref(column)} IS NOT NULL`),
      sql` OR `,
    );
    const ids = await source.db.query<{ id: Id }>(
      sql`SELECT id FROM ${sql.table(type.table)} WHERE ${filled}`,
    );
    const some = ids.map(({ id }) => id).filter((id) => isSelected.has(id));
    const columns = columnsOf(source, type.table).filter(({ name }) => name === 'id' || name in type.secrets);
    for await (const rows of readRows(source.db, type.table, columns, some)) {
      const isNeeded = rows.some((row) =>
        forms.some(([column, form]) => needsSecret(form, row[column] ?? null, secret)),
      );
      if (isNeeded) return keyCheck(mode === 'rekey' ? newSecret : secret);
    }
  }
  return null;
}

import { sql } from 'kysely';
import { keyCheck } from '../ciphers/key-check.ts';
import type { ValueColumn } from '../database/row-values.ts';
import { jsonText, type Value } from '../database/value.ts';
import type { Progress } from '../progress.ts';
import { type Document, type Entity, FORMAT, FORMAT_VERSION, type Row } from './document.ts';
import { ACCOUNT_TABLES, ASSOCIATIONS, CREDENTIALS, ENTITY_TYPES, type EntityType } from './entities.ts';
import {
  columnsOf,
  fieldsOf,
  type Id,
  inOrder,
  readAssociations,
  readCandidates,
  readIds,
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
  readonly progress: Pick<Progress, 'advance'>;
}

/** A type with what is exported of it. */
export interface Exported {
  readonly type: EntityType;
  /** In the order of the document. */
  readonly ids: readonly Id[];
}

/** Rows that are exported, by type; types of which none are selected are left out. Throws USAGE as a selection does. */
export async function readExported({ source, selection }: ExportRequest): Promise<readonly Exported[]> {
  const reads = selection?.reads ?? null;
  if (selection === null || reads === null) {
    const all: Exported[] = [];
    for (const type of ENTITY_TYPES) {
      if (selection?.tables.has(type.table) === false) continue;
      all.push({ type, ids: await readIds(source.db, type.table, 'id', type.label) });
    }
    return all;
  }
  const candidates = await readCandidates(
    source,
    ENTITY_TYPES.filter(({ table }) => reads.has(table)),
  );
  const selected = selection.select(candidates);
  return ENTITY_TYPES.map((type) => {
    const rows = candidates.filter((each) => each.table === type.table && selected.has(keyOf(each)));
    return { type, ids: rows.toSorted(inOrder).map(({ id }) => id) };
  }).filter(({ ids }) => ids.length > 0);
}

type AccountList = (typeof ACCOUNT_TABLES)[number] & { readonly key: string; readonly ids: readonly Id[] };

/** Lists of accounts, with the keys of their rows. */
async function readAccounts({ source, withTeams }: ExportRequest): Promise<readonly AccountList[]> {
  const lists: AccountList[] = [];
  for (const account of withTeams ? ACCOUNT_TABLES : []) {
    const key = columnsOf(source, account.table)[0]?.name ?? 'id';
    lists.push({ ...account, key, ids: await readIds(source.db, account.table, key, null) });
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
    ...exported.map(({ type, ids }) => [type.table, ids.length]),
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
      accounts.map((list) => {
        const left = new Set([...list.statistics, ...(withCredentials ? [] : CREDENTIALS)]);
        const columns = columnsOf(source, list.table).filter(({ name }) => !left.has(name));
        return [list.table, accountRows(request, list, columns)] as const;
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

/** Rows that are made text at once, inside of what indents them as the document does. */
const AT_ONCE = 16;
const BEFORE = '{\n  "in": {\n    "list": ['.length;
const AFTER = '\n    ]\n  }\n}'.length;

/** An object of lists, as a further field of the document. */
export async function* objectOfLists(name: string, lists: Lists): AsyncGenerator<string> {
  yield `,\n  "${name}": {`;
  let before = '';
  for (const [list, rows] of lists) {
    yield `${before}\n    "${list}": [`;
    let between = '';
    for await (const all of rows) {
      // Pieces of a size that is soon forgotten.
      for (let from = 0; from < all.length; from += AT_ONCE) {
        const text = jsonText({ in: { list: all.slice(from, from + AT_ONCE) } }, 2);
        yield between + text.slice(BEFORE, -AFTER);
        between = ',';
      }
    }
    yield between === '' ? ']' : '\n    ]';
    before = ',';
  }
  yield before === '' ? '}' : '\n  }';
}

/** Rows of a type as they stand in a document. */
export async function* entityRows(request: ExportRequest, { type, ids }: Exported): AsyncGenerator<Entity[]> {
  const { source, note } = request;
  const { table, statistics, label, word } = type;
  const columns = columnsOf(source, table).filter(({ name }) => !statistics.includes(name));
  const lists = table === 'servers' ? ASSOCIATIONS : [];
  const nameOf = (row: Row) => `${word} ${label === null ? row.id : `${row[label]} (${row.id})`}`;
  const fields = [
    ...fieldsOf(columns).map((field) => (field.name === 'team_id' ? { ...field, name: 'team' } : field)),
    ...lists.map(({ to }) => ({ name: to, column: null })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  for await (const rows of readRows(source.db, table, fields, ids)) {
    for (const row of rows) {
      withSecrets(row, type.secrets, request, nameOf);
      const team = row.team ?? null;
      if (team === null) continue;
      row.team = source.teams.get(`${team}`) ?? null;
      if (row.team === null) note(`${nameOf(row)}: its team is not there, and is left out`);
    }
    if (lists.length > 0) await addAssociations(request, lists, rows);
    request.progress.advance(rows.length);
    yield rows;
  }
}

async function* accountRows(
  request: ExportRequest,
  { table, secrets, key, ids }: AccountList,
  columns: readonly ValueColumn[],
): AsyncGenerator<Row[]> {
  for await (const rows of readRows(request.source.db, table, fieldsOf(columns), ids, key)) {
    for (const row of rows) withSecrets(row, secrets, request, () => `${table} ${row[key]}`);
    yield rows;
  }
}

function withSecrets(
  row: Record<string, Value>,
  forms: EntityType['secrets'],
  { secrets, note }: ExportRequest,
  nameOf: (row: Row) => string,
): void {
  for (const [column, form] of Object.entries(forms)) {
    const value = row[column] ?? null;
    if (value === null) continue;
    row[column] = secretForDocument(form, value, secrets, (what) =>
      note(`${nameOf(row)}: its ${column} ${what}`),
    );
  }
}

/** Puts in what servers offer. */
async function addAssociations(
  { source, note }: ExportRequest,
  lists: typeof ASSOCIATIONS,
  rows: readonly Record<string, Value>[],
): Promise<void> {
  const servers = new Map(rows.map((row) => [row.id, row]));
  for (const list of lists) {
    const offered = new Map<Value | undefined, Value[]>(rows.map(({ id }) => [id, []]));
    const offers = source.schema.has(list.table)
      ? await readAssociations(source.db, list, [...servers.keys()] as Id[])
      : [];
    for (const { server, id, name } of offers) {
      if (name === null)
        note(`server ${server}: it offers ${id} of ${list.to}, which is not there and is left out`);
      else offered.get(server)?.push({ id, name });
    }
    for (const [id, row] of servers) row[list.to] = offered.get(id) ?? [];
  }
}

/** Rows of each type whose secrets are tried. */
const MOST_TRIED = 1_000;

/** The check of the secret that somebody needs to read what is encrypted; null where nothing is, or nothing of it opens. */
async function checkOf(
  { source, secrets }: ExportRequest,
  exported: readonly Exported[],
): Promise<string | null> {
  const { mode, secret, newSecret } = secrets;
  if (mode === 'omit' || mode === 'plain') return null;
  for (const { type, ids: those } of exported) {
    const forms = Object.entries(type.secrets);
    if (forms.length === 0) continue;
    const isSelected = new Set(those);
    const filled = sql.join(
      forms.map(([column]) => sql`${sql.ref(column)} IS NOT NULL`),
      sql` OR `,
    );
    const ids = await source.db.query<{ id: Id }>(
      sql`SELECT id FROM ${sql.table(type.table)} WHERE ${filled}`,
    );
    const some = ids
      .map(({ id }) => id)
      .filter((id) => isSelected.has(id))
      .slice(0, MOST_TRIED);
    const columns = columnsOf(source, type.table).filter(({ name }) => name === 'id' || name in type.secrets);
    for await (const rows of readRows(source.db, type.table, fieldsOf(columns), some)) {
      const isNeeded = rows.some((row) =>
        forms.some(([column, form]) => needsSecret(form, row[column] ?? null, secret)),
      );
      if (isNeeded) return keyCheck(mode === 'rekey' ? newSecret : secret);
    }
  }
  return null;
}

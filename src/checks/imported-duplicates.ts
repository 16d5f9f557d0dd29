import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { authKey, decryptAuthValue } from '../ciphers/auth-value.ts';
import { pythonJson } from '../ciphers/python-json.ts';
import { countRows } from '../database/row-counts.ts';
import { deleteRows } from '../database/rows.ts';
import { jsonText } from '../database/value.ts';
import { advise, joined, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { columnOf } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { perContext } from './per-context.ts';
import { rowLine } from './row-line.ts';
import { hasColumns } from './schema-part.ts';

/** What the gateway's importer makes again at each run (CONFIGURATION B4), and nothing of a gateway's own. */
type ImportedTable = 'tools' | 'servers';

const OWNERSHIP = ['team_id', 'owner_email', 'visibility', 'federation_source'];
/** In these two equal rows may differ: a copy that nobody owns would become public as the first one is. */
const NOT_COMPARED = new Set(['id', 'created_at', 'updated_at', ...OWNERSHIP]);

/** An import leaves a row that nobody owns and nobody is said to have made. */
const COPY = sql`team_id IS NULL AND owner_email IS NULL AND created_by IS NULL AND created_via IS NULL`;

interface Seen {
  readonly id: string;
  readonly name: string;
  readonly isCopy: boolean;
  readonly made: string;
  /** Of all that is compared. */
  readonly digest: string;
}

interface Duplicate extends Pick<Seen, 'id' | 'name'> {
  readonly table: ImportedTable;
  /** The row that it repeats. */
  readonly of: string;
  /** Why it is left alone; null where it can go. */
  readonly kept: string | null;
}

const duplicates = perContext(
  async (context): Promise<readonly Duplicate[]> => [
    ...(await duplicatesIn(context, 'tools')),
    ...(await duplicatesIn(context, 'servers')),
  ],
);

async function duplicatesIn(context: CheckContext, table: ImportedTable): Promise<Duplicate[]> {
  const { db, schema } = context;
  const needed = ['id', 'name', 'created_at', 'created_by', 'created_via', ...OWNERSHIP];
  if (!hasColumns(schema.get(table), table === 'tools' ? [...needed, 'gateway_id'] : needed)) return [];
  const copies = table === 'tools' ? sql`${COPY} AND gateway_id IS NULL` : COPY;
  // Where there is none, no row is read: both columns of the owner have an index.
  if ((await countRows(db, sql`${sql.table(table)} WHERE ${copies}`)) === 0) return [];
  const rows: Seen[] = [];
  for await (const row of candidates(context, table, copies)) rows.push(row);
  rows.sort((a, b) => Number(a.isCopy) - Number(b.isCopy) || compare(a.made, b.made) || compare(a.id, b.id));
  // The first of each name, and the first of each content: one that somebody owns, or the oldest.
  const [named, equal] = [new Map<string, string>(), new Map<string, string>()];
  const repeated = rows.flatMap(({ id, name, digest, isCopy }) => {
    const of = equal.get(digest) ?? named.get(name);
    const isEqual = equal.has(digest);
    if (!isEqual) equal.set(digest, id);
    if (!named.has(name)) named.set(name, id);
    return of === undefined || !isCopy ? [] : [{ table, id, name, of, isEqual }];
  });
  const used = await pointedAt(context, table, repeated);
  return repeated.map(({ isEqual, ...copy }) => ({
    ...copy,
    kept: !isEqual ? 'it is not equal' : used.has(copy.id) ? 'other rows point at it' : null,
  }));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const PAGE = 500;

/** The copies, and what they can be copies of. */
async function* candidates(context: CheckContext, table: ImportedTable, copies: RawBuilder<unknown>) {
  const { db, schema, target, settings } = context;
  const { read, fromRow } = db.dialect.values;
  const secret = settings.authEncryptionSecret;
  const key = secret === '' ? null : authKey(secret);
  const columns = (schema.get(table)?.columns ?? []).map((column) => ({
    ...column,
    kind: columnOf(target.get(table), column.name)?.kind ?? column.kind,
  }));
  const selected = columns.map((column, i) => sql`${sql.raw(read(column))} AS ${sql.ref(`c${i}`)}`);
  for (let last: string | undefined = ''; last !== undefined; ) {
    const rows: Record<string, unknown>[] = await db.query(sql<Record<string, unknown>>`
      SELECT id, CASE WHEN ${copies} THEN 1 ELSE 0 END AS is_copy, ${sql.join(selected)} FROM ${sql.table(table)}
      WHERE id > ${last} AND (visibility = 'public' OR (${copies})) ORDER BY id LIMIT ${sql.lit(PAGE)}`);
    for (const row of rows) {
      const values = new Map(columns.map((column, i) => [column.name, fromRow(column, row[`c${i}`])]));
      const auth = values.get('auth_value');
      // Each import encrypts it anew.
      const opened = typeof auth === 'string' && key !== null ? decryptAuthValue(auth, key) : null;
      if (opened !== null) values.set('auth_value', pythonJson(opened));
      const compared = [...values].filter(([name]) => !NOT_COMPARED.has(name));
      yield {
        id: String(row.id),
        name: String(values.get('name')),
        isCopy: Number(row.is_copy) === 1,
        made: String(values.get('created_at')),
        digest: createHash('sha256').update(jsonText(compared)).digest('base64'),
      };
    }
    last = rows.length < PAGE ? undefined : String(rows.at(-1)?.id);
  }
}

/** Those of the rows that a row of any table points at. */
async function pointedAt(
  { db, schema, target }: CheckContext,
  table: ImportedTable,
  rows: readonly Pick<Seen, 'id'>[],
): Promise<ReadonlySet<string>> {
  const keys = new Map(
    [...schema.values(), ...target.values()].flatMap(({ name, foreignKeys }) =>
      foreignKeys
        .filter((key) => key.table === table && hasColumns(schema.get(name), [key.column]))
        .map(({ column }) => [`${name}.${column}`, [name, column]] as const),
    ),
  );
  const used = new Set<string>();
  for (let first = 0; first < rows.length; first += PAGE) {
    const ids = sql.join(rows.slice(first, first + PAGE).map(({ id }) => id));
    for (const [from, column] of keys.values()) {
      const found = await db.query<{ id: unknown }>(sql`
        SELECT DISTINCT ${sql.ref(column)} AS id FROM ${sql.table(from)} WHERE ${sql.ref(column)} IN (${ids})`);
      for (const { id } of found) used.add(String(id));
    }
  }
  return used;
}

const FIX = advise`Run: ${mcpgw('fix', '--only', 'duplicates.imported')}`;
const LOOK =
  'A copy that differs, or that rows point at (a server with tools, a tool of a server), may be in use: look at it in the gateway, and delete there what nobody needs.';

/** The gateway's own importer makes servers and tools again at each run, whatever it is told. */
export const importedDuplicates: Check = {
  id: 'duplicates.imported',
  title: 'Tools and servers are there once, however often they were imported',
  level: 'warning',
  requires: ['tools', 'servers'],
  hint: FIX,
  async find(context) {
    const all = await duplicates(context);
    const unfixable = all.filter(({ kept }) => kept !== null).length;
    const sample = all.slice(0, context.sampleSize).map(({ table, id, name, of, kept }) => {
      return rowLine(table, id, name, `a copy of ${of}${kept === null ? '' : `, but ${kept}`}`);
    });
    const hint = unfixable === 0 ? FIX : joined([LOOK, unfixable < all.length ? FIX : ''], '\n');
    return { count: all.length, sample, unfixable, hint };
  },
  async repair(context) {
    const gone = (await duplicates(context)).filter(({ kept }) => kept === null);
    const byTable = (['tools', 'servers'] as const).map((table) => ({
      table,
      ids: gone.filter((each) => each.table === table).map(({ id }) => id),
    }));
    return {
      summary: byTable.flatMap(({ table, ids: { length } }) =>
        length === 0 ? [] : [`${table}: ${plural(length, 'equal copy', 'equal copies')} deleted`],
      ),
      statements: byTable.flatMap(({ table, ids }) => deleteRows(context.db, table, ['id', ids])),
    };
  },
};

import { type RawBuilder, sql } from 'kysely';
import type { Book } from '../accounts/book.ts';
import { pythonJson } from '../ciphers/python-json.ts';
import { ASSOCIATIONS, type EntityType, entityType } from '../configuration/entities.ts';
import { readPatterns } from '../configuration/selection.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { columnOf } from '../schema/model.ts';
import { nearestTo } from '../settings/nearest-names.ts';

/** Which rows are meant, in the words of `export` and `import`. What is given narrows it down. */
export interface RowWords {
  /** `tool:NAME` or `tool:ID`, with `*` and `?`. */
  readonly rows?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  /** Ids, slugs or names. */
  readonly teamFrom?: readonly string[] | undefined;
  readonly ownerFrom?: readonly string[] | undefined;
  readonly visibilityFrom?: readonly string[] | undefined;
  /** Rows that these gateways brought. */
  readonly gateway?: readonly string[] | undefined;
  /** Rows that these servers offer. */
  readonly server?: readonly string[] | undefined;
  /** With a gateway what it brought, with a server what it offers. */
  readonly cascade?: boolean | undefined;
}

type Condition = RawBuilder<unknown>;

/** Which rows of a table, under this alias, are chosen; null for none. */
export type ChosenRows = (table: OwnedTable['name'], alias: string) => Condition | null;

const NEAR = 10_000;

const any = (conditions: readonly Condition[]) => sql`(${sql.join(conditions, sql` OR `)})`;
const all = (conditions: readonly Condition[]) =>
  conditions.length === 0 ? sql`1 = 1` : sql`(${sql.join(conditions, sql` AND `)})`;

/** What the words choose, as SQL; problems of the book are names that nothing has. */
export async function chooseRows(book: Book, words: RowWords): Promise<ChosenRows> {
  const { db, schema } = book;
  const { types, patterns } = readPatterns({ type: words.type ?? [], only: words.rows ?? [] }, '');
  const owned = OWNED_TABLES.filter(({ name }) => schema.has(name)).map(({ name }) => name as string);
  for (const { table, word } of [...types, ...patterns.map(({ type }) => type)]) {
    if (!owned.includes(table)) book.problems.push(`Rows of ${word} have no team and no owner`);
  }
  const named = (type: EntityType, name: string, alias: string): Condition =>
    any([type.label ?? 'id', 'id'].map((column) => db.dialect.glob(`${alias}.${column}`, name)));
  const asked = [
    ...patterns.map(({ given, type, name }) => ({ given, type, name })),
    ...(['gateway', 'server'] as const).flatMap((word) =>
      (words[word] ?? []).map((name) => ({ given: `--${word} ${name}`, type: entityType(`${word}s`), name })),
    ),
  ].filter(({ type }) => owned.includes(type.table));
  for (const { given, type, name } of asked) {
    const table = sql.table(type.table);
    if ((await db.query(sql`SELECT 1 FROM ${table} t WHERE ${named(type, name, 't')} LIMIT 1`)).length > 0)
      continue;
    const labels = await db.query<{ label: string }>(
      sql`SELECT ${sql.ref(type.label ?? 'id')} AS label FROM ${table} LIMIT ${sql.lit(NEAR)}`,
    );
    const near = nearestTo(
      name,
      labels.map(({ label }) => label),
    );
    book.missing.push(`${given}: there is no such ${type.word}.${near}`);
  }
  const teams = (words.teamFrom ?? []).map((text) => book.team(text, true)?.id ?? '');
  const owners = (words.ownerFrom ?? []).map((text) => book.user(text)?.email ?? '');

  const gatewaysNamed = (alias: string) =>
    any((words.gateway ?? []).map((name) => named(entityType('gateways'), name, alias)));
  const serversNamed = (alias: string) =>
    any((words.server ?? []).map((name) => named(entityType('servers'), name, alias)));
  const ofGateways = (table: string, alias: string, which: Condition): Condition | null =>
    columnOf(schema.get(table), 'gateway_id') === undefined
      ? null
      : sql`${sql.ref(`${alias}.gateway_id`)} IN (SELECT g.id FROM gateways g WHERE ${which})`;
  const ofServers = (table: string, alias: string, which: Condition): Condition | null => {
    const association = ASSOCIATIONS.find(({ to }) => to === table);
    if (association === undefined || !schema.has(association.table)) return null;
    return sql`${sql.ref(`${alias}.id`)} IN (SELECT a.${sql.ref(association.column)} FROM ${sql.table(association.table)} a
      WHERE a.server_id IN (SELECT s.id FROM servers s WHERE ${which}))`;
  };
  // A list of texts, as this database or as Python spells it.
  const hasTag = (tag: string, alias: string) =>
    any([JSON.stringify(tag), pythonJson(tag)].map((text) => db.dialect.glob(`${alias}.tags`, `*${text}*`)));

  /** Without what a cascade adds. */
  const direct: ChosenRows = (table, alias) => {
    const mine = patterns.filter(({ type }) => type.table === table);
    if (!owned.includes(table) || (types.length > 0 && !types.some((type) => type.table === table)))
      return null;
    if (patterns.length > 0 && mine.length === 0) return null;
    const conditions: (Condition | null)[] = [];
    if (mine.length > 0) conditions.push(any(mine.map(({ type, name }) => named(type, name, alias))));
    const among = (column: string, values: readonly string[] = []) => {
      if (values.length > 0)
        conditions.push(sql`${sql.ref(`${alias}.${column}`)} IN (${sql.join([...values])})`);
    };
    among('team_id', teams);
    among('owner_email', owners);
    among('visibility', words.visibilityFrom);
    if ((words.tag ?? []).length > 0)
      conditions.push(any((words.tag ?? []).map((tag) => hasTag(tag, alias))));
    if ((words.gateway ?? []).length > 0) conditions.push(ofGateways(table, alias, gatewaysNamed('g')));
    if ((words.server ?? []).length > 0) conditions.push(ofServers(table, alias, serversNamed('s')));
    const known = conditions.filter((condition) => condition !== null);
    return known.length < conditions.length ? null : all(known);
  };
  if (words.cascade !== true) return direct;
  return (table, alias) => {
    const [gateways, servers] = [direct('gateways', 'g'), direct('servers', 's')];
    const reached = [
      direct(table, alias),
      owned.includes(table) && gateways !== null ? ofGateways(table, alias, gateways) : null,
      owned.includes(table) && servers !== null ? ofServers(table, alias, servers) : null,
    ].filter((condition) => condition !== null);
    return reached.length === 0 ? null : any(reached);
  };
}

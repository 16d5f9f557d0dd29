import { sql } from 'kysely';
import { type DanglingMend, danglingMend, mendDangling } from '../migrate/dangling-mend.ts';
import { advise, joined, mcpgw, type Text } from '../report/advice.ts';
import { LEFTOVER_COPIES, OWNED_TABLES } from '../schema/gateway-tables.ts';
import type { ForeignKey } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { noAdminHint } from './no-admin.ts';
import { hasColumns } from './schema-part.ts';

interface KeyOf {
  readonly table: string;
  readonly key: ForeignKey;
  /** The table that the key points at is missing, and with it every row. */
  readonly orphaned: boolean;
}

interface Dangling extends KeyOf {
  readonly rows: number;
  readonly mend: DanglingMend | null;
}

/**
 * Foreign keys of the target and those that are there besides, as far as their tables and columns are there.
 * The team of an owned table has a check of its own.
 */
function keysToCheck({ schema, target }: CheckContext): KeyOf[] {
  const keys: KeyOf[] = [];
  const known = new Set<string>();
  for (const source of [target, schema]) {
    for (const { name, foreignKeys } of source.values()) {
      const table = schema.get(name);
      if (table === undefined || LEFTOVER_COPIES.has(name)) continue;
      for (const found of foreignKeys) {
        const parent = schema.get(found.table);
        // SQLite leaves the column out of a key that points at the primary key.
        const references = found.references === '' ? (parent?.primaryKey[0] ?? '') : found.references;
        const key = { ...found, references };
        const id = [name, key.column, key.table].join('\n');
        const ownedTeam = key.column === 'team_id' && OWNED_TABLES.some((owned) => owned.name === name);
        if (known.has(id) || ownedTeam) continue;
        known.add(id);
        // A key over several columns is none of the gateway's, and none of its parts says anything alone.
        const composite = found.name !== null && foreignKeys.filter((k) => k.name === found.name).length > 1;
        const missing = parent === undefined && target.has(key.table);
        if (composite || !hasColumns(table, [key.column])) continue;
        if (missing || hasColumns(parent, [references])) keys.push({ table: name, key, orphaned: missing });
      }
    }
  }
  return keys;
}

/**
 * Rows that point at nothing, as `c`. A join, since MariaDB takes ten times as long for NOT EXISTS. As text, since
 * the query builder takes longer for the forty keys of a gateway than for all the rest of `verify`.
 */
function rowsPointingAtNothing({ db }: CheckContext, { table, key, orphaned }: KeyOf): string {
  const q = db.dialect.quote;
  const [column, referenced] = [`c.${q(key.column)}`, `p.${q(key.references)}`];
  if (orphaned) return `${q(table)} c WHERE ${column} IS NOT NULL`;
  const join = `${q(table)} c LEFT JOIN ${q(key.table)} p ON ${referenced} = ${column}`;
  return `${join} WHERE ${column} IS NOT NULL AND ${referenced} IS NULL`;
}

/** Counts them for all keys in one query. */
async function findDangling(context: CheckContext): Promise<Dangling[]> {
  const keys = keysToCheck(context);
  if (keys.length === 0) return [];
  const counts = keys.map(
    (key, i) => `SELECT ${i} AS place, count(*) AS n FROM ${rowsPointingAtNothing(context, key)}`,
  );
  const rows = await context.db.query<{ place: unknown; n: unknown }>(sql.raw(counts.join(' UNION ALL ')));
  const byPlace = new Map(rows.map((row) => [Number(row.place), Number(row.n)]));
  return keys.flatMap((key, i) => {
    const n = byPlace.get(i) ?? 0;
    return n === 0 ? [] : [{ ...key, rows: n, mend: mendOf(context, key) }];
  });
}

/** The name of the foreign key by which the database itself holds this rule; null when it does not. */
function heldBy({ schema }: CheckContext, table: string, key: ForeignKey): string | null {
  const held = schema
    .get(table)
    ?.foreignKeys.find((k) => k.validated === true && k.column === key.column && k.table === key.table);
  return held?.name ?? null;
}

/**
 * Where the database itself holds the rule, no row breaks it: the one it points at is there and was not seen (row-level
 * security), or the check was turned off for it. Neither is for a repair to delete. A whole table that is missing is for people to bring back, but for roles: a migration makes the default ones
 * again, and which ones the assignments named cannot be known any more.
 */
function mendOf(context: CheckContext, { table, key, orphaned }: KeyOf): DanglingMend | null {
  if (heldBy(context, table, key) !== null) return null;
  return orphaned && key.table !== 'roles'
    ? null
    : danglingMend(context.schema, { table, key }, context.seed !== null);
}

async function sampleOf(context: CheckContext, found: Dangling): Promise<string[]> {
  const { db, schema, sampleSize } = context;
  const { table, key } = found;
  const names = schema.get(table)?.primaryKey ?? [];
  const ids = names.map((name, i) => sql`${sql.id('c', name)} AS ${sql.id(`id${i}`)}, `);
  const order =
    names.length === 0 ? sql`` : sql` ORDER BY ${sql.join(names.map((name) => sql.id('c', name)))}`;
  const rows = await db.query<Readonly<Record<string, unknown>> & { readonly target: unknown }>(sql`
    SELECT ${sql.join(ids, sql``)}${sql.id('c', key.column)} AS target
    FROM ${sql.raw(rowsPointingAtNothing(context, found))}${order} LIMIT ${sql.lit(sampleSize)}`);
  return rows.map((row) => {
    const id = names.map((_, i) => String(row[`id${i}`])).join(', ');
    return `${table} ${id}: ${key.column} “${row.target}” is in no ${key.table}.${key.references}`;
  });
}

/** Every foreign key of every table points at a row that exists, whether or not the database enforces it. */
export const danglingForeignKeys: Check = {
  id: 'foreign-keys.dangling',
  title: 'Rows that point at rows which do not exist',
  level: 'error',
  anyRelease: true,
  hint: advise`Run: ${mcpgw('fix', '--only', 'foreign-keys.dangling')}`,
  async find(context) {
    const found = await findDangling(context);
    const unfixable = found.filter(({ mend }) => mend === null);
    const sample: string[] = [];
    for (const dangling of found) {
      if (sample.length < context.sampleSize) sample.push(...(await sampleOf(context, dangling)));
    }
    return {
      count: found.reduce((sum, { rows }) => sum + rows, 0),
      sample,
      unfixable: unfixable.reduce((sum, { rows }) => sum + rows, 0),
      ...(unfixable.length > 0 ? { hint: await adviceFor(context, unfixable) } : {}),
    };
  },
  async repair(context) {
    const found = await findDangling(context);
    for (const { table, key, mend } of found) {
      if (mend !== null) context.repaired.add(`${table}.${key.column}`);
    }
    // Rows that go come first: what is left of a table is then repaired.
    const ordered = found
      .toSorted((a, b) => Number(b.mend === 'delete') - Number(a.mend === 'delete'))
      .flatMap((dangling) =>
        dangling.mend === null ? [] : [mendDangling(context.db, dangling, dangling.mend, context.adminEmail)],
      );
    return {
      summary: ordered.map(({ summary }) => summary),
      statements: ordered.map(({ statement }) => statement),
    };
  },
};

async function adviceFor(context: CheckContext, unfixable: readonly Dangling[]): Promise<Text> {
  const columns = unfixable.map(({ table, key }) => `${table}.${key.column}`).join(', ');
  const missing = [...new Set(unfixable.filter(({ orphaned }) => orphaned).map(({ key }) => key.table))];
  const gateways = unfixable.some(({ key }) => key.column === 'gateway_id');
  const users = unfixable.some(({ key, orphaned }) => key.table === 'email_users' && !orphaned);
  const held = unfixable.flatMap(({ table, key }) => heldBy(context, table, key) ?? []);
  return joined(
    [
      `Not repaired by fix: ${columns}.`,
      ...(held.length > 0
        ? [
            `A foreign key that PostgreSQL has checked forbids such rows (${held.join(', ')}): either this user does not see all rows, or the check was turned off when they were written. Look at them as the owner of the tables; to have them repaired, drop that constraint first: fix makes it again.`,
          ]
        : []),
      ...(missing.length > 0
        ? [
            `Missing: ${missing.join(', ')}. Bring that back from a backup (mcpgw restore), or delete those rows.`,
          ]
        : []),
      ...(gateways
        ? ['Delete what came from a gateway that is gone, or set its gateway_id to one that is there.']
        : []),
      ...(users ? [advise`An administrator is needed first. ${await noAdminHint(context)}`] : []),
      advise`For all others run: ${mcpgw('fix', '--only', 'foreign-keys.dangling')}`,
    ],
    ' ',
  );
}

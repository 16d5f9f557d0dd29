import { sql } from 'kysely';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import type { Column, Schema, Table } from '../../src/schema/model.ts';

type Row = Readonly<Record<string, unknown>>;

/** How many rows of each table the gateway is made to write: one bare, one with everything, one like the first. */
const ROWS = 3;

/**
 * What of the gateway's work fails on this database, told by doing it: rows of every table written as its models
 * write them (every column named, NULL where it may be), changed and deleted; what must not be twice written twice;
 * every row read; the administrator looked up. Knows nothing of the checks. Nothing of it stays.
 */
export async function whatBreaks(db: Connection, admin: string): Promise<string[]> {
  const target = releaseSchema('0.7.0');
  const broken: string[] = [];
  const written = new Map<string, Row[]>();
  await db.run(statement('BEGIN'));
  try {
    for (const table of parentsFirst(target)) {
      const rows = Array.from({ length: ROWS }, (_, n) => rowOf(db, table, written, n));
      written.set(table.name, rows);
      for (const [n, row] of rows.entries()) {
        await attempt(db, broken, `${table.name}: row ${n}`, () => insert(db, table.name, row));
      }
      await refusals(db, table, rows, broken);
    }
    for (const table of parentsFirst(target).toReversed()) {
      for (const row of written.get(table.name) ?? []) await changeAndDelete(db, table, row, broken);
    }
  } finally {
    await db.run(statement('ROLLBACK'));
  }
  for (const table of target.values()) broken.push(...(await unreadable(db, table)));
  broken.push(...(await login(db, admin)));
  return broken;
}

/** A statement by itself: on PostgreSQL one that fails takes the rest of its transaction with it. */
async function attempt(db: Connection, broken: string[], what: string, run: () => Promise<unknown>) {
  const error = await fails(db, run);
  if (error !== null) broken.push(`${what}: ${error}`);
}

async function fails(db: Connection, run: () => Promise<unknown>): Promise<string | null> {
  await db.run(statement('SAVEPOINT gateway'));
  try {
    await run();
    await db.run(statement('RELEASE SAVEPOINT gateway'));
    return null;
  } catch (error) {
    await db.run(statement('ROLLBACK TO SAVEPOINT gateway'));
    return (error as Error).message;
  }
}

function parentsFirst(schema: Schema): Table[] {
  const ordered: Table[] = [];
  const visit = (table: Table) => {
    if (ordered.includes(table)) return;
    for (const key of table.foreignKeys) {
      const parent = schema.get(key.table);
      if (parent !== undefined && parent !== table) visit(parent);
    }
    ordered.push(table);
  };
  for (const table of schema.values()) visit(table);
  return ordered;
}

/** Values that need not differ are the same in all rows, so that a unique on them shows. */
function rowOf(db: Connection, table: Table, written: ReadonlyMap<string, Row[]>, n: number): Row {
  const distinct = new Set([table.primaryKey, ...table.uniques.map((u) => u.columns)].flat());
  const full = n === 1;
  return Object.fromEntries(
    table.columns.flatMap((column): [string, unknown][] => {
      const { name, nullable, autoincrement } = column;
      // Numbers that the database counts are given, so that other rows can refer to them.
      if (autoincrement) return [[name, 900_000 + n]];
      const key = table.foreignKeys.find((k) => k.column === name);
      if (nullable && !full) return [[name, null]];
      if (key !== undefined && key.table !== table.name) {
        const parents = written.get(key.table) ?? [];
        return [[name, parents[distinct.has(name) ? n : 0]?.[key.references]]];
      }
      if (key !== undefined) return [[name, null]];
      return [[name, writtenValue(db, table, column, distinct.has(name) ? n : 0, full)]];
    }),
  );
}

function writtenValue(db: Connection, table: Table, column: Column, n: number, full: boolean): unknown {
  const text = `${table.name}-${column.name}-${n}`;
  switch (column.kind) {
    case 'string': {
      if (column.name === 'visibility') return full ? 'public' : 'private';
      const length = Math.min(column.length ?? 255, 255);
      return full ? text.slice(-length).padStart(length, 'z') : text.slice(-length);
    }
    case 'text':
      return full ? text.padStart(2_000, 'z') : text;
    case 'json':
      return '["a", {"b": 1}]';
    case 'boolean':
      return db.dialect.boolean(full);
    case 'datetime':
    case 'naive-datetime':
      return db.dialect.timestamp(new Date('2026-03-04T05:06:07.000Z'));
    case 'float':
      return 0.5;
    case 'blob':
      return Buffer.from(text);
    default:
      return 7;
  }
}

const insert = (db: Connection, table: string, row: Row) =>
  db.query(
    sql`INSERT INTO ${sql.table(table)} (${sql.join(Object.keys(row).map((name) => sql.ref(name)))})
        VALUES (${sql.join(Object.values(row))})`,
  );

/** What the gateway relies on the database to refuse: a key twice, and a row of nobody's where it has foreign keys. */
async function refusals(db: Connection, table: Table, rows: readonly Row[], broken: string[]): Promise<void> {
  const [, full = {}] = rows;
  const fresh = { ...full, ...Object.fromEntries(table.primaryKey.map((name) => [name, other(full[name])])) };
  const must = async (what: string, row: Row) => {
    if ((await fails(db, () => insert(db, table.name, row))) === null) broken.push(`${table.name}: ${what}`);
  };
  const differing = (but: readonly string[]) => {
    const distinct = table.uniques.flatMap((u) => u.columns).filter((name) => !but.includes(name));
    const keys = table.foreignKeys.map((k) => k.column);
    return {
      ...fresh,
      ...Object.fromEntries(distinct.filter((c) => !keys.includes(c)).map((c) => [c, other(full[c])])),
    };
  };
  for (const { columns } of table.uniques) await must(`(${columns}) twice`, differing(columns));
  const free = {
    ...differing([]),
    ...Object.fromEntries(table.primaryKey.map((name) => [name, full[name]])),
  };
  await must('its key twice', free);
  if (db.dialect.name === 'sqlite') return;
  for (const { column } of table.foreignKeys) {
    const value = typeof full[column] === 'number' ? 987_654 : 'nobody';
    await must(`${column} of nobody`, { ...differing([column]), [column]: value });
  }
}

const other = (value: unknown) =>
  typeof value === 'number' ? value + 50_000 : `${String(value).slice(0, -2)}-9`;

async function changeAndDelete(db: Connection, table: Table, row: Row, broken: string[]): Promise<void> {
  const where = sql.join(
    table.primaryKey.map((name) => sql`${sql.ref(name)} = ${row[name]}`),
    sql` AND `,
  );
  const column = table.columns.find((c) => !table.primaryKey.includes(c.name)) ?? table.columns[0];
  const name = column?.name ?? '';
  const from = sql.table(table.name);
  await attempt(db, broken, `${table.name}: update`, () =>
    db.query(sql`UPDATE ${from} SET ${sql.ref(name)} = ${row[name]} WHERE ${where}`),
  );
  await attempt(db, broken, `${table.name}: delete`, () => db.query(sql`DELETE FROM ${from} WHERE ${where}`));
}

/** Reads a table as the gateway's driver does; one row that cannot be read makes each list with it fail. */
async function unreadable(db: Connection, table: Table): Promise<string[]> {
  const columns = table.columns.map(({ name }) => sql.ref(name));
  let rows: Row[];
  try {
    rows = await db.query<Row>(sql<Row>`SELECT ${sql.join(columns)} FROM ${sql.table(table.name)}`);
  } catch (error) {
    return [`${table.name}: read: ${(error as Error).message}`];
  }
  const problems = new Set<string>();
  // Other drivers have read JSON already.
  const keepsText = db.dialect.name === 'sqlite';
  for (const row of rows) {
    for (const { name, kind, nullable } of table.columns) {
      const value = row[name];
      if (value === null ? !nullable : !isReadable(kind, value, keepsText)) {
        problems.add(`${table.name}.${name}: ${JSON.stringify(value)} is no ${kind}`);
      }
    }
  }
  return [...problems];
}

function isReadable(kind: Column['kind'], value: unknown, jsonIsText: boolean): boolean {
  switch (kind) {
    case 'json':
      return typeof value === 'string' && jsonIsText ? isPythonJson(value) : !Buffer.isBuffer(value);
    case 'boolean':
      return [0, 1, true, false].some((one) => one === value);
    case 'datetime':
    case 'naive-datetime':
      return value instanceof Date ? !Number.isNaN(value.getTime()) : isIsoTime(value);
    case 'integer':
    case 'bigint':
      return Number.isInteger(Number(value)) && !Buffer.isBuffer(value);
    case 'float':
      return !Number.isNaN(Number(value)) && !Buffer.isBuffer(value);
    case 'string':
    case 'text':
      return !Buffer.isBuffer(value);
    default:
      return true;
  }
}

function isPythonJson(text: string): boolean {
  try {
    JSON.parse(text.replaceAll(/-?\b(?:NaN|Infinity)\b/g, 'null'));
    return true;
  } catch {
    return false;
  }
}

/** `datetime.fromisoformat`, for what occurs; a date that the calendar has not is none. */
function isIsoTime(value: unknown): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(
    String(value),
  );
  if (typeof value !== 'string' || match === null) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month >= 1 && month <= 12;
}

/** The administrator logs in, has a team of their own, and may do everything. */
async function login(db: Connection, admin: string): Promise<string[]> {
  const yes = db.dialect.boolean(true);
  const questions = {
    'no active administrator with a password': sql`email_users WHERE email = ${admin} AND is_active = ${yes}
      AND is_admin = ${yes} AND password_hash LIKE '$argon2id$%'`,
    'no team of the administrator': sql`email_teams t JOIN email_team_members m ON m.team_id = t.id
      WHERE t.created_by = ${admin} AND t.is_personal = ${yes} AND t.is_active = ${yes}
        AND m.user_email = ${admin} AND m.role = 'owner' AND m.is_active = ${yes}`,
    'no role of the administrator': sql`user_roles u JOIN roles r ON r.id = u.role_id
      WHERE u.user_email = ${admin} AND r.name = 'platform_admin' AND u.is_active = ${yes} AND r.is_active = ${yes}`,
  };
  const broken: string[] = [];
  for (const [what, from] of Object.entries(questions)) {
    try {
      const rows = await db.query(sql`SELECT 1 AS one FROM ${from}`);
      if (rows.length === 0) broken.push(what);
    } catch (error) {
      broken.push(`${what}: ${(error as Error).message}`);
    }
  }
  return broken;
}

import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { isOutside, TEAM_VISIBILITIES } from '../ownership/visibility.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type ForeignKey, type Schema } from '../schema/model.ts';
import type { DanglingKey } from './dangling-mend.ts';

/** Rows that must be mended before a constraint can be added, and the statement that does it. */
export interface Mend {
  /** A sentence about as many rows as there are, without its full stop. */
  readonly what: string;
  readonly rows: number;
  readonly statement: Statement;
}

/** What a gateway can have left in rows that the constraints of the target do not allow. */
export async function findMends(db: Connection, schema: Schema): Promise<readonly Mend[]> {
  const mends: Mend[] = [];
  const mend = async (
    what: (rows: number) => string,
    count: ReturnType<typeof sql>,
    change: ReturnType<typeof sql>,
  ) => {
    const [row] = await db.query<{ n: unknown }>(count as ReturnType<typeof sql<{ n: unknown }>>);
    const rows = Number(row?.n ?? 0);
    if (rows > 0)
      mends.push({ what: what(rows), rows, statement: { ...db.compile(change), counts: 'written' } });
  };
  if (schema.has('email_teams')) {
    const outside = isOutside(db.dialect, 'visibility', TEAM_VISIBILITIES);
    // A pre-release let teams have the visibility `team` (COMPATIBILITY §2).
    await mend(
      (n) =>
        `${plural(n, 'team')} made private: v0.7.0 does not have ${n === 1 ? 'its' : 'their'} visibility`,
      sql`SELECT count(*) AS n FROM email_teams WHERE ${outside}`,
      sql`UPDATE email_teams SET visibility = 'private' WHERE ${outside}`,
    );
  }
  for (const { name } of OWNED_TABLES) {
    if (columnOf(schema.get(name), 'visibility')?.nullable !== true) continue;
    await mend(
      (n) => `${name}: ${plural(n, 'row')} without a visibility: private from now on`,
      sql`SELECT count(*) AS n FROM ${sql.table(name)} WHERE visibility IS NULL`,
      sql`UPDATE ${sql.table(name)} SET visibility = 'private' WHERE visibility IS NULL`,
    );
  }
  if (schema.has('user_roles') && schema.has('email_users')) {
    // The gateway writes `system`, which is no user (COMPATIBILITY §4); the user itself always is one.
    const unknown = sql`NOT EXISTS (SELECT 1 FROM email_users u WHERE u.email = user_roles.granted_by)
                        AND EXISTS (SELECT 1 FROM email_users u WHERE u.email = user_roles.user_email)`;
    await mend(
      (n) =>
        `${plural(n, 'role assignment')} granted by somebody who is no user: ${n === 1 ? 'it names its' : 'they name their'} own user instead`,
      sql`SELECT count(*) AS n FROM user_roles WHERE ${unknown}`,
      sql`UPDATE user_roles SET granted_by = user_email WHERE ${unknown}`,
    );
  }
  return mends;
}

/** Rows whose foreign key points at nothing, for these keys of the target; a table that is not there is nothing. */
export async function findDangling(
  db: Connection,
  keys: readonly { readonly table: string; readonly key: ForeignKey }[],
  schema: Schema,
): Promise<readonly DanglingKey[]> {
  const dangling: DanglingKey[] = [];
  for (const { table, key } of keys) {
    if (columnOf(schema.get(table), key.column) === undefined) continue;
    const rows = await (schema.has(key.table) ? countDangling(db, table, key) : countAll(db, table, key));
    if (rows > 0) dangling.push({ table, key, rows });
  }
  return dangling;
}

/**
 * Rows of a table whose foreign key points at a row that does not exist. A join, because MariaDB runs
 * NOT EXISTS row by row and takes ten times as long.
 */
async function countDangling(db: Connection, table: string, key: ForeignKey): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(sql<{ n: unknown }>`
    SELECT count(*) AS n FROM ${sql.table(table)} c
    LEFT JOIN ${sql.table(key.table)} p ON ${sql.ref(`p.${key.references}`)} = ${sql.ref(`c.${key.column}`)}
    WHERE ${sql.ref(`c.${key.column}`)} IS NOT NULL AND ${sql.ref(`p.${key.references}`)} IS NULL`);
  return Number(row?.n ?? 0);
}

async function countAll(db: Connection, table: string, key: ForeignKey): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(
    sql<{ n: unknown }>`SELECT count(${sql.ref(key.column)}) AS n FROM ${sql.table(table)}`,
  );
  return Number(row?.n ?? 0);
}

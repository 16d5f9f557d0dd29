import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import type { Statement } from '../database/statement.ts';
import type { Assignment } from '../ownership/assignment.ts';
import type { Orphans } from '../ownership/orphans.ts';
import {
  assignUnknownReferences,
  findUnknownReferences,
  UNKNOWN,
  type UnknownReferences,
} from '../ownership/unknown-references.ts';
import { isOutside, TEAM_VISIBILITIES } from '../ownership/visibility.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type ForeignKey, type Schema } from '../schema/model.ts';
import { sameKey } from '../schema/pending.ts';
import { otherAdmins } from '../seed/find-admin.ts';
import { type DanglingKey, danglingMend, mendDangling } from './dangling-mend.ts';

/** What a run mends of rows that the constraints of the target do not allow: all that `fix` mends without loss. */
export interface Mends {
  /** Before the first constraint. */
  readonly first: readonly Statement[];
  /** Once the administrator and the personal team are there. */
  readonly teams: readonly Statement[];
  /** A sentence each, without its full stop. */
  readonly told: readonly string[];
  /** Half-assigned rows that `teams` gives both, by table. */
  readonly reassigned: ReadonlyMap<string, number>;
  /** What is left for people, or for `fix`, which would delete rows. */
  readonly left: readonly DanglingKey[];
}

/**
 * Finds what has to be mended before a run. Writes nothing.
 *
 * @param after the schema that the run leads to
 * @param assignment where rows end up that have no owner; null where nobody gets one
 */
export async function mendsOf(
  db: Connection,
  schema: Schema,
  after: Schema,
  assignment: Assignment | null,
): Promise<Mends> {
  const rows = await findMends(db, schema);
  const first = rows.map(({ statement }) => statement);
  const told = rows.map(({ what }) => what);
  const teams: Statement[] = [];
  const reassigned = new Map<string, number>();
  const left: DanglingKey[] = [];
  const isMended = ({ table, key }: Pick<DanglingKey, 'table' | 'key'>) =>
    schema.has('email_users') && table === 'user_roles' && key.column === 'granted_by';
  const keys = addedKeys(schema, after).filter((added) => !isMended(added));
  for (const dangling of await findDangling(db, keys, schema)) {
    const { table, key } = dangling;
    const unknown = await unknownTeams(db, schema, dangling, assignment);
    if (unknown !== null && assignment !== null) {
      teams.push(...assignUnknownReferences(db, unknown, assignment));
      const halves = sql`${sql.id(table)} t WHERE ${UNKNOWN.team} AND t.owner_email IS NULL`;
      reassigned.set(table, await countRows(db, halves));
      told.push(
        `${table}: ${plural(dangling.rows, 'row')} of teams that do not exist: given to their owner’s team`,
      );
      continue;
    }
    const admin = await adminWhoIsThere(db, schema, assignment);
    const mend = schema.has(key.table) ? danglingMend(schema, dangling, admin !== null) : null;
    if (mend === null || mend === 'delete') left.push(dangling);
    else {
      const { summary, statement } = mendDangling(db, dangling, mend, admin ?? '');
      first.push(statement);
      told.push(summary);
    }
  }
  return { first, teams, told, reassigned, left };
}

/** The counts of orphans without those rows that are given a team and an owner before. */
export function withoutReassigned(found: Orphans, { reassigned }: Mends): Orphans {
  const rows = reassigned.get(found.table.name) ?? 0;
  return { ...found, teamOnly: found.teamOnly - rows, unresolvable: found.unresolvable - rows };
}

/** Foreign keys that a run adds to tables which are there. */
function addedKeys(before: Schema, after: Schema): readonly Pick<DanglingKey, 'table' | 'key'>[] {
  return [...before.values()].flatMap(({ name, foreignKeys }) =>
    (after.get(name)?.foreignKeys ?? [])
      .filter((key) => !before.has(key.table) || !foreignKeys.some((k) => sameKey(k, key)))
      .map((key) => ({ table: name, key })),
  );
}

/** Rows of an owned table whose team does not exist, where all of them can be given another; else null. */
async function unknownTeams(
  db: Connection,
  schema: Schema,
  { table, key, rows }: DanglingKey,
  assignment: Assignment | null,
): Promise<UnknownReferences | null> {
  const owned = OWNED_TABLES.find(({ name }) => name === table);
  const told =
    columnOf(schema.get(table), 'owner_email') !== undefined &&
    schema.has('email_teams') &&
    schema.has('email_users');
  if (owned === undefined || key.column !== 'team_id' || assignment === null || !told) return null;
  const unknown = await findUnknownReferences(db, owned, 'team', rows, assignment);
  return unknown.collisionCount + unknown.unresolvable === 0 ? unknown : null;
}

/** The administrator, or another where that one is yet to be made: a foreign key wants a user who is there. */
async function adminWhoIsThere(
  db: Connection,
  schema: Schema,
  assignment: Assignment | null,
): Promise<string | null> {
  if (!schema.has('email_users')) return null;
  const email = assignment?.ownerEmail ?? '';
  const [user] = await db.query(sql`SELECT email FROM email_users WHERE email = ${email}`);
  return user === undefined ? ((await otherAdmins(db, schema, email))[0] ?? null) : email;
}

/** Rows that must be mended before a constraint can be added, and the statement that does it. */
interface Mend {
  /** A sentence about as many rows as there are, without its full stop. */
  readonly what: string;
  readonly statement: Statement;
}

/** What a gateway can have left in rows that the constraints of the target do not allow. */
async function findMends(db: Connection, schema: Schema): Promise<readonly Mend[]> {
  const mends: Mend[] = [];
  const mend = async (
    table: string,
    where: RawBuilder<unknown>,
    change: RawBuilder<unknown>,
    what: (rows: number) => string,
  ) => {
    const rows = await countRows(db, sql`${sql.table(table)} WHERE ${where}`);
    const update = sql`UPDATE ${sql.table(table)} SET ${change} WHERE ${where}`;
    if (rows > 0) mends.push({ what: what(rows), statement: { ...db.compile(update), counts: 'written' } });
  };
  const toPrivate = sql`visibility = 'private'`;
  if (schema.has('email_teams')) {
    // A pre-release let teams have the visibility `team` (COMPATIBILITY §2).
    const outside = isOutside(db.dialect, 'visibility', TEAM_VISIBILITIES);
    await mend(
      'email_teams',
      outside,
      toPrivate,
      (n) =>
        `${plural(n, 'team')} made private: v0.7.0 does not have ${n === 1 ? 'its' : 'their'} visibility`,
    );
  }
  for (const { name } of OWNED_TABLES) {
    if (columnOf(schema.get(name), 'visibility')?.nullable !== true) continue;
    await mend(
      name,
      sql`visibility IS NULL`,
      toPrivate,
      (n) => `${name}: ${plural(n, 'row')} without a visibility: private from now on`,
    );
  }
  if (schema.has('user_roles') && schema.has('email_users')) {
    // The gateway writes `system`, which is no user (COMPATIBILITY §4); the user itself always is one.
    await mend(
      'user_roles',
      sql`NOT EXISTS (SELECT 1 FROM email_users u WHERE u.email = user_roles.granted_by)
        AND EXISTS (SELECT 1 FROM email_users u WHERE u.email = user_roles.user_email)`,
      sql`granted_by = user_email`,
      (n) =>
        `${plural(n, 'role assignment')} granted by somebody who is no user: ${n === 1 ? 'it names its' : 'they name their'} own user instead`,
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
    const rows = await (schema.has(key.table)
      ? countDangling(db, table, key)
      : countRows(db, sql`${sql.table(table)} WHERE ${sql.ref(key.column)} IS NOT NULL`));
    if (rows > 0) dangling.push({ table, key, rows });
  }
  return dangling;
}

/**
 * Rows of a table whose foreign key points at a row that does not exist. A join, because MariaDB runs
 * NOT EXISTS row by row and takes ten times as long.
 */
function countDangling(db: Connection, table: string, key: ForeignKey): Promise<number> {
  return countRows(
    db,
    sql`${sql.table(table)} c
    LEFT JOIN ${sql.table(key.table)} p ON ${sql.ref(`p.${key.references}`)} = ${sql.ref(`c.${key.column}`)}
    WHERE ${sql.ref(`c.${key.column}`)} IS NOT NULL AND ${sql.ref(`p.${key.references}`)} IS NULL`,
  );
}

import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import type { Assignment } from '../ownership/assignment.ts';
import type { Orphans } from '../ownership/orphans.ts';
import {
  assignUnknownReferences,
  findUnknownReferences,
  UNKNOWN,
  type UnknownReferences,
} from '../ownership/unknown-references.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { sameKey } from '../schema/pending.ts';
import { otherAdmins } from '../seed/other-admins.ts';
import { type DanglingKey, danglingMend, mendDangling } from './dangling-mend.ts';
import { findDangling, findMends } from './prepare.ts';

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
      const [row] = await db.query<{ n: unknown }>(sql<{ n: unknown }>`
        SELECT count(*) AS n FROM ${sql.id(table)} t WHERE ${UNKNOWN.team} AND t.owner_email IS NULL`);
      reassigned.set(table, Number(row?.n ?? 0));
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

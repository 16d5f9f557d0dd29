import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import type { Assignment } from '../ownership/assignment.ts';
import { assignOrphans, findOrphans, type Orphans, ownedTables } from '../ownership/orphans.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { SeedPlan } from '../seed/plan-seed.ts';
import { type Mends, withoutReassigned } from './mends.ts';
import type { OwnershipValues } from './migration.ts';

/** What the gateway's own upgrade writes (COMPATIBILITY §5). */
const MARKER = 'mcpgateway-0.7.0-migration';
/** Rows that a v0.6.0 gateway showed to everybody stay visible to everybody. */
const FORMER_VISIBILITY = 'public';

/** How the rows of a database get their owner. */
export interface PlannedOwners {
  readonly statements: readonly Statement[];
  /** Rows that get an owner, by table. */
  readonly assigned: ReadonlyMap<string, number>;
  /** Those among them that get it as its column arrives. */
  readonly arriving: readonly (readonly [table: string, rows: number])[];
  /** Tables with rows that must stay without one. */
  readonly left: readonly Orphans[];
}

export const NOBODY: PlannedOwners = { statements: [], assigned: new Map(), arriving: [], left: [] };

/** The values that rows without an owner get as the columns arrive; null where they stay unassigned. */
export function ownershipOf(seed: SeedPlan | null): OwnershipValues {
  if (seed === null) return { teamId: null, ownerEmail: null, visibility: 'private' };
  return { teamId: seed.teamId, ownerEmail: seed.ownerEmail, visibility: FORMER_VISIBILITY };
}

/** The same for rows that lack only one of them. */
export function assignmentOf({ teamId, ownerEmail }: SeedPlan, marker: boolean): Assignment {
  return {
    teamId,
    ownerEmail,
    visibility: FORMER_VISIBILITY,
    // The team may be one that this very run makes, or makes active again.
    admin: { email: ownerEmail, teamId },
    marker: marker ? MARKER : undefined,
  };
}

interface Owning {
  readonly assignment: Assignment;
  readonly rowsBefore: ReadonlyMap<string, number>;
  readonly mends: Mends;
}

/** Finds the rows without an owner or a team, and plans who gets them. */
export async function planOwnership(
  db: Connection,
  schema: Schema,
  { assignment, rowsBefore, mends }: Owning,
): Promise<PlannedOwners> {
  const left: Orphans[] = [];
  const assigned = new Map<string, number>();
  const arriving: [string, number][] = [];
  const statements: Statement[] = [];
  for (const owned of OWNED_TABLES) {
    const { name } = owned;
    const here = schema.get(name);
    if (here === undefined) continue;
    const hasTeam = columnOf(here, 'team_id') !== undefined;
    const hasOwner = columnOf(here, 'owner_email') !== undefined;
    if (!hasTeam && !hasOwner) {
      const rows = rowsBefore.get(name) ?? 0;
      assigned.set(name, rows);
      arriving.push([name, rows]);
      if (assignment.marker !== undefined && rows > 0) statements.push(markAll(db, name, assignment.marker));
    } else if (ownedTables(schema).includes(owned) && hasTeam) {
      const found = withoutReassigned(await findOrphans(db, owned, assignment), mends);
      const staying = found.collisionCount + found.unresolvable;
      assigned.set(name, found.neither + found.ownerOnly + found.teamOnly - staying);
      if (staying > 0) left.push(found);
      statements.push(...assignOrphans(db, found, assignment));
    } else {
      // Half of the columns: which rows lack what shows only once the other half is there.
      const some = {
        neither: 1,
        ownerOnly: 1,
        teamOnly: 1,
        collisions: [],
        collisionCount: 0,
        unresolvable: 0,
      };
      statements.push(...assignOrphans(db, { table: owned, ...some }, assignment, { wary: true }));
    }
  }
  return { statements, assigned, arriving, left };
}

function markAll(db: Connection, name: string, marker: string): Statement {
  return {
    ...db.compile(
      sql`UPDATE ${sql.table(name)} SET federation_source = ${marker}${sql.raw(db.dialect.kept(name))} WHERE coalesce(federation_source, '') = ''`,
    ),
    counts: 'written',
    table: name,
  };
}

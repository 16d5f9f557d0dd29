import { sql } from 'kysely';
import type { Statement } from '../database/statement.ts';
import type { Assignment } from '../ownership/assignment.ts';
import type { CheckContext } from './check.ts';
import { perContext } from './per-context.ts';
import { seedStatements } from './seed-statements.ts';

export interface PlannedAssignment {
  readonly assignment: Assignment;
  /** What has to be there first: the personal team that the rows go to, and the membership in it. */
  readonly before: readonly Statement[];
}

/** What a v0.6.0 gateway showed to everybody stays visible to everybody (COMPATIBILITY §5). */
const FORMER_VISIBILITY = 'public';

/**
 * Which values the repairs of ownership write: what the flags say; what they leave open follows as for a row
 * that has the other (COMPATIBILITY §5). Null when there is no administrator to fall back on.
 */
export const ownershipAssignment = perContext(async (context): Promise<PlannedAssignment | null> => {
  const { overrides, seed } = context;
  const admin = seed === null ? undefined : { email: seed.ownerEmail, teamId: seed.teamId };
  const teamId = overrides.teamId ?? (await personalTeamOf(context, overrides.ownerEmail)) ?? admin?.teamId;
  const ownerEmail = overrides.ownerEmail ?? (await makerOf(context, overrides.teamId)) ?? admin?.email;
  if (teamId === undefined || ownerEmail === undefined) return null;
  return {
    assignment: {
      teamId,
      ownerEmail,
      visibility: overrides.visibility ?? FORMER_VISIBILITY,
      admin,
      forcedTeamId: overrides.teamId,
      forcedOwnerEmail: overrides.ownerEmail,
      forcedVisibility: overrides.visibility,
    },
    before: overrides.teamId === undefined ? seedStatements(context, 'team', 'membership') : [],
  };
});

async function personalTeamOf(
  { db, seed }: CheckContext,
  owner: string | undefined,
): Promise<string | undefined> {
  if (owner === undefined || owner === seed?.ownerEmail) return undefined;
  const yes = db.dialect.boolean(true);
  const [team] = await db.query<{ id: string | null }>(
    sql`SELECT min(id) AS id FROM email_teams WHERE created_by = ${owner} AND is_personal = ${yes} AND is_active = ${yes}`,
  );
  return team?.id ?? undefined;
}

async function makerOf({ db }: CheckContext, team: string | undefined): Promise<string | undefined> {
  if (team === undefined) return undefined;
  const [maker] = await db.query<{ email: string }>(
    sql`SELECT u.email FROM email_teams e JOIN email_users u ON u.email = e.created_by WHERE e.id = ${team}`,
  );
  return maker?.email;
}

import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { isTrue } from '../database/is-true.ts';
import { GatewayError } from '../errors.ts';
import { advise, type Command, mcpgw } from '../report/advice.ts';
import type { Schema } from '../schema/model.ts';
import { VISIBILITIES } from './visibility.ts';

/** Flags of `fix` that say which values rows get. */
export interface Overrides {
  readonly teamId?: string | undefined;
  readonly ownerEmail?: string | undefined;
  readonly visibility?: string | undefined;
  /** Turn off the providers of single sign-on that the settings no longer name. */
  readonly disableStale?: boolean | undefined;
}

/** Flags of `fix` as somebody typed them. */
export interface OverrideFlags {
  /** Id or slug. */
  readonly team?: string | undefined;
  readonly owner?: string | undefined;
  readonly visibility?: string | undefined;
  readonly disableStale?: boolean | undefined;
}

/**
 * Looks up what `--team`, `--owner` and `--visibility` name. The owner is found whatever the case it is typed in.
 *
 * @param command that takes these flags
 * @throws GatewayError USAGE with every flag that cannot be used: a team or user that does not exist or is
 *   inactive, an owner whose rows would have no team, a visibility that does not exist
 */
export async function resolveOverrides(
  db: Connection,
  schema: Schema,
  flags: OverrideFlags,
  command: Command = mcpgw('fix'),
): Promise<Overrides> {
  const problems: string[] = [];
  const teamId = flags.team === undefined ? undefined : await findTeam(db, schema, flags.team, problems);
  const ownerEmail =
    flags.owner === undefined ? undefined : await findOwner(db, schema, flags.owner, problems);
  if (
    ownerEmail !== undefined &&
    flags.team === undefined &&
    !(await hasPersonalTeam(db, schema, ownerEmail))
  ) {
    problems.push(`--owner: ${ownerEmail} has no active personal team; say with --team where the rows go`);
  }
  const visibility = flags.visibility?.trim().toLowerCase();
  if (visibility !== undefined && !VISIBILITIES.some((known) => known === visibility)) {
    problems.push(`--visibility: there is no “${flags.visibility}”; it is one of ${VISIBILITIES.join(', ')}`);
  }
  if (problems.length > 0) {
    throw new GatewayError(
      'USAGE',
      `${problems.length === 1 ? 'A flag names' : 'Flags name'} what is not there.`,
      {
        details: problems,
        hint: advise`Correct what is named above and run: ${command}. Nothing was changed.`,
      },
    );
  }
  return { teamId, ownerEmail, visibility, disableStale: flags.disableStale };
}

async function findTeam(
  db: Connection,
  schema: Schema,
  text: string,
  problems: string[],
): Promise<string | undefined> {
  const rows = schema.has('email_teams')
    ? await db.query<{ id: string; is_active: unknown }>(
        sql`SELECT id, is_active FROM email_teams WHERE id = ${text} OR slug = ${text}
            ORDER BY CASE WHEN id = ${text} THEN 0 ELSE 1 END LIMIT 1`,
      )
    : [];
  const team = rows[0];
  if (team === undefined) problems.push(`--team: there is no team with the id or slug “${text}”`);
  else if (!isTrue(team.is_active)) problems.push(`--team: the team “${text}” is not active`);
  return team?.id;
}

async function findOwner(
  db: Connection,
  schema: Schema,
  text: string,
  problems: string[],
): Promise<string | undefined> {
  const email = text.trim().toLowerCase();
  const rows = schema.has('email_users')
    ? await db.query<{ email: string; is_active: unknown }>(
        sql`SELECT email, is_active FROM email_users WHERE lower(email) = ${email}`,
      )
    : [];
  const user = rows[0];
  if (user === undefined) problems.push(`--owner: there is no user “${text}”`);
  else if (!isTrue(user.is_active)) problems.push(`--owner: the user “${user.email}” is not active`);
  return user?.email;
}

async function hasPersonalTeam(db: Connection, schema: Schema, email: string): Promise<boolean> {
  if (!schema.has('email_teams')) return false;
  const yes = db.dialect.boolean(true);
  const rows = await db.query(
    sql`SELECT id FROM email_teams WHERE created_by = ${email} AND is_personal = ${yes} AND is_active = ${yes} LIMIT 1`,
  );
  return rows.length > 0;
}

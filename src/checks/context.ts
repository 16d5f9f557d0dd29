import { sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import { targetSchema } from '../migrate/record.ts';
import { readSeedFacts } from '../seed/facts.ts';
import { personalTeam } from '../seed/personal-team.ts';
import { planSeed, type SeedPlan } from '../seed/plan-seed.ts';
import type { Settings } from '../settings/settings.ts';
import type { CheckContext, Overrides } from './check.ts';

export interface CheckInput {
  readonly settings: Settings;
  readonly overrides: Overrides;
  readonly now: Date;
}

/** Reads what all checks share. */
export async function checkContext(db: Connection, input: CheckInput): Promise<CheckContext> {
  const schema = new Map(await db.dialect.readSchema(db));
  const adminEmail = await findAdmin(db, schema, input.settings);
  return {
    db,
    schema,
    target: targetSchema(MIGRATIONS),
    settings: input.settings,
    adminEmail,
    seed: await missingSeeds(db, schema, adminEmail, input),
    overrides: input.overrides,
  };
}

/**
 * Whose account the checks are about: PLATFORM_ADMIN_EMAIL when somebody chose one, else the administrator
 * who is there (the first, if there are several), so that `verify` needs no settings but the database.
 */
async function findAdmin(db: Connection, schema: CheckContext['schema'], settings: Settings): Promise<string> {
  if (!settings.adminEmailIsDefault || !schema.has('email_users')) return settings.platformAdminEmail;
  const yes = db.dialect.boolean(true);
  const [admin] = await db.query<{ email: string }>(
    sql`SELECT email FROM email_users WHERE is_admin = ${yes} ORDER BY is_active DESC, created_at, email LIMIT 1`,
  );
  return admin?.email ?? settings.platformAdminEmail;
}

const SEEDED = ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'];

async function missingSeeds(
  db: Connection,
  schema: CheckContext['schema'],
  email: string,
  { settings, now }: CheckInput,
): Promise<SeedPlan | null> {
  if (!SEEDED.every((table) => schema.has(table))) return null;
  const asked = personalTeam(email, settings.platformAdminFullName, settings);
  const facts = await readSeedFacts(db, schema, email, asked.slugs);
  if (facts.user === null) return null;
  const team = personalTeam(email, facts.user.full_name, settings);
  const named = team.slugs.join() === asked.slugs.join() ? facts : await readSeedFacts(db, schema, email, team.slugs);
  return planSeed(db, {
    settings: { platformAdminEmail: email, platformAdminFullName: settings.platformAdminFullName },
    facts: named,
    team,
    password: null,
    now,
  });
}

import type { Connection } from '../database/connection.ts';
import type { Schema } from '../schema/model.ts';
import type { Settings } from '../settings/settings.ts';
import { readSeedFacts } from './facts.ts';
import type { PasswordHash } from './password.ts';
import { personalTeam } from './personal-team.ts';
import { planSeed, type SeedPlan } from './plan-seed.ts';

export interface SeedRequest {
  /** Whose account, team and role it is about. */
  readonly email: string;
  readonly settings: Settings;
  readonly now: Date;
  /** Makes the hash for a user that is missing; null returns no plan for one. */
  readonly hash: (() => Promise<PasswordHash>) | null;
}

/** Reads what is there of the seeds and plans what is missing. */
export async function missingSeed(
  db: Connection,
  schema: Schema,
  { email, settings, now, hash }: SeedRequest,
): Promise<SeedPlan | null> {
  const asked = personalTeam(email, settings.platformAdminFullName, settings);
  const facts = await readSeedFacts(db, schema, email, asked.slugs);
  const account = { platformAdminEmail: email, platformAdminFullName: settings.platformAdminFullName };
  if (facts.user === null) {
    return hash === null
      ? null
      : planSeed(db, { settings: account, facts, team: asked, password: await hash(), now });
  }
  // An existing user keeps its name, and its team is named after that.
  const team = personalTeam(email, facts.user.full_name, settings);
  const slugs =
    team.slugs.join() === asked.slugs.join() ? facts : await readSeedFacts(db, schema, email, team.slugs);
  return planSeed(db, { settings: account, facts: slugs, team, password: null, now });
}

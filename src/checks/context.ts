import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { releaseSchema } from '../migrate/release-schema.ts';
import type { Overrides } from '../ownership/resolve-overrides.ts';
import { findAdmin } from '../seed/find-admin.ts';
import { missingSeed, type SeedPlan } from '../seed/plan-seed.ts';
import type { Settings } from '../settings/settings.ts';
import type { CheckContext } from './check.ts';
import { sampleSize } from './sample-size.ts';
import { hasColumns } from './schema-part.ts';

export interface CheckInput {
  readonly settings: Settings;
  readonly overrides: Overrides;
  /** `--verbose`: all findings, as far as a report can hold them. */
  readonly verbose?: boolean | undefined;
  readonly now: Date;
}

/** Reads what all checks share. */
export async function checkContext(db: Connection, input: CheckInput): Promise<CheckContext> {
  const schema = new Map(await db.dialect.readSchema(db));
  const adminEmail = await findAdmin(db, schema, input.settings);
  return {
    db,
    schema,
    target: releaseSchema('0.7.0'),
    repaired: new Set(),
    settings: input.settings,
    adminEmail,
    seed: await plannedSeed(db, schema, adminEmail, input),
    overrides: input.overrides,
    sampleSize: sampleSize(input.verbose === true),
    now: input.now,
  };
}

const SEEDED = ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'];

/**
 * What is missing of the seeds; null where that cannot be told, which the checks about it report: a table or a
 * column that is lost is a finding of `schema.*`.
 */
async function plannedSeed(
  db: Connection,
  schema: CheckContext['schema'],
  email: string,
  { settings, now }: CheckInput,
): Promise<SeedPlan | null> {
  const target = releaseSchema('0.7.0');
  const isWhole = (table: string) =>
    hasColumns(schema.get(table), target.get(table)?.columns.map(({ name }) => name) ?? []);
  if (!SEEDED.every(isWhole)) return null;
  try {
    return await missingSeed(db, schema, { email, settings, now, hash: null });
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import { targetSchema } from '../migrate/record.ts';
import { findAdmin } from '../seed/find-admin.ts';
import { missingSeed } from '../seed/missing-seed.ts';
import type { Settings } from '../settings/settings.ts';
import type { CheckContext, Overrides } from './check.ts';

export interface CheckInput {
  readonly settings: Settings;
  readonly overrides: Overrides;
  readonly now: Date;
}

/** Reads what all checks share. */
export async function checkContext(
  db: Connection,
  input: CheckInput,
  inTransaction: boolean,
): Promise<CheckContext> {
  const schema = new Map(await db.dialect.readSchema(db));
  const adminEmail = await findAdmin(db, schema, input.settings);
  return {
    db,
    schema,
    target: targetSchema(MIGRATIONS),
    mended: new Set(),
    settings: input.settings,
    adminEmail,
    seed: SEEDED.every((table) => schema.has(table))
      ? await missingSeed(db, schema, {
          email: adminEmail,
          settings: input.settings,
          now: input.now,
          hash: null,
        })
      : null,
    overrides: input.overrides,
    inTransaction,
    now: input.now,
  };
}

const SEEDED = ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'];

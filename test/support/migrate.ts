import type { Surroundings } from '../../src/change/change.ts';
import { runChange } from '../../src/change/run-change.ts';
import type { Connection } from '../../src/database/connection.ts';
import type { Plan } from '../../src/migrate/plan.ts';
import { type Upgraded, type UpgradeOptions, upgrade } from '../../src/migrate/upgrade.ts';
import { connect } from './connect.ts';
import { surroundings } from './surroundings.ts';
import { testSettings } from './test-settings.ts';

export interface MigrateOptions {
  /** Variables over those of `testSettings`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly context?: Partial<UpgradeOptions & Surroundings<Plan>>;
  /** Stands between the run and its connection. */
  readonly wrap?: (db: Connection) => Connection;
  readonly onStatement?: (sql: string) => void;
}

/** What `mcpgw migrate` does to a test database, without the command around it. */
export function migrate(
  database: { readonly url: string },
  { env, context, wrap = (db) => db, onStatement }: MigrateOptions = {},
): Promise<Upgraded> {
  const { settings } = testSettings(database.url, env);
  const now = new Date('2026-01-02T03:04:05.678Z');
  const change = upgrade({ settings, now, adopt: false, marker: false, ...context });
  const around = { ...surroundings((use) => connect(database, use), 2_000), ...context };
  return connect(database, (db) => runChange(wrap(db), change, around), {
    create: true,
    ...(onStatement === undefined ? {} : { onStatement }),
  });
}

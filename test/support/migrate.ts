import type { Connection } from '../../src/database/connection.ts';
import { type RunContext, type RunResult, runMigration } from '../../src/migrate/run.ts';
import { noProgress } from '../../src/progress.ts';
import { connect } from './connect.ts';
import { testSettings } from './test-settings.ts';

export interface MigrateOptions {
  /** Variables over those of `testSettings`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly context?: Partial<RunContext>;
  /** Stands between the run and its connection. */
  readonly wrap?: (db: Connection) => Connection;
  readonly onStatement?: (sql: string) => void;
}

/** What `mcpgw migrate` does to a test database, without the command around it. */
export function migrate(
  database: { readonly url: string },
  { env, context, wrap = (db) => db, onStatement }: MigrateOptions = {},
): Promise<RunResult> {
  const { settings } = testSettings(database.url, env);
  return connect(
    database,
    (db) =>
      runMigration(wrap(db), {
        settings,
        now: new Date('2026-01-02T03:04:05.678Z'),
        adopt: false,
        marker: false,
        progress: noProgress,
        toolVersion: '0.7.0-test',
        lockTimeoutMs: 2_000,
        signal: new AbortController().signal,
        beforeWriting: async () => {},
        confirm: async () => true,
        reconnect: (use) => connect(database, use),
        ...context,
      }),
    { create: true, ...(onStatement === undefined ? {} : { onStatement }) },
  );
}

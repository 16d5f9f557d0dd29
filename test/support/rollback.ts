import type { Connection } from '../../src/database/connection.ts';
import { type RollbackContext, type RollbackResult, runRollback } from '../../src/migrate/rollback.ts';
import { noProgress } from '../../src/progress.ts';
import { connect } from './connect.ts';
import { testSettings } from './test-settings.ts';

export interface RollbackOptions {
  readonly context?: Partial<RollbackContext>;
  /** Stands between the run and its connection. */
  readonly wrap?: (db: Connection) => Connection;
  readonly onStatement?: (sql: string) => void;
}

/** What `mcpgw rollback` does to a test database, without the command around it. */
export function rollback(
  database: { readonly url: string },
  { context, wrap = (db) => db, onStatement }: RollbackOptions = {},
): Promise<RollbackResult> {
  const { settings } = testSettings(database.url);
  return connect(
    database,
    (db) =>
      runRollback(wrap(db), {
        settings,
        discardNewData: false,
        now: new Date('2026-01-02T03:04:05.678Z'),
        progress: noProgress,
        toolVersion: '0.7.0-test',
        lockTimeoutMs: 2_000,
        signal: new AbortController().signal,
        beforeWriting: async () => {},
        confirm: async () => true,
        reconnect: (use) => connect(database, use),
        ...context,
      }),
    onStatement === undefined ? {} : { onStatement },
  );
}

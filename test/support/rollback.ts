import type { Ran, Surroundings } from '../../src/change/change.ts';
import { runChange } from '../../src/change/run-change.ts';
import type { Connection } from '../../src/database/connection.ts';
import { rollback as change, type RollbackOptions, type RollbackPlan } from '../../src/migrate/rollback.ts';
import { connect } from './connect.ts';
import { surroundings } from './surroundings.ts';
import { testSettings } from './test-settings.ts';

export interface Options {
  readonly context?: Partial<RollbackOptions & Surroundings<RollbackPlan>>;
  /** Stands between the run and its connection. */
  readonly wrap?: (db: Connection) => Connection;
  readonly onStatement?: (sql: string) => void;
}

/** The change that `mcpgw rollback` makes to a test database. */
export function rollingBack(database: { readonly url: string }, options: Partial<RollbackOptions> = {}) {
  const { settings } = testSettings(database.url);
  const now = new Date('2026-01-02T03:04:05.678Z');
  return change({ settings, now, discardNewData: false, ...options });
}

/** What `mcpgw rollback` does to a test database, without the command around it. */
export function rollback(
  database: { readonly url: string },
  { context, wrap = (db) => db, onStatement }: Options = {},
): Promise<Ran<RollbackPlan>> {
  const around = { ...surroundings((use) => connect(database, use), 2_000), ...context };
  return connect(
    database,
    (db) => runChange(wrap(db), rollingBack(database, context), around),
    onStatement === undefined ? {} : { onStatement },
  );
}

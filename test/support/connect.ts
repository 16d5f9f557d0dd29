import type { Connection } from '../../src/database/connection.ts';
import { type ConnectOptions, withDatabase } from '../../src/database/with-database.ts';
import { testSettings } from './test-settings.ts';

/** Gives `use` one connection to a test database (anything with a URL), opened the way commands open it. */
export function connect<T>(
  database: { readonly url: string },
  use: (db: Connection) => Promise<T>,
  options: Partial<ConnectOptions> = {},
): Promise<T> {
  const { target } = testSettings(database.url);
  return withDatabase(target, { access: 'write', retries: 0, retryIntervalMs: 1, ...options }, use);
}

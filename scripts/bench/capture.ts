import { sql } from 'kysely';
import type { Connection } from '../../src/database/connection.ts';
import type { Access } from '../../src/database/dialect.ts';
import { withDatabase } from '../../src/database/with-database.ts';
import { type LoadedSettings, loadSettings } from '../../src/settings/load.ts';
import { type Captured, nativeScript } from './native-script.ts';

/** The login that benchmarks migrate with; their databases are thrown away. */
export const CREDENTIALS = {
  PLATFORM_ADMIN_EMAIL: 'admin@bench.example.com',
  PLATFORM_ADMIN_PASSWORD: 'Bench-Marks-0',
} as const;

/** What every benchmark gives the library instead of a person's settings. */
export interface CaptureContext {
  readonly db: Connection;
  readonly settings: LoadedSettings['settings'];
}

/**
 * Runs the program's own functions on a database and writes down what they send.
 *
 * @param choose which of the statements the native client is to be given
 * @returns the script for the native client
 */
export async function capture(
  url: string,
  access: Access,
  choose: (statements: readonly Captured[]) => readonly Captured[],
  run: (context: CaptureContext) => Promise<void>,
): Promise<string> {
  const { settings, target } = loadSettings({
    flags: { databaseUrl: url },
    env: CREDENTIALS,
    cwd: '/',
    credentials: 'required',
    allowDefaultCredentials: false,
  });
  const statements: Captured[] = [];
  const onStatement = (sql: string, parameters: readonly unknown[]) => {
    // Time-outs of single tries are set back by a read, which the native client is not given.
    if (!/^SET LOCAL (lock|statement)_timeout/.test(sql)) statements.push({ sql, parameters });
  };
  return withDatabase(target, { access, retries: 0, retryIntervalMs: 0, onStatement }, async (db) => {
    await run({ db, settings });
    return (await sessionSettings(db)) + nativeScript(choose(statements), db.dialect);
  });
}

/** What our connection has set and a native client has not: SQLite's cache and how it renames tables. */
async function sessionSettings(db: Connection): Promise<string> {
  if (db.dialect.name !== 'sqlite') return '';
  const names = ['cache_size', 'foreign_keys', 'legacy_alter_table'];
  const lines: string[] = [];
  for (const name of names) {
    const [row] = await db.query<Record<string, number>>(sql`${sql.raw(`PRAGMA ${name}`)}`);
    lines.push(`PRAGMA ${name} = ${row?.[name] ?? 0};\n`);
  }
  return lines.join('');
}

import { delimiter } from 'node:path';
import { type RestoreContext, restoreBackup } from '../../src/backup/restore-backup.ts';
import type { TakeBackup } from '../../src/backup/take-backup.ts';
import { takeBackup } from '../../src/backup/take-backup.ts';
import { noProgress } from '../../src/progress.ts';
import { connect } from '../support/connect.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { databaseContent } from '../support/table-content.ts';
import { testSettings } from '../support/test-settings.ts';

/** The environment with the client programs of one server first on its PATH. */
export function clientEnv(id: DatabaseId): Record<string, string | undefined> {
  const folder = process.env[`TEST_${id.toUpperCase()}_CLIENTS`];
  const path = process.env.PATH ?? '';
  return { ...process.env, PATH: folder ? `${folder}${delimiter}${path}` : path };
}

export const NOW = new Date('2026-03-04T05:06:07.890Z');

export interface BackupOptions extends Partial<TakeBackup> {
  readonly directory: string;
}

/** A backup of a test database, as the command takes it. */
export function backUp(database: TestDatabase, options: BackupOptions) {
  const { target } = testSettings(database.url);
  return connect(
    database,
    (db) =>
      takeBackup({
        db,
        target,
        env: clientEnv(database.id),
        cwd: options.directory,
        progress: noProgress,
        signal: new AbortController().signal,
        envFile: null,
        keep: null,
        now: NOW,
        toolVersion: '0.7.0-test',
        ...options,
      }),
    { access: 'read' },
  );
}

export interface RestoreOptions extends Partial<RestoreContext> {
  readonly directory: string;
  readonly name: string;
}

export function restoreContext(database: TestDatabase, options: RestoreOptions): RestoreContext {
  return {
    target: testSettings(database.url).target,
    env: clientEnv(database.id),
    cwd: options.directory,
    progress: noProgress,
    signal: new AbortController().signal,
    envFile: null,
    now: new Date('2026-03-04T06:00:00Z'),
    toolVersion: '0.7.0-test',
    backup: true,
    lockTimeoutMs: 300,
    connect: (use) => connect(database, use, { access: 'read' }),
    confirm: async () => true,
    ...options,
  };
}

/** Puts a backup back into a test database, as the command does once its question was answered. */
export function putBack(database: TestDatabase, options: RestoreOptions) {
  return restoreBackup(restoreContext(database, options));
}

export { v060Database } from '../support/template.ts';

/** Every value of every table. */
export function contentOf(database: TestDatabase) {
  return connect(database, async (db) => databaseContent(db, await db.dialect.readSchema(db)));
}

/** Its tables, columns, keys and indexes. */
export function shapeOf(database: TestDatabase) {
  return connect(database, async (db) => schemaShape(await db.dialect.readSchema(db)));
}

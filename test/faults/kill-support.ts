import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { HISTORY_TABLE } from '../../src/schema/gateway-tables.ts';
import { connect } from '../support/connect.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { type CliOptions, spawnCli } from '../support/spawn-cli.ts';
import { databaseContent } from '../support/table-content.ts';
import { v060Database } from '../support/template.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOOK = pathToFileURL(join(import.meta.dirname, '../support/kill-hook.mjs')).href;

export interface Hook {
  /** Which statement, from 1; 0 for none. */
  readonly at: number;
  readonly phase?: 'before' | 'after';
  readonly signal?: NodeJS.Signals;
  readonly match?: string;
  readonly waitMs?: number;
  /** A file that ends the wait. */
  readonly until?: string;
  readonly log?: string;
}

/** The environment that makes the program load the hook. */
export function hooked(url: string, hook: Hook): CliOptions {
  return {
    env: {
      DATABASE_URL: url,
      DB_MAX_RETRIES: '0',
      NODE_OPTIONS: `--import=${HOOK}`,
      MCPGW_HOOK_AT: String(hook.at),
      MCPGW_HOOK_PHASE: hook.phase,
      MCPGW_HOOK_SIGNAL: hook.signal,
      MCPGW_HOOK_MATCH: hook.match,
      MCPGW_HOOK_WAIT_MS: hook.waitMs === undefined ? undefined : String(hook.waitMs),
      MCPGW_HOOK_UNTIL: hook.until,
      MCPGW_HOOK_LOG: hook.log,
    },
  };
}

/** The same for a program that is held at the statement until `letGo` is called. */
export function held(url: string, hook: Hook): CliOptions & { letGo(): void } {
  const until = join(temporaryFolder(), 'go');
  return { ...hooked(url, { phase: 'before', ...hook, until }), letGo: () => writeFileSync(until, '') };
}

/** A small v0.6.0 database for the test that is running. */
export async function smallV060(id: DatabaseId): Promise<TestDatabase> {
  const database = await v060Database(id);
  onTestFinished(() => database.drop());
  return database;
}

/** The statements of an undisturbed run that write, and the state that it ends in. */
export async function undisturbed(id: DatabaseId): Promise<{ statements: string[]; end: unknown }> {
  const database = await smallV060(id);
  const log = join(temporaryFolder(), 'statements');
  const run = await spawnCli(['migrate', '--no-backup'], hooked(database.url, { at: 0, log }));
  if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
  const statements = readFileSync(log, 'utf8').trim().split('\n');
  return { statements, end: await endState(database) };
}

const TODAY = /20\d\d-\d\d-\d\d[ T][\d:.]+(Z|[+-]\d\d(:?\d\d)?)?/g;

/** Schema and every row, but for what differs from run to run: generated ids, hashes, and today's times. */
export function endState(database: TestDatabase): Promise<unknown> {
  const today = new Date().toISOString().slice(0, 10);
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const masked = (row: unknown) =>
    JSON.stringify(row)
      .replaceAll(/\$argon2[^"]*/g, '<hash>')
      .replaceAll(/[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/g, '<id>')
      .replaceAll(TODAY, (time) => (time.startsWith(today) || time.startsWith(yesterday) ? '<now>' : time));
  return connect(database, async (db) => {
    const schema = await db.dialect.readSchema(db);
    const content = [...(await databaseContent(db, schema))]
      .filter(([table]) => table !== HISTORY_TABLE)
      .map(([table, rows]) => [table, [...rows.values()].map(masked).toSorted()] as const);
    const steps = [...((await databaseContent(db, schema)).get(HISTORY_TABLE)?.values() ?? [])].map(
      (row) => row.step,
    );
    return {
      shape: schemaShape(schema),
      content: Object.fromEntries(content),
      steps: [...new Set(steps)].toSorted(),
    };
  });
}

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { keyCheck } from '../../src/ciphers/key-check.ts';
import type { Report } from '../../src/report/report.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { reportIn } from '../support/report-of.ts';
import { type ProcessRun, runInProcess } from '../support/run-in-process.ts';
import { copyOf } from '../support/template.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Files and databases of real gateways; undefined where the tests have none. */
export const REAL_CONFIG = existsSync(process.env.MCPGW_REAL_CONFIG ?? '')
  ? process.env.MCPGW_REAL_CONFIG
  : undefined;

/** The administrator of the real databases. */
export const ROOT = 'root@example.org';
export const SECRET = 'shared-secret-of-the-tests';

const ENV = { PLATFORM_ADMIN_EMAIL: ROOT, PLATFORM_ADMIN_FULL_NAME: 'Platform Administrator' };

/** Names of the files in the folder of real configurations that end so. */
export function realFiles(end: string): string[] {
  return REAL_CONFIG === undefined ? [] : readdirSync(REAL_CONFIG).filter((name) => name.endsWith(end));
}

/** AUTH_ENCRYPTION_SECRET of the gateway that a real file or database is of. */
export function secretOf(name: string): string {
  if (name.includes('teams')) return 'shared-secret-multi';
  return name.startsWith('v0.6.0') ? 'shared-secret-060' : 'shared-secret-070';
}

/** A v0.7.0 database with nothing but its administrator, for the test that is running. */
export async function emptyGateway(id: DatabaseId): Promise<TestDatabase> {
  const database = await copyOf(id, 'empty-gateway', async ({ url }) => {
    const run = await runInProcess(['migrate', '--yes', '--no-backup'], {
      env: { DATABASE_URL: url, ...ENV },
    });
    if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
  });
  onTestFinished(() => database.drop());
  return database;
}

/** A real database, on SQLite. */
export async function realGateway(name: string): Promise<TestDatabase> {
  const database = await createDatabase('sqlite');
  onTestFinished(() => database.drop());
  await database.load(join(REAL_CONFIG ?? '', name));
  return database;
}

export interface Imported extends ProcessRun {
  readonly report: Report;
}

/** Runs a command of the program on a database, and reads its report. */
export async function mcpgw(
  { url }: Pick<TestDatabase, 'url'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Imported> {
  const run = await runInProcess([...args, '--format', 'json'], {
    env: { DATABASE_URL: url, AUTH_ENCRYPTION_SECRET: SECRET, ...ENV, ...env },
  });
  return { ...run, report: reportIn(run.stdout, run.stderr) };
}

/** Imports a file that is there, or a document that is written to one. */
export function importing(
  database: Pick<TestDatabase, 'url'>,
  file: unknown,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Imported> {
  const path = typeof file === 'string' ? file : written(file);
  return mcpgw(database, ['import', path, '--yes', '--no-backup', ...args], env);
}

export function written(content: unknown): string {
  const path = join(temporaryFolder(), 'configuration.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** How many rows of each type are created, updated, unchanged and deleted. */
export function counts({ report }: Imported): Record<string, readonly unknown[]> {
  const rows = report.sections.find(({ id }) => id === 'import')?.rows ?? [];
  return Object.fromEntries(rows.map(([type, ...numbers]) => [String(type), numbers]));
}

/** What the report of a refusal names. */
export const problemsOf = ({ report }: Imported): readonly string[] => report.error?.details ?? [];

/** A document of ours with these rows. */
export function documentOf(entities: Readonly<Record<string, unknown>>, more: object = {}): object {
  return {
    format: 'mcpgw-configuration',
    version: 1,
    exportedAt: '2026-01-02T03:04:05.000000Z',
    tool: { name: 'mcpgw', version: '0.7.0' },
    source: { release: '0.7.0', revision: 'e182847d89e6', dialect: 'sqlite', host: 'there' },
    secrets: { mode: 'keep', keyCheck: keyCheck(SECRET) },
    counts: {},
    ...more,
    entities,
  };
}

const AT = '2025-08-01T10:00:00.000000Z';
const OWNED = {
  team: null,
  owner_email: ROOT,
  visibility: 'private',
  created_at: AT,
  updated_at: AT,
  tags: [],
  version: 1,
};

/** Rows of a document, with what they cannot do without. */
export const tool = (id: string, name: string, more: object = {}) => ({
  ...OWNED,
  id,
  original_name: name,
  custom_name: name,
  custom_name_slug: name,
  name,
  display_name: name,
  url: `https://${name}.example/x`,
  integration_type: 'REST',
  request_type: 'GET',
  input_schema: { type: 'object' },
  ...more,
});
export const gateway = (id: string, name: string, more: object = {}) => ({
  ...OWNED,
  id,
  name,
  slug: name,
  url: `https://${name}.example/mcp`,
  transport: 'SSE',
  ...more,
});
export const server = (id: string, name: string, more: object = {}) => ({ ...OWNED, id, name, ...more });
export const resource = (id: number, uri: string, more: object = {}) => ({
  ...OWNED,
  id,
  uri,
  name: uri,
  ...more,
});
export const agent = (id: string, name: string, more: object = {}) => ({
  ...OWNED,
  id,
  name,
  slug: name,
  endpoint_url: `https://${name}.example/a2a`,
  ...more,
});

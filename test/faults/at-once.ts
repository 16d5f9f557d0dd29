import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { connect } from '../support/connect.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { type CliResult, spawnCli, startCli } from '../support/spawn-cli.ts';
import { copyOf } from '../support/template.ts';

/** What a v0.6.0 database of these tests holds; few rows, since what counts is who does the work. */
export const SAMPLE = {
  seed: 3,
  tools: 40,
  resources: 20,
  prompts: 10,
  servers: 10,
  gateways: 5,
  agents: 5,
  metrics: 200,
};

/** What a run must leave exactly so often, whoever did it. */
const COUNTS = {
  'SELECT count(*) FROM email_users': '1',
  'SELECT count(*) FROM email_teams': '1',
  'SELECT count(*) FROM email_team_members': '1',
  'SELECT count(*) FROM roles': '4',
  'SELECT count(*) FROM user_roles': '1',
  'SELECT count(*) FROM alembic_version': '1',
  'SELECT version_num FROM alembic_version': 'e182847d89e6',
};

/** A database for processes to meet on: empty, or as v0.6.0 left it. On SQLite an empty one is no file at all. */
export async function startingDatabase(id: DatabaseId, start: 'empty' | 'v0.6.0'): Promise<TestDatabase> {
  if (start === 'v0.6.0') return copyOf(id, 'sample-of-faults', ({ url }) => createSample(url, SAMPLE));
  const database = await createDatabase(id);
  if (id === 'sqlite') rmSync(database.name);
  return database;
}

/** Starts so many runs at once and gives how each of them ended. */
export async function migrateAtOnce(url: string, count: number): Promise<CliResult[]> {
  const runs = await Promise.all(
    Array.from({ length: count }, () =>
      startCli(['migrate', '--no-backup', '--format', 'json'], { env: { DATABASE_URL: url } }),
    ),
  );
  return Promise.all(runs.map((run) => run.ended));
}

interface MigrateReport {
  readonly status: string;
  readonly steps: readonly { readonly status: string }[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly database: { readonly release: string };
}

/** Expects that one run migrated, and that the others exited 0 since nothing was left to do. */
export function expectOneMigrated(results: readonly CliResult[]): void {
  const outcomes = results.map(({ exitCode, stdout, stderr }) => {
    const report = JSON.parse(stdout || '{}') as Partial<MigrateReport>;
    const worked = report.steps?.some(({ status }) => status === 'done') ?? false;
    const release = report.database?.release;
    if (exitCode !== 0) return `exit ${exitCode}: ${report.error?.message ?? stderr}`;
    return `${release}: ${worked ? 'migrated' : 'already there'}`;
  });
  expect(outcomes.toSorted()).toEqual([
    ...Array.from({ length: results.length - 1 }, () => '0.7.0: already there'),
    '0.7.0: migrated',
  ]);
}

/** Expects what one undisturbed run leaves: the schema, the seed once, every row with its owner. */
export async function expectMigratedOnce(database: TestDatabase, start: 'empty' | 'v0.6.0'): Promise<void> {
  for (const [query, wanted] of Object.entries(COUNTS)) {
    expect({ [query]: await database.query(query) }).toEqual({ [query]: wanted });
  }
  const tools = start === 'empty' ? '0' : String(SAMPLE.tools);
  const owned = "owner_email = 'admin@corp.example.com' AND team_id IS NOT NULL AND visibility = 'public'";
  expect(await database.query('SELECT count(*) FROM tools')).toBe(tools);
  expect(await database.query(`SELECT count(*) FROM tools WHERE ${owned}`)).toBe(tools);
  const verified = await spawnCli(['verify'], { env: { DATABASE_URL: database.url } });
  expect(verified.stdout + verified.stderr).toMatch(/Clean|passed/);
  expect(verified.exitCode).toBe(0);

  const undisturbed = await startingDatabase(database.id, start);
  try {
    await migrate(undisturbed);
    const shapeOf = (of: TestDatabase) =>
      connect(of, async (db) => schemaShape(await db.dialect.readSchema(db)));
    expect(await shapeOf(database)).toEqual(await shapeOf(undisturbed));
  } finally {
    await undisturbed.drop();
  }
}

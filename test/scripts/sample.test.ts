import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { benchmarkSample, SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { createDatabase, describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describeEachDatabase('createSample', ({ id }) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase(id);
  });

  afterEach(async () => {
    await database.drop();
  });

  test('makes a v0.6.0 database of the size that is asked for', async () => {
    const written = await createSample(database.url, SMALL_SAMPLE);

    expect(written).toBeGreaterThan(SMALL_SAMPLE.tools + SMALL_SAMPLE.metrics);
    expect(await database.query('SELECT version_num FROM alembic_version')).toBe('1fc1795f6983');
    const counts = ['tools', 'resources', 'servers', 'prompts', 'gateways', 'a2a_agents']
      .map((table) => `(SELECT count(*) FROM ${table})`)
      .join(', ');
    const { tools, resources, servers, prompts, gateways, agents } = SMALL_SAMPLE;
    expect(await database.query(`SELECT ${counts}`)).toBe(
      [tools, resources, servers, prompts, gateways, agents].join('\t'),
    );
    await expect(database.query('SELECT display_name FROM tools')).rejects.toThrow(/display_name/);
  });

  test('has no association or metric of something that is not there', async () => {
    await createSample(database.url, SMALL_SAMPLE);
    const references = [
      ['server_tool_association', 'tool_id', 'tools'],
      ['server_resource_association', 'resource_id', 'resources'],
      ['server_prompt_association', 'prompt_id', 'prompts'],
      ['tool_metrics', 'tool_id', 'tools'],
      ['resource_metrics', 'resource_id', 'resources'],
      ['tools', 'gateway_id', 'gateways'],
    ] as const;
    for (const [table, column, parent] of references) {
      const where = `${column} IS NOT NULL`;
      const dangling = `${where} AND NOT EXISTS (SELECT 1 FROM ${parent} p WHERE p.id = c.${column})`;
      const counts = `SELECT (SELECT count(*) FROM ${table} c WHERE ${where}) > 0, (SELECT count(*) FROM ${table} c WHERE ${dangling})`;
      expect(await database.query(counts), table).toMatch(/^(1|t)\t0$/);
    }
  });

  test('refuses a database that has tables', async () => {
    await database.query('CREATE TABLE somebody (n INTEGER)');
    await expect(createSample(database.url, SMALL_SAMPLE)).rejects.toThrow(/tables in the database already/);
  });
});

test('the same seed gives the same file, another seed another', async () => {
  const folder = temporaryFolder();
  const hashOf = async (name: string, seed: number) => {
    await createSample(`sqlite:///${join(folder, name)}`, { ...SMALL_SAMPLE, seed });
    return createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  };
  const first = await hashOf('first.db', 7);
  expect(await hashOf('second.db', 7)).toBe(first);
  expect(await hashOf('third.db', 8)).not.toBe(first);
});

test('has names that plain ASCII rules do not cover, at any size worth measuring', async () => {
  const path = join(temporaryFolder(), 'mcp.db');
  await createSample(`sqlite:///${path}`, benchmarkSample(1000));
  const { default: SQLite } = await import('better-sqlite3');
  const file = new SQLite(path, { readonly: true });
  const unusual = file.prepare("SELECT count(*) FROM tools WHERE custom_name GLOB '*[^ -~]*'").pluck().get();
  const sizes = file
    .prepare('SELECT min(length(input_schema)), max(length(input_schema)) FROM tools')
    .raw()
    .get();
  file.close();
  expect(unusual).toBeGreaterThan(5);
  expect(sizes).toEqual([expect.toSatisfy((n) => n > 200), expect.toSatisfy((n) => n < 700)]);
});

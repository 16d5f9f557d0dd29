import SQLite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entity } from '../../src/configuration/document.ts';
import { ASSOCIATIONS, ENTITY_TYPES } from '../../src/configuration/entities.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import type { TestDatabase } from '../support/databases.ts';
import { bodyOf, CONFIGURED, documentIn, loadedDump, REAL, realFile, runExport } from './support.ts';

describe.each(REAL)('an export of $name', (dump) => {
  let database: TestDatabase;
  let text: string;
  const env = { AUTH_ENCRYPTION_SECRET: dump.secret };

  beforeAll(async () => {
    database = await loadedDump(dump);
    const { exitCode, stdout, stderr } = await runExport(database, [], env);
    expect(exitCode, stderr).toBe(0);
    text = stdout;
  });
  afterAll(() => database?.drop());

  it('is what the schema allows, and the same bytes again', async () => {
    documentIn(text);
    const again = await runExport(database, [], env);
    expect(bodyOf(again.stdout)).toBe(bodyOf(text));
  });

  it('has every row, every column and every association', () => {
    const document = documentIn(text);
    const file = new SQLite(database.name, { readonly: true });
    const all = (sql: string) => file.prepare(sql).all() as Record<string, unknown>[];
    const schema = releaseSchema(document.source.release);
    for (const type of ENTITY_TYPES) {
      const stored = new Map(all(`SELECT * FROM ${type.table}`).map((row) => [row.id, row]));
      const rows = document.entities[type.table] ?? [];
      expect([document.counts[type.table], rows.length]).toEqual([stored.size, stored.size]);
      for (const row of rows) {
        for (const { name, kind } of schema.get(type.table)?.columns ?? []) {
          if (type.statistics.includes(name) || name in type.secrets || name === 'team_id') continue;
          expect(stored.get(row.id), `${type.table} ${row.id}`).toBeDefined();
          expect(asStored(kind, row[name]), `${type.table}.${name}`).toEqual(
            normal(kind, stored.get(row.id)?.[name]),
          );
        }
      }
    }
    for (const { table, column, to } of ASSOCIATIONS) {
      const pairs = (document.entities.servers ?? []).flatMap((server) =>
        (server[to] as { id: unknown }[]).map(({ id }) => `${server.id} ${id}`),
      );
      const stored = all(
        `SELECT a.* FROM ${table} a JOIN ${to} t ON t.id = a.${column} JOIN servers s ON s.id = a.server_id`,
      );
      expect(pairs.toSorted()).toEqual(stored.map((row) => `${row.server_id} ${row[column]}`).toSorted());
    }
    file.close();
  });
});

/** A value of a document as SQLite stores it. */
function asStored(kind: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (kind === 'boolean') return value === true ? 1 : 0;
  if (kind.endsWith('datetime')) return String(value).replace('T', ' ').replace('Z', '');
  return kind === 'blob' ? Buffer.from(String(value), 'base64') : value;
}

function normal(kind: string, value: unknown): unknown {
  if (kind === 'json' && typeof value === 'string') return JSON.parse(value);
  return value ?? null;
}

describe.skipIf(CONFIGURED.length === 0)('the gateway’s own document', () => {
  const exported = async (name: string, args: readonly string[] = []) => {
    const dump = CONFIGURED.find((each) => each.name === name)!;
    const database = await loadedDump(dump);
    try {
      return await runExport(database, ['--for', 'gateway', ...args], {
        AUTH_ENCRYPTION_SECRET: dump.secret,
      });
    } finally {
      await database.drop();
    }
  };

  it.each([
    ['v0.6.0', 'v0.6.0-export.admin-all.json'],
    ['v0.7.0', 'v0.7.0-export.admin-all.json'],
    ['v0.7.0-teams', 'v0.7.0-teams-export.admin-all.json'],
  ])('of %s is what the gateway itself exports', async (name, file) => {
    const { exitCode, stdout } = await exported(name);
    expect(exitCode).toBe(0);
    const [ours, theirs] = [stdout, realFile(file)].map(comparable);
    expect(ours).toEqual(theirs);
  });

  it('carries the credentials of tools, which the gateway loses, and names what it cannot hold', async () => {
    const { stdout, stderr } = await exported('v0.7.0');
    const { tools } = JSON.parse(stdout).entities as { tools: { name: string; auth_value?: string }[] };
    expect(tools.find(({ name }) => name === 'basic_tool')?.auth_value).toMatch(/^[\w-]{40,}$/);
    const told = stderr.replaceAll(/\s+/g, ' ');
    for (const line of [
      'ids, owners, teams and visibilities.',
      'tools of gateways, which find them again (8).',
      'OAuth settings of gateways (1).',
      'agents (2).',
      'contents of resources (3).',
      `tools ${tools.length} `,
    ]) {
      expect(told).toContain(line);
    }
    expect(told).not.toContain('a2a_agents');
  });

  it('has only what was selected', async () => {
    const { stdout } = await exported('v0.7.0', ['--type', 'tools', '--tag', 'prod', '--active-only']);
    const { entities, metadata } = JSON.parse(stdout);
    expect(entities.tools.map(({ name }: Entity) => name)).toEqual(['Weather.Now']);
    expect([entities.gateways, entities.roots]).toEqual([[], []]);
    expect(metadata.export_options).toMatchObject({ include_inactive: false, filter_tags: ['prod'] });
  });
});

/** A document of the gateway's without what it may differ in: when and by whom, the order, and what it loses. */
function comparable(text: string): unknown {
  const { entities, metadata, version, encryption_method } = JSON.parse(text);
  const keyOf = ({ name, uri, url, sse_endpoint }: Entity) => `${name}${uri}${url}${sse_endpoint}`;
  const byName = (a: Entity, b: Entity) => (keyOf(a) < keyOf(b) ? -1 : 1);
  const sorted = Object.fromEntries(
    Object.entries(entities as Record<string, Entity[]>).map(([type, rows]) => [
      type,
      rows
        .map((row) => ({
          ...row,
          ...(type === 'tools' && 'auth_value' in row ? { auth_value: null } : {}),
          ...(row.tool_ids === undefined ? {} : { tool_ids: (row.tool_ids as string[]).toSorted() }),
        }))
        .sort(byName),
    ]),
  );
  const offered = Object.entries(metadata.dependencies.servers_to_tools as Record<string, string[]>);
  return {
    version,
    encryption_method,
    sorted,
    counts: metadata.entity_counts,
    options: metadata.export_options,
    offered: offered.map(([name, tools]) => [name, tools.toSorted()]).sort(),
  };
}

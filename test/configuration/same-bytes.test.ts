import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { columnsOf } from '../../src/configuration/read-rows.ts';
import { parseJson, type Value } from '../../src/database/value.ts';
import { describeEachVersion } from '../support/databases.ts';
import { type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { bodyOf, documentIn, runExport } from './support.ts';

/** What databases, drivers and collations each have their own ideas of. */
const CHANGES: readonly (readonly [table: string, id: string | number, values: Record<string, Value>])[] = [
  [
    'tools',
    'tool-1',
    {
      name: 'aardvark',
      description: 'Ünïcode – 天気 🙂 &amp; "quoted" \\ \n\ttail ',
      input_schema: parseJson('{"z": 1, "a": {"é": [1.50, 1e3, 0.1], "B": null}, "10": true, "9": {}}'),
      created_at: '1999-12-31T23:59:59.000000Z',
      enabled: false,
      headers: null,
    },
  ],
  ['tools', 'tool-2', { name: 'Zebra', annotations: {}, version: 2147483647 }],
  ['gateways', 'gateway-1', { name: 'Éclair', passthrough_headers: [], auth_type: '' }],
  ['gateways', 'gateway-2', { name: 'eclair', tags: ['ß', 'a'] }],
  [
    'resources',
    1,
    { uri: 'file:///\u{1F600}', binary_content: Buffer.from([0, 255, 10, 39]).toString('base64'), size: 4 },
  ],
  ['resources', 2, { uri: 'file:///\uFB00', text_content: '' }],
  ['prompts', 1, { template: 'x'.repeat(20_000) }],
];

async function change({ withConnection }: MigratedDatabase): Promise<void> {
  await withConnection(async (db) => {
    const schema = await db.dialect.readSchema(db);
    for (const [table, id, values] of CHANGES) {
      const columns = columnsOf({ schema, release: '0.7.0' }, table);
      const set = Object.entries(values).map(([name, value]) => {
        const column = columns.find((each) => each.name === name)!;
        return sql`${sql.ref(name)} = ${db.dialect.values.toParameter(column, value)}`;
      });
      await db.query(sql`UPDATE ${sql.table(table)} SET ${sql.join(set)} WHERE id = ${id}`);
    }
    await db.query(sql`INSERT INTO global_config (id, passthrough_headers) VALUES (7, '["X-Tenant"]')`);
  });
}

describeEachVersion('an export', ({ id }) => {
  it('has the same bytes for the same rows, whichever database they are in', async () => {
    const here = await migratedDatabase(id);
    await change(here);
    const { exitCode, stdout, stderr } = await runExport(here.database);
    expect(exitCode, stderr).toBe(0);
    const document = documentIn(stdout);
    expect(document.entities.tools?.map(({ name }) => name)).toEqual(['Zebra', 'aardvark']);
    expect(document.entities.gateways?.map(({ name }) => name)).toEqual(['eclair', 'Éclair']);
    // By code points: as UTF-16 the first would come last.
    expect(document.entities.resources?.map((row) => row.id)).toEqual([2, 1]);
    expect(document.entities.servers?.[0]).toMatchObject({
      tools: [
        { id: 'tool-2', name: 'Zebra' },
        { id: 'tool-1', name: 'aardvark' },
      ],
      resources: [{ id: 1, name: 'file:///\u{1F600}' }],
      prompts: [],
      team: { owner: 'admin@corp.example.com' },
    });
    if (id === 'sqlite') return;
    const file = await migratedDatabase('sqlite');
    await change(file);
    expect(bodyOf(stdout)).toBe(bodyOf((await runExport(file.database)).stdout));
  });
});

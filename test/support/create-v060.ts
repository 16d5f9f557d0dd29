import { sql } from 'kysely';
import tablesOfV060 from '../../migrations/0001_v0_6_0_tables.ts';
import type { Connection } from '../../src/database/connection.ts';
import { record } from '../../src/migrate/record.ts';
import { REVISION } from '../../src/migrate/state.ts';
import { insertRow, type RowValues } from './insert-row.ts';
import { NO_FACTS, NOBODY } from './record-facts.ts';

/** Rows of a small v0.6.0 database, by table: at least one for each owned table, linked with each other. */
export const V060_ROWS: Readonly<Record<string, readonly RowValues[]>> = {
  gateways: [
    { id: 'g1', name: 'Time', slug: 'time', url: 'http://time/', last_seen: '2025-03-04 05:06:07' },
    { id: 'g2', name: 'Maps', slug: 'maps', url: 'http://maps/', last_seen: null, federation_source: 'peer' },
  ],
  servers: [
    { id: 's1', name: 'alpha', description: "it's\nnaïve 🙂" },
    { id: 's2', name: 'beta', federation_source: '' },
  ],
  a2a_agents: [{ id: 'a1', name: 'agent', slug: 'agent', endpoint_url: 'http://a/', protocol_version: '1' }],
  tools: [
    { id: 't1', ...toolNames('get_user'), gateway_id: 'g1', name: 'time-get-user' },
    { id: 't2', ...toolNames('v2api'), name: 'v2api' },
    { id: 't3', ...toolNames('ÉCOLE_normale'), name: 'ecole-normale' },
  ],
  resources: [
    { id: 1, uri: 'file:///a', name: 'a', text_content: 'text' },
    { id: 7, uri: 'file:///b', name: 'b', binary_content: Buffer.from([0, 255, 10]) },
  ],
  prompts: [{ id: 3, name: 'hello', template: "{{ it's }}", argument_schema: '{}' }],
  server_tool_association: [{ server_id: 's1', tool_id: 't1' }],
  tool_metrics: [{ id: 1, tool_id: 't1' }],
  resource_subscriptions: [
    { id: 1, resource_id: 1, subscriber_id: 'x', last_notification: '2025-03-04 05:06:07' },
  ],
};

function toolNames(name: string): RowValues {
  return { original_name: name, custom_name: name, custom_name_slug: name.toLowerCase().replace('_', '-') };
}

export interface V060Options {
  /** Instead of V060_ROWS. */
  readonly rows?: Readonly<Record<string, readonly RowValues[]>>;
  /** Null leaves out `alembic_version`. */
  readonly revision?: string | null;
  /** Makes tables otherwise than the release does, by their CREATE TABLE. */
  readonly rewrite?: (createTable: string) => string;
}

/** Makes the v0.6.0 tables with rows in them in an empty database, as that release left them. */
export async function createV060(db: Connection, options: V060Options = {}): Promise<void> {
  const { rows = V060_ROWS, revision = REVISION.v060, rewrite = (text) => text } = options;
  const { steps } = record([tablesOfV060], 'up', new Map(), db.dialect, NO_FACTS, NOBODY);
  for (const statement of steps.flatMap((step) => step.statements)) {
    await db.run({ ...statement, sql: rewrite(statement.sql) });
  }
  if (revision !== null) {
    await db.query(sql`CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)`);
    await db.query(sql`INSERT INTO alembic_version VALUES (${revision})`);
  }
  const schema = await db.dialect.readSchema(db);
  for (const [table, list] of Object.entries(rows)) {
    for (const row of list) await insertRow(db, schema, table, row);
  }
}

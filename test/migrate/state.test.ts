import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.ts';
import { GatewayError } from '../../src/errors.ts';
import { targetSchema } from '../../src/migrate/record.ts';
import { REVISION, recogniseState } from '../../src/migrate/state.ts';
import { string, table } from '../../src/schema/define.ts';
import type { Schema, Table } from '../../src/schema/model.ts';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import { createDatabase } from '../support/databases.ts';
import { mayWrite } from '../support/may-write.ts';
import { migrate } from '../support/migrate.ts';
import { databaseContent } from '../support/table-content.ts';

const tablesOnly = (name: string): Table => table(name, { id: string(36) }, { primaryKey: ['id'] });
const v070 = targetSchema(MIGRATIONS);
const v060 = targetSchema(MIGRATIONS.slice(0, 1));
const withDisplayName: Schema = new Map(v060).set('tools', v070.get('tools')!);
const globalUniques: Schema = new Map(v070).set('tools', { ...v070.get('tools')!, uniques: [] });
const withLeftover: Schema = new Map(v070).set('servers_tmp_nounique', tablesOnly('servers_tmp_nounique'));

describe('recogniseState: what can be migrated (COMPATIBILITY §1)', () => {
  test.each<[string, Schema, readonly string[] | null, string, string]>([
    ['no tables', new Map(), null, 'empty', 'empty'],
    [
      'only an empty alembic_version',
      new Map([['alembic_version', tablesOnly('alembic_version')]]),
      [],
      'empty',
      'empty',
    ],
    [
      'only our own history',
      new Map([['mcpgw_migration', tablesOnly('mcpgw_migration')]]),
      null,
      'unfinished-install',
      'unfinished',
    ],
    [
      'our own history and some tables, without a revision (a new database, cut off on MySQL)',
      new Map([
        ['mcpgw_migration', tablesOnly('mcpgw_migration')],
        ['gateways', v060.get('gateways')!],
      ]),
      [],
      'unfinished-install',
      'unfinished',
    ],
    ['v0.6.0', v060, [REVISION.v060], 'v0.6.0', '0.6.0'],
    ['v0.6.0 with tools.display_name', withDisplayName, [REVISION.v060], 'crashed-upgrade', '0.6.0'],
    ['v0.6.0 with email_users', v070, [REVISION.v060], 'crashed-upgrade', '0.6.0'],
    ['display_name', withDisplayName, [REVISION.displayName], 'partial-upgrade', '0.6.0'],
    ['multi-tenancy', globalUniques, [REVISION.multiTenancy], 'partial-upgrade', '0.6.0'],
    ['upgraded: global uniques', globalUniques, [REVISION.v070], 'upgraded-by-gateway', '0.7.0'],
    ['upgraded: leftovers', withLeftover, [REVISION.v070], 'upgraded-by-gateway', '0.7.0'],
    ['v0.7.0', v070, [REVISION.v070], 'v0.7.0', '0.7.0'],
  ])('%s', (_what, schema, revisions, kind, release) => {
    expect(recogniseState(schema, revisions)).toMatchObject({
      kind,
      release,
      revision: revisions?.[0] ?? '',
    });
  });

  test('v0.6.0 tables without a revision, when told to adopt them', () => {
    expect(recogniseState(v060, null, true)).toMatchObject({
      kind: 'v0.6.0',
      release: '0.6.0',
      revision: '',
    });
    expect(recogniseState(v060, [], true)).toMatchObject({ kind: 'v0.6.0', revision: '' });
  });
});

describe('recogniseState: what is refused', () => {
  const otherGateways: Schema = new Map([['gateways', tablesOnly('gateways')]]);
  test.each<[string, Schema, readonly string[] | null, boolean, RegExp]>([
    ['older: v0.5.0', v060, ['e75490e949b1'], false, /e75490e949b1 \(v0\.5\.0\), older than v0\.6\.0/],
    ['older', v060, ['add_oauth_tokens_table'], true, /add_oauth_tokens_table .* older than v0\.6\.0/],
    ['unknown', v070, ['0123456789ab'], true, /0123456789ab, which is newer/],
    ['two heads', v060, [REVISION.v060, '0123456789ab'], true, /2 rows \(1fc1795f6983, 0123456789ab\)/],
    [
      'a revision without tables',
      new Map(),
      [REVISION.v060],
      true,
      /tables of the gateway are missing: servers/,
    ],
    [
      'a revision without one table',
      new Map([...v070].filter(([n]) => n !== 'prompts')),
      [REVISION.v070],
      true,
      /missing: prompts\./,
    ],
    ['v0.6.0 without a revision', v060, null, false, /no revision is recorded/],
    [
      'tables of others',
      new Map([['wp_posts', tablesOnly('wp_posts')]]),
      null,
      true,
      /not the gateway’s: wp_posts/,
    ],
    ['a table gateways of others', otherGateways, null, true, /not those of v0\.6\.0/],
  ])('%s', (_what, schema, revisions, adopt, message) => {
    const refused = () => recogniseState(schema, revisions, adopt);
    expect(refused).toThrow(GatewayError);
    expect(refused).toThrow(message);
    try {
      refused();
    } catch (error) {
      expect(error).toMatchObject({ code: 'STATE', exitCode: 2 });
      expect(`${(error as GatewayError).hint}`).toMatch(/Nothing was changed\.$/);
    }
  });

  test('says what is missing from the fingerprint of v0.6.0', () => {
    expect.assertions(1);
    try {
      recogniseState(otherGateways, null, true);
    } catch (error) {
      expect((error as GatewayError).details).toContain('tools: the table is missing');
    }
  });
});

describe('a refused database', () => {
  test.each([
    ['older', ["UPDATE alembic_version SET version_num = 'e75490e949b1'"]],
    ['newer', ["UPDATE alembic_version SET version_num = 'ffffffffffff'"]],
    ['doubled', ["INSERT INTO alembic_version VALUES ('ffffffffffff')"]],
    ['without a revision', ['DROP TABLE alembic_version']],
    ['without a table', ['DROP TABLE a2a_agents']],
  ])('is left as it was: %s', async (_what, statements) => {
    const database = await createDatabase('sqlite');
    try {
      await connect(database, (db) => createV060(db));
      for (const statement of statements) await database.query(statement);
      const content = () =>
        connect(database, async (db) => databaseContent(db, await db.dialect.readSchema(db)));
      const before = await content();
      const sent: string[] = [];
      await expect(migrate(database, { onStatement: (text) => sent.push(text) })).rejects.toMatchObject({
        code: 'STATE',
        exitCode: 2,
      });
      expect(sent.filter(mayWrite)).toEqual([]);
      expect(await content()).toEqual(before);
    } finally {
      await database.drop();
    }
  });

  test('v0.6.0 tables without a revision are migrated with adopt', async () => {
    const database = await createDatabase('sqlite');
    try {
      await connect(database, (db) => createV060(db, { revision: null }));
      const result = await migrate(database, { context: { adopt: true } });
      expect(result.plan.state.kind).toBe('v0.6.0');
      await connect(database, async (db) => {
        expect(await db.query(sql`SELECT * FROM alembic_version`)).toEqual([{ version_num: REVISION.v070 }]);
      });
      expect((await migrate(database)).changed).toBe(false);
    } finally {
      await database.drop();
    }
  });
});

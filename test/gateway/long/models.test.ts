import { expect, test } from 'vitest';
import type { DatabaseId } from '../../support/database-kinds.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import { emptyDatabase, mcpgw, realDatabase } from '../support/judge.ts';

/** What Alembic would change to make a database fit the models of the gateway that runs it, a line each. */
const COMPARE = `
import json
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from mcpgateway.db import Base, engine

def lines(difference):
    if isinstance(difference, list):
        return [line for part in difference for line in lines(part)]
    kind, thing = difference[0], difference[1]
    if kind.endswith("_table") or kind.endswith("_table_comment"):
        return [f"{kind} {thing.name}"]
    if kind.endswith("_column"):
        return [f"{kind} {difference[2]}.{difference[3].name}"]
    if kind.startswith("modify_"):
        return [f"{kind} {difference[2]}.{difference[3]}: {difference[5]} -> {difference[6]}"]
    columns = ",".join(column.name for column in thing.columns)
    return [f"{kind} {thing.table.name} {thing.name} ({columns})"]

with engine.connect() as connection:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    print("DIFFERENCES " + json.dumps(sorted(lines(compare_metadata(context, Base.metadata)))))
`;

/** What may differ from the models, each with its reason. */
const EXCEPTIONS: readonly (readonly [difference: RegExp, reason: string])[] = [
  [/^remove_table mcpgw_\w+$/, 'the history of mcpgw'],
  [
    /^remove_index \w+ idx_\w+_(team|owner)_visibility /,
    'the ten visibility indexes, which the gateway’s own upgrade makes and its models do not name',
  ],
  [
    /^modify_type \w+\.\w+: VARCHAR(\(\))? -> (TEXT|VARCHAR\(\d+\))$/,
    'v0.6.0 left the column unbounded; narrowing it could lose data',
  ],
  [
    /^modify_type \w+\.\w+: (VARCHAR\(255\)|TEXT) -> VARCHAR\(\d+\)$/,
    'a v0.6.0 database on MySQL has the lengths that somebody chose: what is wider stays',
  ],
  [
    /^(modify_comment \w+\.\w+:|remove_table_comment) /,
    'comments of the gateway’s own upgrade, which its models do not have; they change nothing',
  ],
  [
    /^modify_type token_usage_logs\.id: INTEGER -> BIGINT$/,
    'a BIGINT primary key on SQLite rejects every row that the gateway adds',
  ],
];

describeJudged('the models of v0.7.0', ['0.7.0'], ({ id }) => {
  test('ask for nothing in a database made from nothing that theirs lacks', async () => {
    const database = await emptyDatabase(id);
    await mcpgw(database, 'bootstrap-db', '--yes');
    await expectFits(database);
  });

  for (const state of ['v0.6.0-small', 'v0.7.0-upgraded-small']) {
    test.skipIf(REAL_DATABASES === undefined)(`ask for nothing in ${state}, migrated`, async () => {
      const database = await realDatabase(id, state);
      await mcpgw(database, 'migrate', '--yes', '--no-backup');
      await expectFits(database);
    });
  }
});

async function expectFits(database: TestDatabase): Promise<void> {
  const known = await ofControl(database.id);
  const left = (await differences(database)).filter(
    (line) => !known.includes(line) && !EXCEPTIONS.some(([pattern]) => pattern.test(line)),
  );
  expect(left).toEqual([]);
}

const controls = new Map<DatabaseId, Promise<string[]>>();

/** What Alembic would change in a database that v0.7.0 made itself. */
function ofControl(id: DatabaseId): Promise<string[]> {
  const found = controls.get(id) ?? readControl(id);
  controls.set(id, found);
  return found;
}

async function readControl(id: DatabaseId): Promise<string[]> {
  const control = await emptyDatabase(id);
  await (await gatewayOn(control, '0.7.0')).run('mcpgateway.bootstrap_db');
  return differences(control);
}

async function differences(database: TestDatabase): Promise<string[]> {
  const output = await (await gatewayOn(database, '0.7.0')).python(COMPARE);
  const line = output.split('\n').find((text) => text.startsWith('DIFFERENCES '));
  return JSON.parse(line!.slice('DIFFERENCES '.length)) as string[];
}

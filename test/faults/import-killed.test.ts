import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  agent,
  documentOf,
  emptyGateway,
  gateway,
  importing,
  problemsOf,
  ROOT,
  resource,
  SECRET,
  server,
  tool,
  written,
} from '../configuration/import-support.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { databaseContent } from '../support/table-content.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { held, hooked } from './kill-support.ts';

const FILE = () =>
  written(
    documentOf({
      gateways: [gateway('g1', 'alpha')],
      tools: [tool('t1', 'one', { gateway_id: 'g1' }), tool('t2', 'changed', { description: 'new' })],
      resources: [resource(1, 'file:///a')],
      a2a_agents: [agent('a1', 'helper')],
      servers: [server('s1', 'main', { tools: [{ id: 't1', name: 'one' }] })],
    }),
  );
const ENV = { AUTH_ENCRYPTION_SECRET: SECRET, PLATFORM_ADMIN_EMAIL: ROOT };
const args = (file: string) => ['import', file, '--mode', 'replace', '--yes', '--no-backup'];

/** Rows of the gateway's tables. */
const content = (database: TestDatabase) =>
  connect(database, async (db) => {
    const all = await databaseContent(db, await db.dialect.readSchema(db));
    return JSON.stringify(
      [...all].filter(([table]) => !table.startsWith('mcpgw_')).map(([table, rows]) => [table, [...rows]]),
    );
  });

/** One with a row that the import changes. */
async function before(id: Parameters<typeof emptyGateway>[0]) {
  const database = await emptyGateway(id);
  const run = await importing(database, documentOf({ tools: [tool('t2', 'changed')] }));
  expect([run.exitCode, problemsOf(run)]).toEqual([0, []]);
  return database;
}

const withHook = (options: ReturnType<typeof hooked>) => ({ ...options, env: { ...options.env, ...ENV } });

describeEachDatabase('an import', ({ id }) => {
  test('that is killed at any statement has changed all or nothing', async () => {
    const file = FILE();
    const undisturbed = await before(id);
    const log = join(temporaryFolder(), 'statements');
    const whole = await spawnCli(args(file), withHook(hooked(undisturbed.url, { at: 0, log })));
    expect([whole.exitCode, whole.stderr]).toEqual([0, expect.any(String)]);
    const end = await content(undisturbed);
    const statements = readFileSync(log, 'utf8').trim().split('\n');
    expect(
      statements.filter((sql) => /^INSERT INTO .(tools|gateways|servers|resources|a2a_agents)/.test(sql)),
    ).toHaveLength(5);
    const database = await before(id);
    const start = await content(database);
    expect(start).not.toBe(end);
    // A program starts in seconds where many run.
    const points = [...statements.keys()].filter(
      (at) => id === 'sqlite' || at % 3 === 0 || at === statements.length - 1,
    );
    for (const at of points) {
      const run = await spawnCli(
        args(file),
        withHook(hooked(database.url, { at: at + 1, phase: 'before', signal: 'SIGKILL' })),
      );
      const where = `${at + 1} ${statements[at]}`;
      expect([where, run.signal]).toEqual([where, 'SIGKILL']);
      await expect.poll(() => content(database), { timeout: 10_000, message: where }).toBe(start);
    }
    expect(points.length).toBeGreaterThan(3);
    expect((await spawnCli(args(file), { env: { DATABASE_URL: database.url, ...ENV } })).exitCode).toBe(0);
    expect(await content(database)).toBe(end);
  }, 120_000);

  test('waits for another one, and ends with 4 where that takes too long', async () => {
    const database = await before(id);
    const file = FILE();
    const first = held(database.url, { at: 1, match: 'INSERT INTO .tools' });
    const holding = await startCli(args(file), withHook(first));
    await holding.shows('[hook]');
    const env = { DATABASE_URL: database.url, ...ENV };
    const second = await spawnCli([...args(file), '--lock-timeout', '1'], { env });
    expect([second.exitCode, second.stderr]).toEqual([4, expect.stringContaining('LOCKED')]);
    const third = await startCli(args(file), { env });
    await third.shows('Waiting for');
    first.letGo();
    expect((await holding.ended).exitCode).toBe(0);
    const waited = await third.ended;
    expect([waited.exitCode, waited.stdout]).toEqual([0, expect.not.stringContaining('Steps')]);
  }, 60_000);
});

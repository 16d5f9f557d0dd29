import { describe, expect, test } from 'vitest';
import type { GatewayRelease } from '../../../scripts/gateway/releases.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { ADMIN } from '../../support/test-settings.ts';
import { giveRealSecrets } from '../support/dump-secrets.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import { emptyDatabase, mcpgw, realDatabase, whileServing } from '../support/judge.ts';
import { LISTS, logIn } from '../support/served.ts';

const WAYS: Readonly<Record<string, readonly GatewayRelease[]>> = {
  'one after the other': ['0.8.0', '0.9.0', '1.0.7'],
  directly: ['1.0.7'],
};

describeJudged('later releases upgrade', ['0.7.0', '0.8.0', '0.9.0', '1.0.7'], ({ id, dialect }) => {
  describe.skipIf(REAL_DATABASES === undefined)('what mcpgw left, as they do what v0.7.0 made itself', () => {
    for (const [way, releases] of Object.entries(WAYS)) {
      test(way, async () => {
        const control = await emptyDatabase(id);
        await (await gatewayOn(control, '0.7.0')).run('mcpgateway.bootstrap_db');
        const database = await realDatabase(id, 'v0.6.0-small');
        await giveRealSecrets(database, await gatewayOn(database, '0.7.0'));
        await mcpgw(database, 'migrate', '--yes', '--no-backup');

        for (const release of releases) {
          const expected = await upgrade(control, release);
          const outcome = await upgrade(database, release);
          expect({ release, ...outcome.facts }, outcome.output).toEqual({ release, ...expected.facts });
          // The gateway's own releases after v0.7.0 fail on MySQL and MariaDB, on their own databases too.
          if (dialect !== 'mysql') expect(outcome.facts.exitCode, outcome.output).toBe(0);
        }
        if (dialect !== 'mysql') await expectServed(database);
      });
    }
  });
});

async function upgrade(database: TestDatabase, release: GatewayRelease) {
  const gateway = await gatewayOn(database, release);
  const { exitCode, output } = await gateway.tryRun('mcpgateway.bootstrap_db');
  const revision = await database.query('SELECT version_num FROM alembic_version');
  return { facts: { exitCode, revision }, output: output.split('\n').slice(-40).join('\n') };
}

/** 1.0.7 logs the administrator in and lists every row. */
async function expectServed(database: TestDatabase): Promise<void> {
  await whileServing(await gatewayOn(database, '1.0.7'), async (at) => {
    const admin = await logIn(at, ADMIN.email, ADMIN.password);
    for (const [path, table] of Object.entries(LISTS)) {
      const answer = await admin.get(`${path}?include_inactive=true&limit=0`);
      const rows = Number(await database.query(`SELECT count(*) FROM ${table}`));
      expect((answer as unknown[]).length, path).toBe(rows);
    }
  });
}

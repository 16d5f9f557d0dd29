import { describe, expect, onTestFinished, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { clusterDatabase, GALERA_NODES } from '../support/cluster-database.ts';
import { connect } from '../support/connect.ts';
import { runSql } from '../support/run-sql.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { expectOneMigrated, SAMPLE } from './at-once.ts';

/** Numbers that a cluster gives have gaps, and the sample's rows point at 1, 2, 3: so without numbered rows. */
const WITHOUT_NUMBERED = { ...SAMPLE, resources: 0, prompts: 0, metrics: 0 };

describe.skipIf(GALERA_NODES.length < 2)('a Galera cluster (needs TEST_GALERA_URLS)', () => {
  test('of migrations started at once on two nodes one works, the other waits', async () => {
    const { urls } = await clusterDatabase();
    const [one = '', two = ''] = urls;
    await createSample(one, WITHOUT_NUMBERED);
    const runs = await Promise.all(
      [one, two, one, two].map((url) =>
        startCli(['migrate', '--no-backup', '--format', 'json'], { env: { DATABASE_URL: url } }),
      ),
    );
    expectOneMigrated(await Promise.all(runs.map((run) => run.ended)));
    for (const url of urls) {
      // The node that only applied what the other did may be a moment behind.
      const rows = (query: string) => runSql('mysql', url, `SET SESSION wsrep_sync_wait = 15; ${query}`);
      expect(await rows('SELECT version_num FROM alembic_version')).toBe('e182847d89e6');
      expect(await rows('SELECT count(*) FROM roles')).toBe('4');
      expect(await rows('SELECT count(*) FROM email_users')).toBe('1');
      expect(await rows('SELECT count(*) FROM tools WHERE team_id IS NOT NULL')).toBe(String(SAMPLE.tools));
      // The lease is given back.
      expect(await rows('SELECT count(*) FROM mcpgw_lock')).toBe('0');
      const verified = await spawnCli(['verify'], { env: { DATABASE_URL: url } });
      expect(verified.exitCode).toBe(0);
    }
  });

  test('a run on the other node exits 4 and names the holder', async () => {
    const { urls } = await clusterDatabase();
    const [one = '', two = ''] = urls;
    await createSample(one, WITHOUT_NUMBERED);
    await connect({ url: one }, async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
      const second = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '2'], {
        env: { DATABASE_URL: two },
      });
      expect(second.stderr.replaceAll(/\s+/g, ' ')).toMatch(
        new RegExp(`mcpgw@\\S+ pid ${process.pid}, since \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ`),
      );
      expect(second.exitCode).toBe(4);
      await db.dialect.endRun(db, false);
    });
    const third = await startCli(['migrate', '--no-backup'], { env: { DATABASE_URL: two } });
    onTestFinished(() => void third.child.kill('SIGKILL'));
    expect((await third.ended).exitCode).toBe(0);
  });
});

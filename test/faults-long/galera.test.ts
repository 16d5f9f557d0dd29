import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterDatabase, GALERA_NODES } from '../support/cluster-database.ts';
import { connect } from '../support/connect.ts';
import { runSql } from '../support/run-sql.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';

describe.skipIf(GALERA_NODES.length < 2)('the lease on a Galera cluster (needs TEST_GALERA_URLS)', () => {
  test('of a run that was killed is taken over within the default time of waiting', async () => {
    const { urls } = await clusterDatabase();
    const [one = '', two = ''] = urls;
    const killed = await startCli(['migrate', '--no-backup', '--debug'], { env: { DATABASE_URL: one } });
    await killed.shows('INSERT INTO `mcpgw_lock`');
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(await runSql('mysql', one, 'SELECT count(*) FROM mcpgw_lock')).toBe('1');

    const next = await spawnCli(['migrate', '--no-backup'], { env: { DATABASE_URL: two } });
    expect(next.stderr).toContain(`pid ${killed.pid}`);
    expect(next.exitCode).toBe(0);
    expect(await runSql('mysql', two, 'SELECT count(*) FROM mcpgw_lock')).toBe('0');
    const verified = await spawnCli(['verify'], { env: { DATABASE_URL: two } });
    expect(verified.exitCode).toBe(0);
  }, 120_000);

  test('is not taken from a run that lives, however long that takes; one that lost it stops', async () => {
    const { urls } = await clusterDatabase();
    const [one = '', two = ''] = urls;
    await connect({ url: one }, async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
      const second = await startCli(['migrate', '--no-backup', '--lock-timeout', '50'], {
        env: { DATABASE_URL: two },
      });
      onTestFinished(() => void second.child.kill('SIGKILL'));
      expect((await second.ended).exitCode).toBe(4);

      await runSql('mysql', two, "UPDATE mcpgw_lock SET token = 'somebody else'");
      await sleep(12_000);
      await expect(db.dialect.readSchema(db)).rejects.toThrow();
    });
  }, 180_000);
});

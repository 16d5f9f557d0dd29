import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { clientPath } from '../support/client-path.ts';
import { clusterDatabase, GALERA_NODES } from '../support/cluster-database.ts';
import { connect } from '../support/connect.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { runSql } from '../support/run-sql.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
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

  test('of two changes of rows on two nodes one is made, in one transaction with its lease', async () => {
    const { urls } = await clusterDatabase();
    const [one = '', two = ''] = urls;
    await createSample(one, WITHOUT_NUMBERED);
    const run = (url: string, ...args: string[]) =>
      spawnCli([...args, '--no-backup'], { env: { DATABASE_URL: url } });
    expect((await run(one, 'migrate')).exitCode).toBe(0);
    const both = await Promise.all([one, two].map((url) => run(url, 'team', 'create', 'Sales', '--yes')));
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const rows = (query: string) => runSql('mysql', two, `SET SESSION wsrep_sync_wait = 15; ${query}`);
    expect(await rows(`SELECT count(*) FROM email_teams WHERE slug = 'sales'`)).toBe('1');
    expect(await rows(`SELECT count(*) FROM mcpgw_migration WHERE step = 'team:create'`)).toBe('1');
    expect(await rows('SELECT count(*) FROM mcpgw_lock')).toBe('0');
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

  test('a restore keeps its lease while the dump is loaded; its marker is seen on every node', async () => {
    const { urls, name } = await clusterDatabase();
    const [one = '', two = ''] = urls;
    await createSample(one, WITHOUT_NUMBERED);
    const place = join(temporaryFolder(), 'kept');
    const client = pausingClient('mariadb', 'mariadb', 'stdin', 'INSERT INTO `tools`');
    const kept = ['--backup-dir', place];
    const env = { DATABASE_URL: one, PATH: client.path };
    expect((await spawnCli(['backup', ...kept], { env })).exitCode).toBe(0);
    const [from = ''] = readdirSync(place).filter((file) => file.endsWith('.json'));
    expect(readFileSync(join(place, from), 'utf8')).not.toContain('mcpgw_lock');
    const restore = ['restore', from, ...kept, '--confirm', name];

    const going = await startCli(restore, { env, timing: { beatMs: 500 } });
    onTestFinished(() => void going.child.kill('SIGKILL'));
    await client.paused();
    const beats = () => runSql('mysql', one, 'SELECT beats > 0 FROM mcpgw_lock');
    await expect.poll(beats, { timeout: 20_000 }).toBe('1');
    const other = { env: { ...env, DATABASE_URL: two } };
    const beside = await spawnCli(['backup', ...kept, '--lock-timeout', '1'], other);
    expect([beside.exitCode, beside.stderr]).toEqual([4, expect.stringContaining(`pid ${going.pid}`)]);
    const looked = await spawnCli(['status'], other);
    expect([looked.exitCode, looked.stderr]).toEqual([2, expect.stringContaining('has not come to its end')]);
    client.resume();
    const ended = await going.ended;
    expect([ended.exitCode, ended.stderr]).toEqual([0, expect.any(String)]);
    for (const url of urls) {
      const rows = (query: string) => runSql('mysql', url, `SET SESSION wsrep_sync_wait = 15; ${query}`);
      expect(await rows("SHOW TABLES LIKE 'mcpgw_restore'")).toBe('');
      expect(await rows('SELECT count(*) FROM mcpgw_lock')).toBe('0');
      expect(await rows('SELECT count(*) FROM tools')).toBe(String(SAMPLE.tools));
    }
    expect((await spawnCli(['status'], other)).exitCode).toBe(0);
  });

  test('a user who may only read waits for runs, and takes a backup', async () => {
    const { urls, name } = await clusterDatabase();
    const [one = ''] = urls;
    await createSample(one, WITHOUT_NUMBERED);
    await runSql('mysql', one, `CREATE USER ${name}@'%' IDENTIFIED BY 'Str0ng'`);
    onTestFinished(() => runSql('mysql', one, `DROP USER ${name}`).then(() => {}));
    await runSql('mysql', one, `GRANT SELECT, LOCK TABLES, SHOW VIEW ON ${name}.* TO ${name}`);
    const url = new URL(one);
    [url.username, url.password] = [name, 'Str0ng'];
    const env = { DATABASE_URL: url.href, PATH: clientPath(one) };
    const run = await spawnCli(['backup', '--backup-dir', join(temporaryFolder(), 'kept')], { env });
    expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  });
});

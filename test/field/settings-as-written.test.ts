import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSmallFile } from '../../src/files/read-small-file.ts';
import { clientPath } from '../support/client-path.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { reportIn, reportOf } from '../support/report-of.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function report(args: readonly string[], cwd: string, env: Record<string, string | undefined> = {}) {
  const { stdout, stderr } = await runInProcess([...args, '--format', 'json'], { cwd, env });
  return reportIn(stdout, stderr);
}

const told = (result: Awaited<ReturnType<typeof report>>) => JSON.stringify([result.error, result.warnings]);

describe('Settings are taken as they are written', () => {
  describe('sqlite', () => {
    it('a % in the path is part of the name of the file', async () => {
      const { name, folder } = await sqliteFile('v0.7.0');
      renameSync(name, join(folder, 'mcp%20prod.db'));
      const found = await report(['status'], folder, { DATABASE_URL: 'sqlite:///./mcp%20prod.db' });
      expect(found).toMatchObject({ exitCode: 0, warnings: [], database: { release: '0.7.0' } });
      expect(found.database?.url).toBe(`sqlite:///${join(folder, 'mcp%20prod.db')}`);
    });

    it('a name that exists only decoded is used with a warning, and nothing is made beside it', async () => {
      const { name, folder } = await sqliteFile('v0.6.0');
      renameSync(name, join(folder, 'mcp prod.db'));
      const done = await report(['migrate', '--yes', '--no-backup'], folder, {
        DATABASE_URL: 'sqlite:///./mcp%20prod.db',
      });
      expect(done).toMatchObject({ exitCode: 0, database: { release: '0.7.0' } });
      expect(told(done)).toContain('there is no database');
      expect(readdirSync(folder)).toEqual(['mcp prod.db']);
    });

    it('no new database is made while one that is nearly called so is there, exit 2', async () => {
      const { name, folder } = await sqliteFile('v0.6.0');
      renameSync(name, join(folder, 'mcp%20prod.db'));
      const refused = await report(['migrate', '--yes'], folder, { DATABASE_URL: 'sqlite:///./mcp prod.db' });
      expect(refused).toMatchObject({ exitCode: 2, error: { code: 'URL' } });
      expect(told(refused)).toContain('mcp%20prod.db beside it is nearly called so');
      expect(readdirSync(folder)).toEqual(['mcp%20prod.db']);
      const fresh = await report(['migrate', '--yes'], folder, { DATABASE_URL: 'sqlite:///./other.db' });
      expect(fresh.exitCode).toBe(0);
    });

    it('a comment behind the URL is refused, unless a file is called so', async () => {
      const { name, folder } = await sqliteFile('v0.7.0');
      const env = { DATABASE_URL: 'sqlite:///./mcp.db # production' };
      const refused = await report(['migrate', '--yes'], folder, env);
      expect(refused).toMatchObject({ exitCode: 2, error: { code: 'URL' } });
      expect(told(refused)).toContain('Docker’s --env-file takes no comment away');
      renameSync(name, join(folder, 'mcp.db # production'));
      expect(await report(['status'], folder, env)).toMatchObject({
        exitCode: 0,
        database: { release: '0.7.0' },
      });
    });
  });

  for (const { id, dialect, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await createDatabase(id);
        await migrate(database);
      });
      afterAll(() => database.drop());

      it.skipIf(id === 'sqlite')(
        'a database that exists only under its decoded name is used, with a warning',
        async () => {
          const url = database.url.replace('mcpgw_test', 'mcpgw%5Ftest');
          const folder = temporaryFolder();
          const found = await report(['status'], folder, { DATABASE_URL: url });
          expect(found).toMatchObject({ exitCode: 0, database: { dialect, release: '0.7.0' } });
          expect(told(found)).toContain(`there is no database mcpgw%5Ftest`);
          const backup = await report(['backup'], folder, { DATABASE_URL: url });
          expect(backup).toMatchObject({ exitCode: 0, warnings: [expect.stringContaining('is used')] });
          const missing = await report(['status'], folder, { DATABASE_URL: `${url}%5Fno` });
          expect(missing).toMatchObject({ exitCode: 2, error: { code: 'NO_DATABASE' } });
          expect(missing.database?.url).toMatch(/%5Fno$/);
        },
      );

      it.skipIf(id === 'sqlite')('a TMPDIR that is not there is named, exit 2', async () => {
        const cwd = temporaryFolder();
        const env = { DATABASE_URL: database.url, PATH: clientPath(database.url) };
        const made = await report(['backup'], cwd, env);
        const name = `${made.sections[0]?.rows.find(([what]) => what === 'manifest')?.[1]}`;
        const args = ['restore', name, '--confirm', database.name, '--no-backup', '--format', 'json'];
        const refused = reportOf(await spawnCli(args, { cwd, env: { ...env, TMPDIR: '/nowhere' } }));
        expect(refused).toMatchObject({ exitCode: 2, error: { code: 'PREFLIGHT' } });
        expect(refused.error?.message).toContain('Temporary files cannot be made in /nowhere: ENOENT');
        expect((await report(['status'], cwd, env)).database?.release).toBe('0.7.0');
      });

      it('quotes around the URL are named, exit 2', async () => {
        const refused = await report(['migrate'], '/', { DATABASE_URL: `"${database.url}"` });
        expect(refused).toMatchObject({ exitCode: 2, error: { code: 'URL' } });
        expect(told(refused)).toContain('it begins with a quote');
        expect(told(refused)).toContain('Docker’s --env-file');
      });

      it.skipIf(id === 'sqlite')('a comment behind the URL is named, exit 2', async () => {
        const refused = await report(['migrate'], '/', { DATABASE_URL: `${database.url} # production` });
        expect(told(refused)).toContain('it holds a # behind a blank');
      });

      it('a revision in capitals or with blanks has its own sentence, and the doctor repairs it', async () => {
        for (const written of ['E182847D89E6', ' e182847d89e6', 'e182847d89e6 ']) {
          await database.query(`UPDATE alembic_version SET version_num = '${written}'`);
          const env = { DATABASE_URL: database.url };
          const refused = await report(['migrate', '--yes'], '/', env);
          expect(refused).toMatchObject({
            exitCode: 2,
            error: { code: 'STATE' },
            next: 'mcpgw doctor --repair',
          });
          expect(refused.error?.message).toContain(`“${written}”: that is e182847d89e6`);
          await report(['doctor', '--repair', '--yes'], '/', env);
          expect(await database.query('SELECT version_num FROM alembic_version')).toBe('e182847d89e6');
          expect((await report(['status'], '/', env)).database?.release).toBe('0.7.0');
        }
      });
    });
  }

  describe('The administrator’s password', () => {
    const NEWLINE = 'it ends in a newline, which nobody can type';
    it.each([
      ['the environment', 'Blue-Harbour-72\n', NEWLINE],
      ['the environment, from Windows', 'Blue-Harbour-72\r\n', NEWLINE],
      ['the environment, inside', 'Blue\nHarbour-72', 'it holds a newline'],
      ['the environment, a tab', 'Blue\tHarbour-72', 'it holds a tab'],
      ['the environment, an escape', 'Blue\u001bHarbour-72', 'it holds a control character'],
    ])('with a control character is refused: %s', async (_where, PLATFORM_ADMIN_PASSWORD, why) => {
      const { url, folder } = await sqliteFile('v0.6.0');
      const refused = await report(['migrate', '--yes'], folder, {
        DATABASE_URL: url,
        PLATFORM_ADMIN_PASSWORD,
      });
      expect(refused).toMatchObject({ exitCode: 2, error: { code: 'SETTINGS' } });
      expect(told(refused)).toContain(why);
      expect(told(refused)).not.toContain('Harbour');
    });

    it('with a newline is refused from the settings file and from a file of its own, which may end in one', async () => {
      const { url, folder } = await sqliteFile('v0.6.0');
      const env = { DATABASE_URL: url, PLATFORM_ADMIN_PASSWORD: undefined };
      writeFileSync(join(folder, '.env'), 'PLATFORM_ADMIN_PASSWORD="Blue-Harbour-72\\n"\n');
      expect(told(await report(['migrate', '--dry-run'], folder, env))).toContain(NEWLINE);
      writeFileSync(join(folder, '.env'), 'PLATFORM_ADMIN_PASSWORD_FILE=secret\n');
      writeFileSync(join(folder, 'secret'), 'Blue-Harbour-72\n\n');
      expect(told(await report(['migrate', '--dry-run'], folder, env))).toContain(NEWLINE);
      writeFileSync(join(folder, 'secret'), 'Blue-Harbour-72\n');
      expect((await report(['migrate', '--dry-run'], folder, env)).exitCode).toBe(0);
    });
  });

  describe('A value in quotes', () => {
    it('that a container hands over is warned of, and what is no value of its variable is hidden', async () => {
      const { url, folder } = await sqliteFile('v0.7.0');
      const env = { DATABASE_URL: url, PLATFORM_ADMIN_FULL_NAME: '"Ann"', DB_POOL_SIZE: 'hunter2-secret' };
      const doctor = await report(['doctor'], folder, env);
      expect(told(doctor)).toContain('PLATFORM_ADMIN_FULL_NAME: its value is in quotes');
      expect(JSON.stringify(doctor)).not.toContain('hunter2');
    });
  });

  describe('A file that is too long or has no end', () => {
    it('is refused quickly wherever settings or secrets are read', async () => {
      const { url, folder } = await sqliteFile('v0.7.0');
      writeFileSync(join(folder, 'long'), `A=${'x'.repeat(1_100_000)}\n`);
      symlinkSync('/dev/zero', join(folder, 'endless'));
      for (const name of ['long', 'endless', '/dev/zero', '/dev/urandom']) {
        const since = performance.now();
        const results = [
          await report(['status', '--env-file', name], folder, { DATABASE_URL: url }),
          await report(['status', '--database-url-file', name], folder),
          await report(['migrate'], folder, {
            DATABASE_URL: url,
            PLATFORM_ADMIN_PASSWORD: undefined,
            PLATFORM_ADMIN_PASSWORD_FILE: name,
          }),
          await report(['status'], folder, {
            DATABASE_URL: `mysql://ann@127.0.0.1:1/mcp?ssl_ca=${encodeURIComponent(join('/', name === 'long' || name === 'endless' ? folder : '', name))}`,
          }),
        ];
        for (const result of results) {
          expect(result.exitCode).toBe(2);
          expect(told(result)).toContain('larger than 1 MiB');
        }
        expect(performance.now() - since).toBeLessThan(10_000);
      }
      expect(
        (await report(['status', '--env-file', '/dev/null'], folder, { DATABASE_URL: url })).exitCode,
      ).toBe(0);
    });

    it('a FIFO is read once somebody writes to it, and given up when nobody does', () => {
      const folder = temporaryFolder();
      execFileSync('sh', [
        '-c',
        'mkfifo "$0/a" "$0/b"; (sleep 0.2; printf A=b >"$0/a") >/dev/null 2>&1 &',
        folder,
      ]);
      expect(readSmallFile(join(folder, 'a')).toString()).toBe('A=b');
      // Asked again, it has been read already.
      expect(readSmallFile(join(folder, 'a')).toString()).toBe('A=b');
      expect(() => readSmallFile(join(folder, 'b'), 100)).toThrow(/nothing was written/);
    });

    it.each([
      ['references that double each other', `A=xx\n${`A=\${A}\${A}\n`.repeat(40)}`, 2],
      ['many references to a long value', `A=${'x'.repeat(200_000)}\n${`B=\${A}\n`.repeat(40_000)}`, 2],
      ['references that nobody closes', `A=${'${'.repeat(400_000)}\n`, 0],
      ['references that are closed far away', `A=${'${'.repeat(400_000)}:x}\n`, 0],
      ['many blanks before a backtick', `A=x${' '.repeat(900_000)}\`\n`, 0],
      ['quotes that nobody closes', `A="\\"\n`.repeat(100_000), 2],
      ['quotes with text behind', `A='x' y\n`.repeat(100_000), 2],
      ['lines that are no settings', 'x\n'.repeat(400_000), 2],
      ['names that are nearly ours', `DATABASE_URX=1\n`.repeat(60_000), 0],
    ])('%s take no time', async (_what, content, exitCode) => {
      const { url, folder } = await sqliteFile('v0.7.0');
      writeFileSync(join(folder, '.env'), content);
      const since = performance.now();
      const result = await report(['status'], folder, { DATABASE_URL: url });
      expect(performance.now() - since).toBeLessThan(5_000);
      expect(told(result).length).toBeLessThan(30_000);
      expect(result.exitCode).toBe(exitCode);
      if (exitCode !== 0) expect(result.error?.code).toBe('ENV_FILE');
    });
  });

  describe('A folder of backups that others may write to', () => {
    it('is warned of when a backup is made, planned, listed and restored; one under a sticky folder is not', async () => {
      const { url, folder } = await sqliteFile('v0.6.0');
      const env = { DATABASE_URL: url };
      mkdirSync(join(folder, 'open'));
      chmodSync(join(folder, 'open'), 0o777);
      const warned = `Every user of this machine may write to ${join(folder, 'open')}`;
      const flags = ['--backup-dir', 'open'];
      const made = await report(['backup', ...flags], folder, env);
      const manifest = `${made.sections[0]?.rows.find(([what]) => what === 'manifest')?.[1]}`;
      const results = [
        made,
        await report(['backup', '--list', ...flags], folder, env),
        await report(['migrate', '--dry-run', ...flags], folder, env),
        await report(['restore', manifest, '--dry-run'], folder, env),
        await report(['migrate', '--yes', ...flags], folder, env),
      ];
      for (const result of results) {
        expect(result.exitCode).toBe(0);
        expect(result.warnings.filter((text) => text.includes(warned))).toHaveLength(1);
      }
      const inside = await report(['backup', '--backup-dir', 'open/inner'], folder, env);
      expect(told(inside)).toContain(warned);
      chmodSync(join(folder, 'open'), 0o1777);
      expect((await report(['backup', '--backup-dir', 'open/inner'], folder, env)).warnings).toEqual([]);
    });

    it('a backup behind a link is restored with a warning before the question', async () => {
      const { url, folder } = await sqliteFile('v0.7.0');
      const env = { DATABASE_URL: url };
      const made = await report(['backup'], folder, env);
      const manifest = `${made.sections[0]?.rows.find(([what]) => what === 'manifest')?.[1]}`;
      const elsewhere = temporaryFolder();
      renameSync(manifest.replace(/json$/, 'db'), join(elsewhere, 'x.db'));
      symlinkSync(join(elsewhere, 'x.db'), manifest.replace(/json$/, 'db'));
      const { stderr } = await runInProcess(['restore', manifest], { cwd: folder, env });
      expect(stderr).toContain('what is restored lies');
      expect(stderr).toContain('There is no terminal to ask on.');
    });

    it('a folder behind a link that leads nowhere is called that', async () => {
      const { url, folder } = await sqliteFile('v0.6.0');
      symlinkSync('nowhere', join(folder, 'link'));
      const refused = await report(['migrate', '--yes', '--backup-dir', 'link'], folder, {
        DATABASE_URL: url,
      });
      expect(refused).toMatchObject({ exitCode: 2, error: { code: 'OUTPUT' } });
      expect(refused.error?.message).toContain('is a link to nowhere, which is not there');
      expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    });
  });
});

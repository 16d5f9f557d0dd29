import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Io } from '../../src/commands/io.ts';
import { openOutput } from '../../src/commands/output-file.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { reportIn } from '../support/report-of.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { smallDisk } from '../support/small-disk.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = (args: readonly string[], { url, folder: cwd }: Pick<SqliteFile, 'url' | 'folder'>, env = {}) =>
  runInProcess(args, { cwd, env: { DATABASE_URL: url, ...env } });

/** Every name in a folder and below with what it holds. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path);
      if (stats.isSymbolicLink()) return [name, `-> ${readlinkSync(path)}`];
      return [name, stats.isFile() ? readFileSync(path, 'base64') : 'no file'];
    }),
  );
}

/** Refuses, whatever is asked for, and leaves everything as it was. */
async function isRefused(
  args: readonly string[],
  at: Pick<SqliteFile, 'url' | 'folder'>,
  why: string | RegExp,
  env = {},
) {
  const before = contentOf(at.folder);
  const { exitCode, stdout, stderr } = await run([...args, '--force', '--format', 'json'], at, env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
  const { error } = reportIn(stdout);
  expect(error).toMatchObject({ code: 'OUTPUT', hint: expect.stringContaining('Nothing was changed.') });
  expect(error?.message).toMatch(why);
  expect(contentOf(at.folder)).toEqual(before);
}

describe('A report never destroys anything', () => {
  describe('sqlite', () => {
    it.each([
      'status',
      'verify',
      'doctor',
      'config',
      'migrate --yes',
      'backup',
      'rollback --yes',
      'fix --yes',
    ])('%s --output <the database> is refused, exit 2, also with --force', async (command) => {
      await isRefused(
        [...command.split(' '), '--output', 'mcp.db'],
        await sqliteFile('v0.6.0'),
        /it is the database\.$/,
      );
    });

    it('the database under another name is refused: a link, a hard link, a way around; so are links in a circle', async () => {
      const file = await sqliteFile('v0.6.0');
      symlinkSync('mcp.db', join(file.folder, 'link'));
      symlinkSync('link', join(file.folder, 'link-to-link'));
      linkSync(file.name, join(file.folder, 'second-name'));
      mkdirSync(join(file.folder, 'inner'));
      for (const name of ['link', 'link-to-link', 'second-name', './inner/../mcp.db']) {
        await isRefused(['status', '-o', name], file, /it is the database/);
      }
      symlinkSync('loop', join(file.folder, 'loop'));
      await isRefused(['status', '-o', 'loop'], file, /circle/);
    });

    it('a database that is reached through a link is refused under its real name, with its -wal', async () => {
      const file = await sqliteFile('v0.6.0');
      const folder = temporaryFolder();
      symlinkSync(file.name, join(folder, 'gateway.db'));
      const linked = { url: `sqlite:///${join(folder, 'gateway.db')}`, folder: file.folder };
      await isRefused(['status', '-o', 'mcp.db'], linked, /it is the database/);
      await isRefused(['status', '-o', 'mcp.db-wal'], linked, /-wal file/);
    });

    it('files that SQLite looks for beside the database are refused, there or not', async () => {
      const file = await sqliteFile('v0.6.0');
      for (const suffix of ['-wal', '-shm', '-journal']) {
        await isRefused(['status', '-o', `mcp.db${suffix}`], file, `it is the ${suffix} file`);
      }
    });

    it('another SQLite database is refused, also when the settings name none that can be used', async () => {
      const file = await sqliteFile('v0.6.0');
      renameSync(file.name, join(file.folder, 'other.db'));
      await isRefused(['status', '-o', 'other.db'], file, /it is a SQLite database/);
      await isRefused(
        ['status', '-o', 'other.db'],
        { ...file, url: 'nonsense://' },
        /it is a SQLite database/,
      );
    });

    it('the database that a run is about to make is refused', async () => {
      const folder = temporaryFolder();
      await isRefused(
        ['migrate', '--yes', '-o', 'new.db'],
        { url: 'sqlite:///./new.db', folder },
        /the database/,
      );
      expect(readdirSync(folder)).toEqual([]);
    });

    it('parts of a backup and copies of a damaged file are refused, under any name and of any folder', async () => {
      const file = await sqliteFile('v0.6.0');
      writeFileSync(join(file.folder, '.env'), 'LOG_LEVEL=INFO\n');
      await run(['backup', '--backup-dir', 'kept'], file);
      const names = readdirSync(join(file.folder, 'kept'));
      expect(names).toHaveLength(3);
      for (const name of names)
        await isRefused(['status', '-o', `kept/${name}`], file, /it is a part of a backup/);
      // Not there yet, but the list of backups would have it.
      await isRefused(['status', '-o', `kept/${names[0]?.replace('T', 't')}.part`], file, /part of a backup/);
      // Renamed by hand: its manifest says so.
      const manifest = names.find((name) => name.endsWith('.json')) ?? '';
      const data = JSON.parse(readFileSync(join(file.folder, 'kept', manifest), 'utf8'));
      writeFileSync(join(file.folder, 'kept/mcpgw-mine.json'), JSON.stringify({ ...data, file: 'mine' }));
      writeFileSync(join(file.folder, 'kept/mine'), 'a dump');
      await isRefused(['status', '-o', 'kept/mine'], file, /part of a backup/);
      await isRefused(['status', '-o', 'kept/mcpgw-mine.json'], file, /part of a backup/);
      mkdirSync(join(file.folder, 'mcpgw-backups/damaged-20260102t030405Z'), { recursive: true });
      const copy = 'mcpgw-backups/damaged-20260102t030405Z/mcp.db';
      writeFileSync(join(file.folder, copy), 'what is left');
      await isRefused(['status', '-o', copy], file, /part of a backup/);
    });

    it('the folder of backups is refused before there is one', async () => {
      const file = await sqliteFile('v0.6.0');
      await isRefused(['migrate', '--yes', '-o', 'mcpgw-backups'], file, /the folder of backups/);
      const args = ['migrate', '--yes', '--backup-dir', 'here', '-o', 'here'];
      await isRefused(args, file, /the folder of backups/);
    });

    it('a report beside the backups is written', async () => {
      const file = await sqliteFile('v0.6.0');
      const args = ['migrate', '--yes', '--backup-dir', 'artifacts', '-o', 'artifacts/report.txt'];
      mkdirSync(join(file.folder, 'artifacts'));
      expect(await run(args, file)).toMatchObject({ exitCode: 0, stdout: '' });
      expect(readFileSync(join(file.folder, 'artifacts/report.txt'), 'utf8')).toContain('✔ Done');
    });

    it('what came into the place of a report while the command ran stays', async () => {
      const file = await sqliteFile('v0.6.0');
      const io = quietIo(file);
      const write = await openOutput('report.txt', io, { format: 'text', color: false });
      writeFileSync(join(file.folder, 'report.txt'), 'somebody’s own');
      expect(() => write('mcpgw status\n')).toThrow(/it is a file that is no report of mcpgw/);
      unlinkSync(join(file.folder, 'report.txt'));
      linkSync(file.name, join(file.folder, 'report.txt'));
      expect(() => write('mcpgw status\n')).toThrow(/it is the database/);
      expect(readdirSync(file.folder).toSorted()).toEqual(['mcp.db', 'report.txt']);
    });

    it('a full disk under standard output costs neither the exit code nor the migration', async () => {
      const file = await sqliteFile('v0.6.0');
      const { exitCode, stderr } = shell(`migrate --yes --no-backup --quiet --verbose >/dev/full`, file);
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(/^The report could not be written to standard output: ENOSPC[^\n]*\n$/);
      expect(JSON.parse((await run(['status', '--format', 'json'], file)).stdout).database.release).toBe(
        '0.7.0',
      );
      // Nor does one under a pipe of errors.
      expect(shell('verify --only nonsense 2>/dev/full', file).exitCode).toBe(2);
    });

    it('a full disk under --output leaves no half report: it is shown, and the exit code stays', async (context) => {
      const disk = smallDisk(16);
      if (disk === undefined) return context.skip();
      const file = await sqliteFile('v0.6.0');
      const args = ['migrate', '--dry-run', '--format', 'json', '-o', join(disk, 'report.json')];
      const { exitCode, stdout, stderr } = await run(args, file);
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(/could not be written to .*report\.json: ENOSPC/);
      expect(reportIn(stdout).status).toBe('ok');
      expect(readdirSync(disk)).toEqual([]);
    });
  });

  const servers = DATABASES.filter(({ id }) => id !== 'sqlite');
  describe.skipIf(!servers[0]?.available).each(servers.filter(({ available }) => available))(
    '$id',
    ({ id }) => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await createDatabase(id);
        await migrate(database);
      });
      afterAll(() => database.drop());

      it('parts of a backup, the settings and the files of secrets are refused', async () => {
        const folder = temporaryFolder();
        const at = { url: database.url, folder };
        writeFileSync(join(folder, '.env'), 'LOG_LEVEL=INFO\n');
        expect((await run(['backup'], at)).exitCode).toBe(0);
        const names = readdirSync(join(folder, 'mcpgw-backups'));
        expect(names).toHaveLength(3);
        for (const name of names) {
          await isRefused(['status', '-o', join('mcpgw-backups', name)], at, /it is a part of a backup/);
        }
        await isRefused(['status', '-o', '.env'], at, /it is the settings file/);
        writeFileSync(join(folder, 'url'), database.url);
        const fromFile = { DATABASE_URL: undefined, DATABASE_URL_FILE: 'url' };
        await isRefused(['status', '-o', './url'], at, /the file of DATABASE_URL/, fromFile);
        await isRefused(
          ['migrate', '--database-url-file', 'url', '-o', 'url'],
          at,
          /the file of DATABASE_URL/,
          {
            DATABASE_URL: undefined,
          },
        );
      });

      it('a report of migrate and of a restore is written, and replaced by the next', async () => {
        const folder = temporaryFolder();
        const at = { url: database.url, folder };
        await run(['backup', '--format', 'json', '-o', 'report.json'], at);
        const { sections } = reportIn(readFileSync(join(folder, 'report.json'), 'utf8'));
        const manifest = sections[0]?.rows.find(([what]) => what === 'manifest')?.[1];
        const restored = await run(['restore', `${manifest}`, '--dry-run', '-o', 'report.json'], at);
        expect(restored).toMatchObject({ exitCode: 0, stdout: '' });
        expect(readFileSync(join(folder, 'report.json'), 'utf8')).toMatch(/^mcpgw restore · /);
      });
    },
  );

  describe('Settings and secrets', () => {
    it('.env and what --env-file names are refused, also where there is none yet', async () => {
      const file = await sqliteFile('v0.6.0');
      await isRefused(['status', '-o', '.env'], file, /it is the settings file/);
      writeFileSync(join(file.folder, 'my.env'), 'LOG_LEVEL=INFO\n');
      await isRefused(['status', '--env-file', 'my.env', '-o', './my.env'], file, /it is the settings file/);
    });

    it('files of secrets are refused: password, certificates, PostgreSQL’s passwords', async () => {
      const file = await sqliteFile('v0.6.0');
      writeFileSync(join(file.folder, 'secret'), 'Blue-Harbour-72');
      const password = { PLATFORM_ADMIN_PASSWORD: undefined, PLATFORM_ADMIN_PASSWORD_FILE: 'secret' };
      await isRefused(['status', '-o', 'secret'], file, /administrator’s password/, password);
      const url = 'postgresql://ann@127.0.0.1:1/mcp?sslmode=verify-full&sslrootcert=ca.pem&sslkey=key.pem';
      await isRefused(['status', '-o', 'key.pem'], { ...file, url }, /certificate or key/);
      await isRefused(['status', '-o', 'ca.pem'], { ...file, url }, /certificate or key/);
      await isRefused(['status', '-o', '.pgpass'], file, /PostgreSQL’s passwords/, { HOME: file.folder });
      await isRefused(['status', '-o', 'pw'], file, /PostgreSQL’s passwords/, {
        PGPASSFILE: join(file.folder, 'pw'),
      });
    });
  });

  describe('A file that is there', () => {
    const FORMATS = ['text', 'json', 'junit', 'markdown'] as const;

    it('is replaced when it is a report, of any format and command, or empty', async () => {
      const file = await sqliteFile('v0.7.0');
      writeFileSync(join(file.folder, 'report'), '');
      const commands = [
        ['status'],
        ['verify', '--verbose'],
        ['verify', '--quiet', '--only', 'nonsense'],
        ['fix', '--quiet', '--yes', '--team', 'none'],
        ['config'],
      ];
      for (const format of FORMATS) {
        for (const command of commands) {
          for (const env of [{}, { NO_COLOR: undefined, FORCE_COLOR: '1' }, { LANG: 'C' }]) {
            const args = [...command, '--format', format, '-o', 'report'];
            const { stdout } = await run(args, file, env);
            expect({ args, stdout }).toEqual({ args, stdout: '' });
            const again = await run(['status', '--output', 'report'], file);
            expect({ args, ...again }).toMatchObject({ args, exitCode: 0, stdout: '' });
          }
        }
      }
    });

    it.each([
      ['notes', 'remember the milk\n'],
      ['data', '{\n  "schemaVersion": 1,\n  "name": "mine"\n}\n'],
      ['results of other tests', '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="jest">'],
      ['a script that runs us', 'mcpgw status && echo well\n'],
      ['a text about us', 'mcpgw verify finds more than I thought\n'],
      ['bytes', Buffer.from([0, 255, 1])],
    ])('is replaced only with --force when it is no report: %s', async (_what, content) => {
      const file = await sqliteFile('v0.7.0');
      const path = join(file.folder, 'mine');
      writeFileSync(path, content);
      const { exitCode, stderr } = await run(['status', '-o', 'mine'], file);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('it is a file that is no report of mcpgw');
      expect(stderr).toContain('--force');
      expect(readFileSync(path)).toEqual(Buffer.from(content));
      expect((await run(['status', '-o', 'mine', '--force'], file)).exitCode).toBe(0);
      expect(readFileSync(path, 'utf8')).toMatch(/^mcpgw status · /);
      expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    });

    it('that is a folder is refused; --force alone is a mistake', async () => {
      const file = await sqliteFile('v0.7.0');
      mkdirSync(join(file.folder, 'folder'));
      await isRefused(['status', '-o', 'folder'], file, /it is a folder/);
      const { exitCode, stderr } = await run(['status', '--force'], file);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('--force goes with --output');
    });

    it('behind a link is written there, and the link stays, also when it led to nothing yet', async () => {
      const file = await sqliteFile('v0.7.0');
      mkdirSync(join(file.folder, 'reports'));
      symlinkSync('reports/today', join(file.folder, 'latest'));
      for (const command of ['status', 'verify']) {
        expect(await run([command, '-o', 'latest'], file)).toMatchObject({ exitCode: 0, stdout: '' });
        expect(readlinkSync(join(file.folder, 'latest'))).toBe('reports/today');
        expect(readFileSync(join(file.folder, 'reports/today'), 'utf8')).toMatch(`mcpgw ${command} · `);
      }
      symlinkSync('nowhere/today', join(file.folder, 'lost'));
      await isRefused(['status', '-o', 'lost'], file, /ENOENT/);
    });
  });

  describe('A device, FIFO or link to one', () => {
    const isRoot = process.getuid?.() === 0;

    it.skipIf(!isRoot)('a device is written to and stays one', async () => {
      const file = await sqliteFile('v0.7.0');
      const node = join(file.folder, 'null');
      execFileSync('mknod', [node, 'c', '1', '3']);
      symlinkSync('null', join(file.folder, 'link'));
      for (const name of ['null', 'link']) {
        expect(await run(['status', '-o', name], file)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      }
      expect(statSync(node).isCharacterDevice()).toBe(true);
      expect(readlinkSync(join(file.folder, 'link'))).toBe('null');
    });

    it.skipIf(!isRoot)('a disk is refused', async () => {
      const file = await sqliteFile('v0.7.0');
      execFileSync('mknod', [join(file.folder, 'disk'), 'b', '7', '200']);
      const { exitCode, stderr } = await run(['status', '-o', 'disk', '--force'], file);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('it is a disk');
    });

    it('a link to standard output shows the report there, behind what a file had before', async () => {
      const file = await sqliteFile('v0.7.0');
      symlinkSync('/proc/self/fd/1', join(file.folder, 'out'));
      expect(shell('status -o out | cat', file).stdout).toMatch(/^mcpgw status · /);
      const collected = shell('status -q >log; echo before >log; $M status -o out >>log; cat log', file);
      expect(collected.stdout).toMatch(/^before\nmcpgw status · /);
      expect(readlinkSync(join(file.folder, 'out'))).toBe('/proc/self/fd/1');
      const piped = await spawnCli(['status', '-o', 'out'], {
        cwd: file.folder,
        env: { DATABASE_URL: file.url },
      });
      expect(piped).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^mcpgw status · /) });
    });

    it('a FIFO is written to while somebody reads from it, and refused when nobody does', async () => {
      const file = await sqliteFile('v0.7.0');
      execFileSync('sh', ['-c', 'mkfifo "$0"', join(file.folder, 'pipe')]);
      expect(shell('status -o pipe & cat pipe; wait', file).stdout).toMatch(/^mcpgw status · /);
      const { exitCode, stderr } = await run(['status', '-o', 'pipe'], file);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('nobody reads from it');
      expect(statSync(join(file.folder, 'pipe')).isFIFO()).toBe(true);
    });

    it('what cannot be written there is shown, and the exit code stays', async () => {
      const file = await sqliteFile('v0.7.0');
      symlinkSync('/dev/full', join(file.folder, 'full'));
      const { exitCode, stdout, stderr } = await run(['status', '-o', 'full'], file);
      expect(exitCode).toBe(0);
      expect(stderr).toContain('could not be written to full: ENOSPC');
      expect(stdout).toMatch(/^mcpgw status · /);
    });
  });

  describe('Other files of ours', () => {
    it('are never written through a link or over a file that somebody put there', async () => {
      const file = await sqliteFile('v0.6.0');
      const folder = join(file.folder, 'mcpgw-backups');
      const names = (await takeTwo(file)).map((name) => basename(name, '.json'));
      expect(new Set(names).size).toBe(2);
      expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
      for (const name of readdirSync(folder)) {
        expect((statSync(join(folder, name)).mode & 0o777).toString(8)).toBe('600');
      }
    });

    it('a second copy of a damaged file takes a folder of its own', async () => {
      const { backUpUntouched } = await import('../../src/backup/back-up-untouched.ts');
      const file = await sqliteFile('v0.6.0');
      const request = {
        path: file.name,
        folder: join(file.folder, 'damaged-20260102t030405Z'),
        signal: new AbortController().signal,
      };
      const first = await backUpUntouched(request);
      const second = await backUpUntouched(request);
      expect(second.file).toBe(join(`${request.folder}-2`, 'mcp.db'));
      expect(existsSync(first.file)).toBe(true);
      unlinkSync(second.file);
    });
  });
});

function quietIo({ folder, url }: SqliteFile): Io {
  const nowhere = { write: () => {}, isTTY: false, columns: undefined };
  return {
    env: { DATABASE_URL: url },
    cwd: folder,
    argv: [],
    stdout: nowhere,
    stderr: nowhere,
    interactive: false,
    signal: new AbortController().signal,
  };
}

async function takeTwo(file: SqliteFile): Promise<string[]> {
  const reports = await Promise.all([1, 2].map(() => run(['backup', '--format', 'json'], file)));
  return reports.map(
    ({ stdout }) => `${reportIn(stdout).sections[0]?.rows.find(([what]) => what === 'manifest')?.[1]}`,
  );
}

/** A line of a shell that begins with a command of the built program, which is `$M` further on. */
function shell(
  line: string,
  { folder, url }: SqliteFile,
): { exitCode: number; stdout: string; stderr: string } {
  const program = new URL('../../dist/cli.js', import.meta.url).pathname;
  const env = { PATH: process.env.PATH, DATABASE_URL: url, M: `${process.execPath} ${program}`, ...ADMIN };
  try {
    const stdout = execFileSync('sh', ['-c', `exec 2>errors; $M ${line}`], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    return { exitCode: 0, stdout, stderr: readFileSync(join(folder, 'errors'), 'utf8') };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { exitCode: status, stdout, stderr: readFileSync(join(folder, 'errors'), 'utf8') };
  }
}

const ADMIN = {
  PLATFORM_ADMIN_EMAIL: 'ann@corp.example.com',
  PLATFORM_ADMIN_PASSWORD: 'Blue-Harbour-72',
  LANG: 'C.UTF-8',
};

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { verify } from '../../src/commands/verify.ts';
import { beforeStatement } from '../support/before-statement.ts';
import { commandRuns } from '../support/command-run.ts';
import { adminUrl, type DatabaseId } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { runSql } from '../support/run-sql.ts';
import { smallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { SAMPLE } from './at-once.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState } from './kill-support.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, yes: true, backup: false } as const;
const DISK_KIB = 48 * 1024;

/** The folder of a file system of its own that the database's files are on; undefined where none can be mounted. */
async function onSmallDisk(database: TestDatabase): Promise<string | undefined> {
  const admin = (sql: string) => runSql(database.dialect, adminUrl(database.id)?.href ?? '', sql);
  const disk = smallDisk(DISK_KIB);
  if (disk === undefined) return undefined;
  if (database.dialect === 'postgresql') {
    const { uid, gid } = statSync(await admin('SHOW data_directory'));
    chownSync(disk, uid, gid);
    chmodSync(dirname(disk), 0o711);
    await admin(`CREATE TABLESPACE ${database.name} LOCATION '${disk}'`);
    await admin(`ALTER DATABASE ${database.name} SET TABLESPACE ${database.name}`);
    onTestFinished(async () => {
      await database.drop();
      await admin(`DROP TABLESPACE ${database.name}`);
    });
    return disk;
  }
  const folder = join(await admin('SELECT @@datadir'), database.name);
  const { uid, gid, mode } = statSync(folder);
  const options = join(folder, 'db.opt');
  if (existsSync(options)) copyFileSync(options, join(disk, 'db.opt'));
  chownSync(disk, uid, gid);
  chmodSync(disk, mode);
  execFileSync('mount', ['--bind', disk, folder]);
  onTestFinished(async () => {
    // Its folder is in use until then.
    await database.drop().catch(() => {});
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return disk;
}

/** A file that somebody else lets grow until there is no room. */
function fill(file: string): void {
  for (let size = 1 << 20; size >= 4096; size /= 2) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Not so much any more.
    }
  }
}

export function serverDiskFullCases(ids: readonly DatabaseId[]): void {
  describeDatabases(ids, 'a server’s disk that another file fills', ({ id, dialect }) => {
    test('in the middle of a migration: as before or part-way, and gone on with when there is room', async (context) => {
      const database = await createDatabase(id);
      const disk = await onSmallDisk(database);
      if (disk === undefined) return context.skip('this user may not mount a file system');
      await createSample(database.url, SAMPLE);
      const before = await endState(database);
      const run = commandRuns(database, temporaryFolder());
      const other = join(disk, 'other');
      beforeStatement(/CREATE TABLE .email_users/, () => fill(other));
      const { report } = await run((io) => migrate(io, GLOBAL));
      const says = JSON.stringify(report.error);
      expect([says, report.error?.code]).toEqual([says, dialect === 'mysql' ? 'PARTIAL' : 'DISK_FULL']);
      expect(report.exitCode).toBe(dialect === 'mysql' ? 3 : 2);
      expect(says).toMatch(/disk/i);
      rmSync(other);
      if (dialect === 'postgresql') expect(await endState(database)).toEqual(before);
      expect((await run((io) => migrate(io, GLOBAL))).report).toMatchObject({ exitCode: 0, error: null });
      expect((await run((io) => verify(io, GLOBAL))).report.exitCode).toBe(0);
    });
  });
}

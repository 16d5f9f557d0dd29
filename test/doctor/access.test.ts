import { readFileSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { describeEachDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { serverUser } from '../support/server-user.ts';

const access = (ids: readonly string[]) => ids.filter((id) => id.startsWith('access.'));

describeEachDatabase('doctor --access-test', ({ id, dialect }) => {
  it('opens, reads, writes and locks on a healthy database, and changes no row', async () => {
    const { database } = await migratedDatabase(id);
    const before = await database.query('SELECT version_num FROM alembic_version');
    const answer = await askDoctor(database.url, { accessTest: true });
    expect(access(answer.problems)).toEqual([]);
    expect(answer.of('access.times').findings).toEqual([
      expect.stringMatching(/^opening a connection: [\d.]+ ms$/),
      expect.stringMatching(/^reading a row: [\d.]+ ms/),
      expect.stringMatching(/^writing a row and rolling back: [\d.]+ ms$/),
    ]);
    expect(await database.query('SELECT version_num FROM alembic_version')).toBe(before);
  });

  it('is not made without the flag', async () => {
    const { database } = await migratedDatabase(id);
    const { report } = await askDoctor(database.url);
    expect(access(report.checks.map((check) => check.id))).toEqual([]);
  });

  it.skipIf(dialect === 'sqlite')('says that a user who may only read cannot write', async () => {
    const { database } = await migratedDatabase(id);
    const grants =
      dialect === 'postgresql'
        ? ['GRANT SELECT ON ALL TABLES IN SCHEMA public TO <user>']
        : ['GRANT SELECT ON <database>.* TO <user>'];
    const user = await serverUser(database, 'Pl4nted-Secret', grants);
    const works = (await askDoctor(user.url, { accessTest: true })).of('access.works');
    expect(works).toMatchObject({ status: 'failed', count: 1 });
    expect(works.findings[0]).toMatch(/may not|denied|permission/i);
  });

  it.runIf(dialect === 'sqlite')('says that it cannot write while somebody else does', async () => {
    const { database } = await migratedDatabase(id);
    const other = new SQLite(database.name);
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    const works = (await askDoctor(`${database.url}?timeout=0.1`, { accessTest: true })).of('access.works');
    expect(works).toMatchObject({ status: 'failed', count: 1 });
    expect(works.findings[0]).toContain('locked');
  });

  it.runIf(dialect === 'sqlite')('leaves the bytes of the file as they were', async () => {
    const { database } = await migratedDatabase(id);
    const before = readFileSync(database.name);
    await askDoctor(database.url, { accessTest: true });
    expect(readFileSync(database.name).equals(before)).toBe(true);
  });
});

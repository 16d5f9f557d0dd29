import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATA_CHECKS } from '../../../src/checks/data-checks.ts';
import { createDatabase, describeEachDatabase } from '../../support/databases.ts';
import { askDoctor, type DoctorAnswer } from '../../support/doctor.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';
import { reportOf } from '../../support/report-of.ts';
import { sampleDatabase } from '../../support/sample-database.ts';
import { serverUser } from '../../support/server-user.ts';
import { spawnCli } from '../../support/spawn-cli.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';

const DATA = [
  'data.release',
  'data.ready',
  'data.left-by-migration',
  'data.lost-and-found',
  'data.verify',
  'data.verify-warnings',
  'data.history',
  'data.backups',
];

/** Ids of the group that are no pass. */
const problemsOf = ({ problems }: DoctorAnswer) => problems.filter((id) => id.startsWith('data.'));

describeEachDatabase('data', ({ id }) => {
  it('is well at v0.7.0', async () => {
    const { database } = await migratedDatabase(id);
    const answer = await askDoctor(database.url);
    expect(
      answer.report.checks.filter(({ id: each }) => each.startsWith('data.')).map((each) => each.id),
    ).toEqual(DATA);
    expect(problemsOf(answer)).toEqual([]);
    expect(answer.of('data.release').findings).toEqual(['v0.7.0 (revision e182847d89e6)']);
    expect(answer.of('data.verify').findings).toEqual([`${DATA_CHECKS.length - 3} checks passed`]);
  });

  it('is well at v0.6.0, and says what is planned', async () => {
    const { url } = await sampleDatabase(id);
    const answer = await askDoctor(url);
    expect(problemsOf(answer)).toEqual([]);
    const told = answer.report.checks.map((each) => each.id);
    // What is not made counts as no pass.
    expect(told.filter((each) => each.startsWith('data.verify'))).toEqual([]);
    expect(answer.of('data.release').findings).toEqual(['v0.6.0 (revision 1fc1795f6983)']);
    expect(answer.of('data.ready').findings).toContain('planned: Administrator, personal team, roles');
  });

  it('tells every check that fails in a line, and the command that mends it', async () => {
    const { database } = await migratedDatabase(id, (planted) =>
      planted.query('UPDATE tools SET owner_email = NULL, team_id = NULL'),
    );
    const found = (await askDoctor(database.url)).of('data.verify');
    expect(found).toMatchObject({ status: 'failed', count: 1, command: 'mcpgw fix' });
    expect(found.findings[0]).toMatch(/^ownership\.orphans: 2 findings, the first: tools/);
    expect((await askDoctor(database.url)).report).toMatchObject({ exitCode: 1, next: 'mcpgw fix' });
  });

  it('goes on behind a check that crashes', async () => {
    const { database } = await migratedDatabase(id, (planted) =>
      planted.query('ALTER TABLE email_users RENAME COLUMN locked_until TO closed_until'),
    );
    const answer = await askDoctor(database.url);
    const { findings } = answer.of('data.verify');
    expect(findings).toContainEqual(
      expect.stringMatching(/^admin\.account: The check itself failed: .*locked_until/),
    );
    expect(findings).toContainEqual(expect.stringMatching(/^schema\.columns: .*email_users\.locked_until/));
    expect(answer.of('data.history').status).toBe('passed');
  });

  it('warns about what verify warns about', async () => {
    const bcrypt = `$2b$12$${'a'.repeat(53)}`;
    const { database } = await migratedDatabase(id, (planted) =>
      planted.query(`UPDATE email_users SET password_hash = '${bcrypt}', password_hash_type = 'bcrypt'`),
    );
    const answer = await askDoctor(database.url);
    expect(problemsOf(answer)).toEqual(['data.verify-warnings']);
    expect(answer.of('data.verify-warnings')).toMatchObject({
      status: 'warned',
      findings: ['admin.password-bcrypt: admin@corp.example.com has a bcrypt hash'],
      command: 'mcpgw verify',
    });
    expect(answer.report.exitCode).toBe(0);
  });

  it('refuses a state as migrate does, and does not pass what it could not look at', async () => {
    const { database } = await migratedDatabase(id, (planted) =>
      planted.query("UPDATE alembic_version SET version_num = 'ffffffffffff'"),
    );
    const answer = await askDoctor(database.url);
    expect(answer.of('data.release')).toMatchObject({ status: 'failed', count: 1, command: '' });
    expect(answer.of('data.release').findings[0]).toContain(
      'revision ffffffffffff, which is newer than v0.7.0',
    );
    for (const other of ['data.ready', 'data.left-by-migration', 'data.verify', 'data.verify-warnings']) {
      expect(answer.of(other), other).toMatchObject({
        status: 'skipped',
        hint: 'Not checked: the state of the data is not known (data.release).',
      });
    }
    expect(answer.report.exitCode).toBe(1);
  });

  it('knows an edited history', async () => {
    const { database } = await migratedDatabase(id, (planted) =>
      planted.query("UPDATE mcpgw_migration SET checksum = 'edited' WHERE step = 'seed'"),
    );
    const answer = await askDoctor(database.url);
    expect(problemsOf(answer)).toEqual(['data.history']);
    expect(answer.of('data.history')).toMatchObject({
      status: 'warned',
      findings: [expect.stringMatching(/^Step seed, as mcpgw .* ran it, is not what/)],
      command: 'mcpgw status --history',
    });
  });

  it('names what a migration would leave without an owner', async () => {
    const { database } = await migratedDatabase(id, async (planted) => {
      await planted.query("UPDATE tools SET owner_email = NULL, team_id = NULL, name = 'same'");
      await planted.query("UPDATE alembic_version SET version_num = 'cfc3d6aa0fb2'");
    });
    const answer = await askDoctor(database.url);
    expect(problemsOf(answer)).toEqual(['data.left-by-migration']);
    expect(answer.of('data.left-by-migration')).toMatchObject({
      status: 'warned',
      count: 1,
      findings: ['tools tool-2: admin@corp.example.com has name “same” already'],
      command: 'mcpgw migrate --dry-run',
    });
  });

  it('names the settings that a migration would refuse, only while there is one to be run', async () => {
    const env = { PLATFORM_ADMIN_EMAIL: undefined, PLATFORM_ADMIN_PASSWORD: undefined };
    const { url } = await sampleDatabase(id);
    const found = (await askDoctor(url, { env })).of('data.ready');
    expect(found).toMatchObject({ status: 'failed', count: 2 });
    expect(found.findings.map((line) => line.split(':')[0])).toEqual([
      'PLATFORM_ADMIN_EMAIL',
      'PLATFORM_ADMIN_PASSWORD',
    ]);
    const { database } = await migratedDatabase(id);
    expect((await askDoctor(database.url, { env })).of('data.ready').status).toBe('passed');
  });
});

describeEachDatabase('data.ready', ({ id, dialect }) => {
  it.skipIf(dialect === 'sqlite')('names a grant that is missing', async () => {
    const database = await sampleDatabase(id);
    const user = await serverUser(
      database,
      'p4ss',
      dialect === 'postgresql'
        ? ['GRANT SELECT ON ALL TABLES IN SCHEMA public TO <user>']
        : ['GRANT SELECT ON <database>.* TO <user>'],
    );
    const found = (await askDoctor(user.url)).of('data.ready');
    expect(found.status).toBe('failed');
    expect(found.findings[0]).toMatch(/^this user may not .*GRANT/);
  });
});

describe('data.release', () => {
  it('tells how tables without a revision are adopted', async () => {
    const database = await sampleDatabase('sqlite');
    await database.query('DROP TABLE alembic_version');
    expect((await askDoctor(database.url)).of('data.release')).toMatchObject({
      status: 'failed',
      findings: ['The tables are those of v0.6.0, but no revision is recorded.'],
      command: 'mcpgw migrate --adopt',
    });
  });

  it('takes an empty database for one to be filled', async () => {
    const database = await createDatabase('sqlite');
    try {
      const answer = await askDoctor(database.url);
      expect(answer.of('data.release')).toMatchObject({ status: 'passed', findings: ['empty'] });
      expect(problemsOf(answer)).toEqual([]);
    } finally {
      await database.drop();
    }
  });
});

describe('data.verify', () => {
  it('tries the default password only when it may take its time', async () => {
    const hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$';
    const { hashPassword } = await import('../../../src/seed/password.ts');
    const made = await hashPassword('changeme', {
      passwordHash: 'argon2id',
      argon2idTimeCost: 1,
      argon2idMemoryCost: 8,
      argon2idParallelism: 1,
    });
    expect(made.hash.startsWith(hash.slice(0, 22))).toBe(true);
    const { database } = await migratedDatabase('sqlite', (planted) =>
      planted.query(`UPDATE email_users SET password_hash = '${made.hash}'`),
    );
    expect((await askDoctor(database.url)).of('data.verify').status).toBe('passed');
    expect((await askDoctor(database.url, { verbose: true })).of('data.verify')).toMatchObject({
      status: 'failed',
      findings: ['admin.password-default: admin@corp.example.com has the default password'],
      command: 'mcpgw fix',
    });
  });

  it('sends what only a migration mends to migrate', async () => {
    const { database } = await migratedDatabase('sqlite', (planted) =>
      planted.query('DROP TABLE user_roles'),
    );
    const { findings, command } = (await askDoctor(database.url)).of('data.verify');
    expect(findings).toContainEqual(expect.stringMatching(/^schema\.tables: .*user_roles/));
    expect(command).toMatch(/^mcpgw (fix|migrate)$/);
    const verified = await spawnCli(['verify', '--format', 'json'], { env: { DATABASE_URL: database.url } });
    expect(command).toBe(reportOf(verified).next);
  });
});

describe('data.backups', () => {
  it('tells the newest of this database and its age, and what cannot be restored', async () => {
    const { url, folder } = await sqliteFile('v0.7.0');
    expect((await askDoctor(url)).of('data.backups')).toMatchObject({
      status: 'passed',
      findings: [`none in ${folder}/mcpgw-backups`],
    });
    const made = await spawnCli(['backup', '--format', 'json'], { env: { DATABASE_URL: url } });
    expect(made.exitCode).toBe(0);
    const place = join(folder, 'mcpgw-backups');
    const file = readdirSync(place).find((name) => name.endsWith('.db')) ?? '';
    const { findings } = (await askDoctor(url)).of('data.backups');
    expect(findings).toEqual([
      expect.stringMatching(
        new RegExp(`^1 backup in ${place}, the newest of v0\\.7\\.0, [\\d.]+ m?s old: ${file}$`),
      ),
    ]);
    const manifest = join(place, file.replace(/db$/, 'json'));
    const content = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
    writeFileSync(manifest, JSON.stringify({ ...content, createdAt: '2025-08-01T10:00:00.000Z' }));
    expect((await askDoctor(url)).of('data.backups').findings[0]).toMatch(/, \d+ days old: /);
    rmSync(join(place, file));
    const broken = (await askDoctor(url)).of('data.backups');
    expect(broken).toMatchObject({ status: 'passed', count: 1 });
    expect(broken.findings).toEqual([
      `none in ${place}`,
      expect.stringMatching(/cannot be restored: its file .* is missing$/),
    ]);
  });
});

describe('settings, machine and data', () => {
  it('leave a healthy SQLite database as it is, with nothing beside it', async () => {
    for (const release of ['v0.6.0', 'v0.7.0'] as const) {
      const { url, folder, name } = await sqliteFile(release);
      const before = { ...facts(name), names: readdirSync(folder) };
      const answer = await askDoctor(url, { verbose: true });
      expect(answer.problems.filter((id) => /^(settings|machine|data)\./.test(id))).toEqual([]);
      expect({ ...facts(name), names: readdirSync(folder) }).toEqual(before);
    }
  });
});

function facts(path: string) {
  const { mtimeMs, mode, size } = statSync(path);
  return { mtimeMs, mode, size, hash: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

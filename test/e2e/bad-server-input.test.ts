import { expect, it } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { DATABASES, type TestDatabase } from '../support/databases.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { serverUser } from '../support/server-user.ts';

const SERVERS = DATABASES.filter(({ dialect }) => dialect !== 'sqlite');

/** May use the gateway, but neither make nor change tables. */
const WITHOUT_SCHEMA_CHANGES = {
  postgresql: ['GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO <user>'],
  mysql: ['GRANT SELECT, INSERT, UPDATE, DELETE ON <database>.* TO <user>'],
} as const;
const MISSING = {
  postgresql: /change tables .*, which belong to/,
  mysql: /GRANT CREATE, ALTER, DROP, INDEX, REFERENCES ON/,
};

for (const { id, dialect, available } of SERVERS) {
  if (dialect === 'sqlite') continue;

  it.skipIf(!available)(`wrong users, databases and states are refused by name on ${id}`, async () => {
    const database = await sampleDatabase(id);
    const before = await fingerprint(database);
    const url = new URL(database.url);

    const password = new URL(url);
    password.password = 'wrong';
    const missing = new URL(url);
    missing.pathname = '/mcpgw_is_not_there';
    const cases = [
      [password.href, 'AUTHENTICATION', /refused the user or the password/, /percent-encode/],
      [missing.href, 'NO_DATABASE', /does not exist/, /create it first/],
    ] as const;
    for (const [bad, code, says, hint] of cases) {
      for (const command of ['migrate', 'verify']) {
        const { report } = await reportHere(bad, [command]);
        expect(report).toMatchObject({ exitCode: 2, next: '', error: { code } });
        expect(report.error?.message).toMatch(says);
        expect(report.error?.hint).toMatch(hint);
        expect(report.database).toMatchObject({ dialect, url: expect.stringMatching(/:\*\*\*@/) });
      }
    }
    expect(await fingerprint(database)).toEqual(before);

    await expectState(
      database,
      "UPDATE alembic_version SET version_num = 'e75490e949b1'",
      /older than v0\.6\.0/,
    );
    await expectState(
      database,
      "UPDATE alembic_version SET version_num = '0123456789ab'",
      /newer than v0\.7\.0/,
    );
    await expectState(database, "INSERT INTO alembic_version VALUES ('733159a4fa74')", /2 rows/);
    await expectState(database, 'DELETE FROM alembic_version', /no revision is recorded/);
  });

  it.skipIf(!available)(
    `a user without the grants is refused before anything is written on ${id}`,
    async () => {
      const database = await sampleDatabase(id);
      const before = await fingerprint(database);
      const user = await serverUser(database, 'Some-Passw0rd', WITHOUT_SCHEMA_CHANGES[dialect]);
      expect((await reportHere(user.url, ['status'])).exitCode).toBe(0);
      const dry = (await reportHere(user.url, ['migrate', '--dry-run', '--no-backup'])).report;
      expect(dry).toMatchObject({ exitCode: 0, next: 'mcpgw migrate --no-backup' });
      const known = dry.warnings.filter((text) => text.startsWith('A run as this user would refuse: '));
      expect(known).toEqual([expect.stringMatching(MISSING[dialect])]);
      const { report } = await reportHere(user.url, ['migrate']);
      expect(report).toMatchObject({ exitCode: 2, error: { code: 'PERMISSION' } });
      expect(report.error?.details.join('\n')).toMatch(MISSING[dialect]);
      expect(report.error?.hint).toMatch(/Grant what is missing/);
      expect(await fingerprint(database)).toEqual(before);

      const stranger = await serverUser(database, 'Some-Passw0rd', []);
      const refused = await reportHere(stranger.url, ['verify']);
      expect(refused.report.exitCode).not.toBe(0);
      if (refused.report.error !== null) {
        expect(refused.report.error.code).toMatch(/^(PERMISSION|NO_DATABASE)$/);
        expect(refused.report.error.hint).toMatch(/\w/);
      }
      expect((await reportHere(stranger.url, ['migrate'])).report.error?.code).toBe('PERMISSION');
      expect(await fingerprint(database)).toEqual(before);
    },
  );
}

/** Changes `alembic_version`, sees it refused with nothing written, and puts it back. */
async function expectState(database: TestDatabase, sql: string, says: RegExp): Promise<void> {
  await database.query(sql);
  const before = await fingerprint(database);
  const { report } = await reportHere(database.url, ['migrate']);
  expect(report).toMatchObject({ exitCode: 2, error: { code: 'STATE' } });
  expect(report.error?.message).toMatch(says);
  expect(await fingerprint(database)).toEqual(before);
  await database.query('DELETE FROM alembic_version');
  await database.query("INSERT INTO alembic_version VALUES ('1fc1795f6983')");
}

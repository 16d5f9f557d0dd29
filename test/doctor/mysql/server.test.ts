import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, DATABASES, EVERY_VERSION, type TestDatabase } from '../../support/databases.ts';
import { askDoctor, type DoctorAnswer } from '../../support/doctor.ts';
import { serverUser } from '../../support/server-user.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const PASSWORD = "n0t-to-be-Seen'!";
const ALL = ['GRANT ALL ON <database>.* TO <user>'];

let database: TestDatabase;

function withParameters(url: string, parameters: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${parameters}`;
}

/** What comes after a decisive finding is not checked, and nothing shows the password. */
function expectOnly(answer: DoctorAnswer, id: string): void {
  expect(answer.of(id).status).toBe('failed');
  expect(
    answer.problems.filter((each) => answer.of(each).status !== 'skipped' && /^(server|database)/.test(each)),
  ).toEqual([id]);
  expect(answer.of('database.open').status).toBe('skipped');
  expect(JSON.stringify(answer.report) + answer.stderr).not.toContain('n0t-to-be');
}

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'mysql')) {
  describe.skipIf(!available)(`doctor before the database opens [${id}]`, () => {
    beforeEach(async () => {
      database = await createDatabase(id);
      onTestFinished(() => database.drop());
    });

    test('a port on which nothing listens', async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      const address = taken.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await new Promise((resolve) => taken.close(resolve));
      const url = new URL(database.url);
      url.port = String(port);
      const answer = await askDoctor(url.href);
      expectOnly(answer, 'server.tcp');
      expect(answer.of('server.tcp').findings[0]).toContain(`127.0.0.1:${port}: the connection is refused`);
    });

    test.each([
      ['closes at once', (text: string) => text],
      ['says nothing', () => null],
    ])('another service that %s', async (_, says) => {
      const other = createServer((socket) => {
        socket.on('error', () => {});
        const text = says('HTTP/1.1 400 Bad Request\r\n\r\n');
        if (text !== null) socket.end(text);
      });
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        other.close();
      });
      const address = other.address();
      const url = new URL(database.url);
      url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
      const answer = await askDoctor(withParameters(url.href, 'connect_timeout=1'));
      expectOnly(answer, 'server.protocol');
      expect(answer.of('server.protocol').hint).toContain('Another service listens on this port');
    });

    test('a wrong password, none at all, and the right one', async () => {
      const user = await serverUser(database, PASSWORD, ALL);
      const wrong = new URL(user.url);
      wrong.password = 'n0t-to-be-right';
      const answer = await askDoctor(wrong.href);
      expectOnly(answer, 'server.authentication');
      const found = answer.of('server.authentication');
      expect(found.findings[0]).toContain(`'${user.name}'@`);
      expect(found.hint).toContain('The password is wrong');
      expect(found.command).toMatch(
        new RegExp(`^mysql --host=127.0.0.1 --port=\\d+ --user=${user.name} --password `),
      );

      wrong.password = '';
      expect((await askDoctor(wrong.href)).of('server.authentication').hint).toContain(
        'DATABASE_URL has none',
      );
      expect((await askDoctor(user.url)).of('server.authentication').status).toBe('passed');
    });

    test('an account that is locked', async () => {
      const user = await serverUser(database, PASSWORD, [...ALL, 'ALTER USER <user> ACCOUNT LOCK']);
      const answer = await askDoctor(user.url);
      expectOnly(answer, 'server.authentication');
      expect(answer.of('server.authentication').command).toBe(
        `ALTER USER '${user.name}'@'%' ACCOUNT UNLOCK;`,
      );
    });

    test('no connection left for the user', async () => {
      const user = await serverUser(database, PASSWORD, [
        ...ALL,
        'ALTER USER <user> WITH MAX_USER_CONNECTIONS 1',
      ]);
      const holder = await createConnection({ uri: user.url });
      try {
        const answer = await askDoctor(user.url);
        expectOnly(answer, 'server.authentication');
        expect(answer.of('server.authentication').hint).toContain('no connection left for this user');
      } finally {
        await holder.end();
      }
    });

    test('a database that does not exist, and is made by the command', async () => {
      const missing = new URL(database.url);
      missing.pathname = `${missing.pathname}_b`;
      const answer = await askDoctor(missing.href);
      expectOnly(answer, 'server.database');
      const { findings, command = '' } = answer.of('server.database');
      expect(findings[0]).toContain('(1049)');
      expect(command).toBe(`CREATE DATABASE \`${database.name}_b\` CHARACTER SET utf8mb4;`);
      await database.query(command);
      onTestFinished(() => database.query(`DROP DATABASE ${database.name}_b`).then(() => {}));
      expect((await askDoctor(missing.href)).of('server.database').status).toBe('passed');
    });

    test('a database that the user may not use, until the command was run', async () => {
      const user = await serverUser(database, PASSWORD, []);
      const answer = await askDoctor(user.url);
      expectOnly(answer, 'server.database');
      const { findings, command = '' } = answer.of('server.database');
      expect(findings[0]).toContain('(1044)');
      // Where a pattern is allowed an underscore stands for any character.
      const escaped = database.name.replaceAll('_', '\\_');
      expect(command).toBe(`GRANT ALL PRIVILEGES ON \`${escaped}\`.* TO '${user.name}'@'%';`);
      await database.query(command);
      const after = await askDoctor(user.url);
      expect(after.of('server.database').status).toBe('passed');
      expect(after.of('database.open').status).toBe('passed');
    });

    test('a file of ssl_ca that is not there, and one that is something else', async () => {
      const missing = await askDoctor(withParameters(database.url, 'ssl_ca=/nowhere/ca.pem'));
      expectOnly(missing, 'server.tls');
      expect(missing.of('server.tls').findings[0]).toMatch(/ssl_ca .* cannot be read: .*\/nowhere\/ca\.pem/);
      const path = join(temporaryFolder(), 'ca.pem');
      writeFileSync(path, 'not a certificate');
      const other = await askDoctor(withParameters(database.url, `ssl_ca=${path}`));
      expectOnly(other, 'server.tls');
      expect(other.of('server.tls').findings[0]).toContain(`is no PEM file: ${path}`);
    });
  });
}

const available = (id: string) => EVERY_VERSION.some((each) => each.id === id && each.available);

describe.skipIf(!available('mariadb'))('a server without TLS', () => {
  test('and a URL that wants it', async () => {
    const database = await createDatabase('mariadb');
    onTestFinished(() => database.drop());
    const answer = await askDoctor(withParameters(database.url, 'ssl=true'));
    expectOnly(answer, 'server.tls');
    expect(answer.of('server.tls').findings).toEqual([
      'Server does not support secure connection (HANDSHAKE_NO_SSL_SUPPORT)',
      'DATABASE_URL asks for required',
    ]);
  });
});

describe.skipIf(!available('mysql'))('a server with TLS', () => {
  beforeEach(async () => {
    database = await createDatabase('mysql');
    onTestFinished(() => database.drop());
  });

  test('and a user who must use it, told apart from a wrong password', async () => {
    const user = await serverUser(database, PASSWORD, [...ALL, 'ALTER USER <user> REQUIRE SSL']);
    const answer = await askDoctor(user.url);
    expectOnly(answer, 'server.tls');
    const { findings, command } = answer.of('server.tls');
    expect(findings[0]).toContain(`lets ${user.name} in with TLS only`);
    expect(command).toMatch(/^mcpgw doctor --database-url 'mysql:\/\/.*:\*\*\*@.*\?ssl=true'$/);
    const secured = await askDoctor(withParameters(user.url, 'ssl=true'));
    expect(secured.of('server.tls').status).toBe('passed');
    expect(secured.of('database.open').status).toBe('passed');

    const wrong = new URL(user.url);
    wrong.password = 'n0t-to-be-right';
    expectOnly(await askDoctor(wrong.href), 'server.authentication');
  });

  test('whose authority is unknown, whose name is another, and that is trusted', async () => {
    const unknown = await askDoctor(withParameters(database.url, 'ssl_mode=verify_identity'));
    expectOnly(unknown, 'server.tls');
    expect(unknown.of('server.tls').hint).toContain('name the file of that authority');
    expect(unknown.of('server.tls').command).toMatch(
      /^openssl s_client -starttls mysql -connect 127\.0\.0\.1:\d+/,
    );

    const ca = `ssl_ca=${(await database.query('SELECT @@datadir')).replace(/\/?$/, '/')}ca.pem`;
    const otherName = await askDoctor(withParameters(database.url, ca));
    expectOnly(otherName, 'server.tls');
    expect(otherName.of('server.tls').hint).toContain('for another name');
    const trusted = await askDoctor(withParameters(database.url, `${ca}&ssl_check_hostname=false`));
    expect(trusted.of('server.tls').status).toBe('passed');
    expect(trusted.of('database.open').status).toBe('passed');
  });
});

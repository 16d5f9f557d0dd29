import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckReport } from '../../../src/report/report.ts';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.ts';
import { askDoctor } from '../../support/doctor.ts';
import { runSql } from '../../support/run-sql.ts';
import { serverUser } from '../../support/server-user.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';

const PASSWORD = 'pl@nted/Secret:42%';
const servers = DATABASES.filter(({ dialect, available }) => dialect === 'postgresql' && available);

async function database(id: TestDatabase['id']): Promise<TestDatabase> {
  const made = await createDatabase(id);
  onTestFinished(() => made.drop());
  return made;
}

function changed(
  url: string,
  parts: Partial<Pick<URL, 'password' | 'pathname' | 'port' | 'search'>>,
): string {
  return Object.assign(new URL(url), parts).href;
}

/** What doctor finds first; no password is in what it says, and nothing behind it was looked at. */
async function firstFinding(url: string): Promise<CheckReport> {
  const { report, stderr } = await askDoctor(url);
  const said = JSON.stringify(report) + stderr;
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), new URL(url).password]) {
    if (secret !== '') expect(said).not.toContain(secret);
  }
  const ours = report.checks.filter(({ id }) => /^(server|database)\./.test(id));
  const found = ours.filter(({ status }) => !['passed', 'skipped'].includes(status));
  expect(found.map(({ status }) => status)).toEqual(['failed']);
  expect(ours.find(({ id }) => id === 'database.open')?.status).toBe('skipped');
  return found[0]!;
}

describe.each(servers)('reaching PostgreSQL [$id]', ({ id }) => {
  test('nothing is found on a database that opens', async () => {
    const { report } = await askDoctor((await database(id)).url);
    const outside = report.checks.filter(({ group }) => group === 'Server');
    expect(outside.map((check) => [check.id, check.status])).toEqual(
      [
        'dns',
        'tcp',
        'protocol',
        'tls',
        'authentication',
        'database',
        'pooler',
        'transactions',
        'backup-client',
      ].map((name) => [`server.${name}`, 'passed']),
    );
  });

  test('a host that does not resolve, and a closed port', async () => {
    const { url } = await database(id);
    const nowhere = await firstFinding(url.replace('@127.0.0.1', '@database.invalid'));
    expect([nowhere.id, nowhere.command]).toEqual(['server.dns', 'getent hosts database.invalid']);
    const proxy = await tcpProxy(url);
    proxy.stop();
    const stopped = await firstFinding(proxy.url);
    expect([stopped.id, stopped.findings[0]]).toEqual([
      'server.tcp',
      expect.stringContaining('the connection is refused'),
    ]);
  });

  test('a server that takes connections and says nothing', async () => {
    const proxy = await tcpProxy((await database(id)).url);
    proxy.blackHole();
    const found = await firstFinding(changed(proxy.url, { search: '?connect_timeout=3' }));
    expect([found.id, found.findings[0]]).toEqual([
      'server.protocol',
      expect.stringContaining('takes the connection, and says nothing'),
    ]);
  });

  test('a server that says nothing once the user has named himself', async () => {
    const proxy = await tcpProxy((await database(id)).url);
    proxy.blackHole('client_encoding');
    const found = await firstFinding(changed(proxy.url, { search: '?connect_timeout=3' }));
    expect([found.id, found.findings[0]]).toEqual(['server.database', expect.stringContaining('timeout')]);
  });

  test('a wrong password, no password, and no such user', async () => {
    const made = await database(id);
    const user = await serverUser(made, PASSWORD, 'owner');
    const wrong = await firstFinding(changed(user.url, { password: 'not-th3-password' }));
    expect([wrong.id, wrong.findings, wrong.command]).toEqual([
      'server.authentication',
      [`password authentication failed for user "${user.name}" (28P01)`],
      '',
    ]);
    expect(wrong.hint).toContain(`ALTER ROLE "${user.name}" PASSWORD`);
    expect(wrong.hint).not.toContain('--username');
    const none = await firstFinding(changed(user.url, { password: '' }));
    expect([none.id, none.hint]).toEqual([
      'server.authentication',
      expect.stringContaining('DATABASE_URL has none'),
    ]);
    const nobody = await firstFinding(user.url.replace(user.name, 'mcpgw_nobody'));
    expect([nobody.id, nobody.hint]).toEqual([
      'server.authentication',
      expect.stringContaining('CREATE ROLE "mcpgw_nobody" LOGIN PASSWORD'),
    ]);
  });

  test('a role that may not log in, and one without a connection left', async () => {
    const made = await database(id);
    const user = await serverUser(made, PASSWORD, 'owner');
    await made.query(`ALTER ROLE ${user.name} NOLOGIN`);
    const closed = await firstFinding(user.url);
    expect([closed.id, closed.command]).toEqual([
      'server.authentication',
      `ALTER ROLE "${user.name}" LOGIN;`,
    ]);
    await made.query(`ALTER ROLE ${user.name} LOGIN CONNECTION LIMIT 0`);
    const full = await firstFinding(user.url);
    expect([full.id, full.findings, full.hint]).toEqual([
      'server.authentication',
      [`too many connections for role "${user.name}" (53300)`],
      expect.stringContaining('CONNECTION LIMIT'),
    ]);
    await made.query(`ALTER ROLE ${user.name} CONNECTION LIMIT -1`);
    expect((await askDoctor(user.url)).of('server.authentication').status).toBe('passed');
  });

  test('a database that is not there, may not be entered, or is closed', async () => {
    const made = await database(id);
    const user = await serverUser(made, PASSWORD, 'owner');
    const missing = await firstFinding(changed(user.url, { pathname: '/mcpgw_missing' }));
    expect([missing.id, missing.findings, missing.command]).toEqual([
      'server.database',
      ['database "mcpgw_missing" does not exist (3D000)'],
      `CREATE DATABASE "mcpgw_missing" OWNER "${user.name}" ENCODING 'UTF8' TEMPLATE template0;`,
    ]);
    const guest = await serverUser(made, PASSWORD, ['REVOKE CONNECT ON DATABASE <database> FROM PUBLIC']);
    const refused = await firstFinding(guest.url);
    expect([refused.id, refused.command]).toEqual([
      'server.database',
      `GRANT CONNECT ON DATABASE "${made.name}" TO "${guest.name}";`,
    ]);
    await made.query(refused.command ?? '');
    expect((await askDoctor(guest.url)).of('server.database').status).toBe('passed');
    const admin = new URL(made.url);
    admin.pathname = '/postgres';
    const allow = (connections: boolean) =>
      runSql('postgresql', admin.href, `ALTER DATABASE ${made.name} ALLOW_CONNECTIONS ${connections}`);
    await allow(false);
    const shut = await firstFinding(user.url);
    expect([shut.id, shut.command]).toEqual([
      'server.database',
      `ALTER DATABASE "${made.name}" ALLOW_CONNECTIONS true;`,
    ]);
    await allow(true);
  });

  test('TLS asked of a server that has none', async () => {
    const { url } = await database(id);
    for (const mode of ['require', 'verify-full']) {
      const found = await firstFinding(changed(url, { search: `?sslmode=${mode}` }));
      expect([found.id, found.findings]).toEqual([
        'server.tls',
        [`sslmode=${mode} asks for TLS, and the server speaks none`],
      ]);
    }
  });

  test('a server that is too old', async () => {
    const proxy = await olderServer((await database(id)).url);
    const { of } = await askDoctor(proxy);
    const found = of('database.version');
    expect([found.status, found.findings]).toEqual([
      'failed',
      [expect.stringMatching(/^PostgreSQL 12\.\d+ is too old: PostgreSQL 13 or later is needed/)],
    ]);
  });
});

test('another service on the port', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const found = await firstFinding(
    `postgresql://me:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/gateway`,
  );
  expect([found.id, found.findings, found.hint]).toEqual([
    'server.protocol',
    [`127.0.0.1:${port}: answers, but not as PostgreSQL does`],
    expect.stringContaining('another service listens there'),
  ]);
});

/** The server, through a proxy that says that it is version 12 of the same length: no such server is at hand. */
async function olderServer(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      const text = data.toString('latin1').replaceAll(/1[5-9](\.\d)/g, '12$1');
      client.write(Buffer.from(text, 'latin1'));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return changed(url, { port: String((server.address() as AddressInfo).port) });
}

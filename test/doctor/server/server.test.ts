import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../scripts/servers/free-port.ts';
import type { ServerLocation } from '../../../src/database/server-location.ts';
import type { TargetContext } from '../../../src/doctor/context.ts';
import { dnsCheck, type ServerKind, tcpCheck } from '../../../src/doctor/server/network.ts';
import type { PostgresqlTarget } from '../../../src/settings/database-target.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface Place extends Partial<ServerLocation> {
  readonly defaultPort?: number;
}

function at({ defaultPort = 0, ...place }: Place) {
  const location = { host: '127.0.0.1', port: 0, socketPath: null, connectTimeoutMs: 10_000, ...place };
  const kind: ServerKind<PostgresqlTarget> = {
    product: 'PostgreSQL',
    defaultPort,
    service: 'postgresql',
    locationOf: () => location,
  };
  const maskedUrl = `postgresql://me:***@${location.host}:${location.port}/gateway`;
  const context = { target: { maskedUrl } } as TargetContext<PostgresqlTarget>;
  return {
    dns: () => dnsCheck(kind).find(context),
    tcp: () => tcpCheck(kind).find(context),
    hint: tcpCheck(kind).hint,
  };
}

/** A port on which nobody says anything, but connections are taken. */
async function listener(): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a name, an address, and a socket, which has no name', async () => {
  expect((await at({ host: 'localhost' }).dns()).sample[0]).toMatch(/^localhost is (127\.0\.0\.1|::1)$/);
  expect(await at({ host: '::1' }).dns()).toEqual({ count: 0, sample: ['::1 is an address'] });
  expect(await at({ host: '/run/x', socketPath: '/run/x/s' }).dns()).toEqual({ count: 0, sample: [] });
});

test('a name that nobody knows', async () => {
  const found = await at({ host: 'database.invalid', connectTimeoutMs: 20_000 }).dns();
  expect([found.count, found.sample, `${found.command}`]).toEqual([
    1,
    [expect.stringMatching(/database\.invalid (is not known here|cannot be looked up)/)],
    'getent hosts database.invalid',
  ]);
  expect(found.hint).toMatch(/host in DATABASE_URL/);
});

test('a port that takes connections', async () => {
  const port = await listener();
  expect(await at({ port }).tcp()).toEqual({
    count: 0,
    sample: [expect.stringMatching(`^127\\.0\\.0\\.1:${port} answers in \\d+ m?s`)],
  });
});

test('a closed port, and where the server may be instead', async () => {
  const port = await freePort();
  const closed = await at({ port, defaultPort: port }).tcp();
  expect([closed.count, closed.sample]).toEqual([
    1,
    [`127.0.0.1:${port}: the connection is refused: nothing listens there (ECONNREFUSED)`],
  ]);
  expect(`${closed.command}`).toMatch(/^(systemctl start|brew services start) postgresql$/);
  const usual = await listener();
  const elsewhere = await at({ port, defaultPort: usual }).tcp();
  expect(elsewhere.sample[1]).toBe(`127.0.0.1:${usual}: takes connections`);
  expect(`${elsewhere.command}`).toBe(
    `mcpgw doctor --database-url 'postgresql://me:***@127.0.0.1:${usual}/gateway'`,
  );
});

test.runIf(process.platform === 'linux')('a black hole: nobody takes the connection', async () => {
  // A server that listens and never accepts; once its queue is full the kernel drops what asks for more.
  const child = spawn(
    process.execPath,
    [
      '-e',
      `const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
         require('fs').writeSync(1, String(server.address().port));
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const [data] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(data.toString());
  for (let i = 0; i < 8; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
  }
  const found = await at({ port, connectTimeoutMs: 1_000 }).tcp();
  expect([found.count, found.sample, `${found.command}`]).toEqual([
    1,
    [`127.0.0.1:${port}: no answer in time (ETIMEDOUT)`],
    `nc -vz 127.0.0.1 ${port}`,
  ]);
  expect(at({}).hint).toContain('firewall');
});

test('unix sockets: one that is there, one that is not, and one that was left behind', async () => {
  const folder = temporaryFolder();
  const socketPath = join(folder, '.s.PGSQL.5432');
  const server = createServer((socket) => void socket.on('error', () => {}));
  await once(server.listen(socketPath), 'listening');
  expect(await at({ host: folder, socketPath }).tcp()).toEqual({
    count: 0,
    sample: [expect.stringContaining(`${socketPath} answers in`)],
  });
  const other = await at({ host: folder, socketPath: join(folder, '.s.PGSQL.5433') }).tcp();
  expect(other.sample).toEqual([
    `${folder}/.s.PGSQL.5433: there is no such socket`,
    `${folder}/.s.PGSQL.5432: is there`,
  ]);
  await new Promise((resolve) => server.close(resolve));
  rmSync(socketPath, { force: true });
  const gone = await at({ host: folder, socketPath }).tcp();
  expect([gone.count, gone.sample]).toEqual([1, [`${socketPath}: there is no such socket`]]);
  expect(`${gone.command}`).toMatch(/start/);
});

test.runIf(process.platform === 'linux')('a socket whose server was killed', async () => {
  const socketPath = join(temporaryFolder(), 'left.sock');
  const child = spawn(
    process.execPath,
    [
      '-e',
      `require('net').createServer().listen(process.argv[1], () => process.stdout.write('up'))`,
      socketPath,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const found = await at({ socketPath }).tcp();
  expect([found.count, found.sample]).toEqual([1, [`${socketPath}: nobody listens on it (ECONNREFUSED)`]]);
  expect(found.hint).toContain('left behind');
});

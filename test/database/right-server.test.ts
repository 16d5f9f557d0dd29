import { createServer, type Socket } from 'node:net';
import { expect, type TestContext, test } from 'vitest';
import { openDatabase } from '../../src/database/drivers.ts';
import { parseDatabaseUrl } from '../../src/settings/database-url.ts';
import { adminUrl, DATABASES } from '../support/database-kinds.ts';

/** Opens what is at the port, which must fail. */
async function failure(scheme: string, port: number | string, query = ''): Promise<unknown> {
  const { target } = parseDatabaseUrl(`${scheme}://u:p@127.0.0.1:${port}/x${query}`, '/');
  const options = { access: 'read', create: false, connectTimeoutMs: 10_000 } as const;
  return openDatabase(target, options).then(
    ({ cut }) => cut?.(),
    (error: unknown) => error,
  );
}

/** A server of another kind, for the test that is running. */
async function otherServer(
  { onTestFinished }: TestContext,
  speak: (socket: Socket) => void,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const atLineEnd = (answer: string) => (socket: Socket) =>
  void socket.on('data', (bytes) => {
    if (bytes.includes(10)) socket.write(answer);
  });

const SERVICES: readonly (readonly [name: string, speak: (socket: Socket) => void, says: RegExp])[] = [
  ['a web server', atLineEnd('HTTP/1.1 400 Bad Request\r\n\r\n'), /does: it is a web server \(HTTP\)\.$/],
  ['what answers lines', atLineEnd('-ERR unknown command\r\n'), /does\.$/],
  ['what greets first', (socket) => void socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'), /does\.$/],
  [
    'MySQL’s other port',
    (socket) => void socket.write(Buffer.from([5, 0, 0, 0, 11, 8, 5, 26, 0])),
    /does\.$/,
  ],
];

const WORDLESS: readonly (readonly [does: string, speak: (socket: Socket) => void])[] = [
  ['says nothing', () => {}],
  ['hangs up', (socket) => void socket.end()],
];

for (const scheme of ['postgresql', 'mysql']) {
  test.concurrent.for(SERVICES)(
    `${scheme}:// at %s is known to be wrong`,
    async ([, speak, says], context) => {
      const port = await otherServer(context, speak);
      const error = await failure(scheme, port);
      expect(error).toMatchObject({
        code: 'NOT_A_DATABASE',
        exitCode: 2,
        message: expect.stringMatching(says),
        hint: expect.stringContaining('port'),
      });
      expect(error).toMatchObject({
        message: expect.stringContaining(`127.0.0.1:${port} answers, but not as `),
      });
    },
  );

  test.concurrent.for(WORDLESS)(
    `${scheme}:// at what %s may be a server that starts`,
    async ([does, speak], context) => {
      const port = await otherServer(context, speak);
      expect(await failure(scheme, port, '?connect_timeout=1')).toMatchObject({
        code: 'UNREACHABLE',
        message: expect.stringContaining(
          `does not answer: 127.0.0.1:${port} takes the connection, and ${does}.`,
        ),
        hint: expect.stringContaining('--wait 60'),
      });
    },
  );
}

for (const { id, dialect, available } of DATABASES.filter(({ dialect: name }) => name !== 'sqlite')) {
  test.skipIf(!available)(`${id} under the scheme of another database`, async () => {
    const [wrong, product, right] =
      dialect === 'mysql'
        ? ['postgresql', 'PostgreSQL', 'MySQL']
        : ['mysql', 'MySQL or MariaDB', 'PostgreSQL'];
    expect(await failure(wrong, adminUrl(id)?.port ?? '')).toMatchObject({
      code: 'NOT_A_DATABASE',
      message: expect.stringMatching(`answers, but not as ${product} does: it is ${right}`),
      hint: expect.stringContaining(`begins with ${dialect}://`),
    });
  });
}

test.each(['postgresql', 'mysql'])('%s:// with a name that nobody knows', async (scheme) => {
  const { target } = parseDatabaseUrl(`${scheme}://u:p@no-such-host.invalid/x`, '/');
  const options = { access: 'read', create: false, connectTimeoutMs: 10_000 } as const;
  await expect(openDatabase(target, options)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(/^The name no-such-host\.invalid (is not known here|cannot be looked up)/),
  });
});

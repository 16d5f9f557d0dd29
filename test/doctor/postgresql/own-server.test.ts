import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startPostgresStandby } from '../../../scripts/servers/postgres.ts';
import type { RunningServer } from '../../../scripts/servers/server.ts';
import { startServer } from '../../../scripts/servers/start-server.ts';
import {
  type CertificateAuthority,
  certificateAuthority,
  hasOpenssl,
} from '../../support/certificate-authority.ts';
import { connect } from '../../support/connect.ts';
import { createV060 } from '../../support/create-v060.ts';
import { askDoctor } from '../../support/doctor.ts';
import { runSql } from '../../support/run-sql.ts';
import { smallDisk } from '../../support/small-disk.ts';

// Set when `npm test` started the servers itself; where they are given by URL there may be none to start.
const started = process.env.TEST_POSTGRES_CLIENTS !== undefined;
const OWN_PASSWORD = 'planted-Secret-17';

/** A server whose configuration may be changed, with a v0.6.0 database in it. */
describe.skipIf(!started)('a PostgreSQL server of our own', () => {
  let server: RunningServer;
  let url: URL;
  let data: string;
  let folder: string;
  let authority: CertificateAuthority | undefined;

  const sql = (text: string) => runSql('postgresql', url.href, text);
  const asked = (search: string, host = 'localhost') => {
    const changed = new URL(url);
    changed.hostname = host;
    changed.search = search;
    return changed.href;
  };

  beforeAll(async () => {
    server = await startServer('postgres');
    await runSql('postgresql', server.url, 'CREATE DATABASE gateway');
    url = Object.assign(new URL(server.url), { pathname: '/gateway' });
    await connect({ url: url.href }, (db) => createV060(db));
    data = await sql('SHOW data_directory');
    folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
    if (hasOpenssl) authority = certificateAuthority(folder);
  });

  afterAll(async () => {
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Puts a file into the server's folder, as its owner. */
  function give(name: string, put: (path: string) => void): void {
    const path = join(data, name);
    put(path);
    const { uid, gid } = statSync(data);
    if (process.getuid?.() === 0) chownSync(path, uid, gid);
  }

  async function useCertificate(name: string, expired = false): Promise<void> {
    const issued = authority!.issue(name, expired);
    give('server.crt', (path) => copyFileSync(issued.certificate, path));
    give('server.key', (path) => {
      rmSync(path, { force: true });
      copyFileSync(issued.key, path);
    });
    await sql('ALTER SYSTEM SET ssl = on');
    await sql('SELECT pg_reload_conf()');
    await expect
      .poll(async () => (await sql('SHOW ssl')) === 'on' && (await shownCertificate()), { timeout: 20_000 })
      .toContain(name);
  }

  /** Who the server says it is, once it has read its configuration again. */
  async function shownCertificate(): Promise<string> {
    const client = new pg.Client({ connectionString: url.href, ssl: { rejectUnauthorized: false } });
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: import('node:tls').TLSSocket } })
      .connection;
    const { subjectaltname = '', valid_to } = stream.getPeerCertificate();
    await client.end();
    return `${subjectaltname} ${valid_to}`;
  }

  test('over its unix socket nothing is found', async () => {
    const search = `?host=${dirname(data)}&port=${url.port}`;
    const { of, problems } = await askDoctor(
      `postgresql://${url.username}:${url.password}@/gateway${search}&sslmode=require`,
    );
    expect(problems.filter((id) => id.startsWith('server.'))).toEqual([]);
    expect(of('server.tcp').findings[0]).toContain(`${dirname(data)}/.s.PGSQL.${url.port} answers`);
  });

  test('the space on the disk of a server that is here is seen', async () => {
    const { of } = await askDoctor(url.href);
    expect(of('database.space').findings[1]).toMatch(new RegExp(`^${data} has \\d+\\.\\d MB free$`));
  });

  test('a prepared transaction that holds locks', async () => {
    await sql(`BEGIN; UPDATE tools SET description = 'x'; PREPARE TRANSACTION 'forgotten 1'`);
    const { of } = await askDoctor(url.href);
    const found = of('database.prepared');
    expect([found.status, found.findings, found.command]).toEqual([
      'failed',
      [expect.stringMatching(/^forgotten 1, of mcpgw, prepared \d.* ago: locks .*tools/)],
      `ROLLBACK PREPARED 'forgotten 1';`,
    ]);
    // Its locks belong to no process.
    expect(of('database.blockers').status).toBe('passed');
    await sql(found.command ?? '');
    expect((await askDoctor(url.href)).of('database.prepared').status).toBe('passed');
  });

  test.skipIf(!hasOpenssl)(
    'certificates: unknown issuer, wrong name, expired; and one that is right',
    async () => {
      const trusted = `sslrootcert=${authority!.certificate}`;
      await useCertificate('localhost');
      const right = await askDoctor(asked(`?sslmode=verify-full&${trusted}`));
      expect(right.of('server.tls').findings).toEqual([
        'sslmode=verify-full; the server offers TLS, which is used',
      ]);
      expect(right.of('server.authentication').status).toBe('passed');

      const unknown = (await askDoctor(asked('?sslmode=verify-full'))).of('server.tls');
      expect([unknown.status, unknown.findings, unknown.hint]).toEqual([
        'failed',
        [expect.stringContaining('sslmode=verify-full needs a root certificate')],
        expect.stringContaining('sslrootcert=/path/to/root.crt'),
      ]);
      const other = mkdtempSync(join(folder, 'other-'));
      const foreign = certificateAuthority(other).certificate;
      const wrongRoot = (await askDoctor(asked(`?sslmode=verify-ca&sslrootcert=${foreign}`))).of(
        'server.tls',
      );
      expect([wrongRoot.status, wrongRoot.hint]).toEqual([
        'failed',
        expect.stringContaining('not trusted here'),
      ]);

      const missing = (await askDoctor(asked('?sslmode=verify-ca&sslrootcert=/nowhere/root.crt'))).of(
        'server.tls',
      );
      expect([missing.status, missing.findings]).toEqual([
        'failed',
        [expect.stringMatching(/sslrootcert in DATABASE_URL names cannot be read: ENOENT/)],
      ]);

      await useCertificate('db.example.com');
      const wrongName = (await askDoctor(asked(`?sslmode=verify-full&${trusted}`))).of('server.tls');
      expect([wrongName.status, wrongName.findings]).toEqual([
        'failed',
        [expect.stringMatching(/localhost.*DNS:db\.example\.com \(ERR_TLS_CERT_ALTNAME_INVALID\)$/)],
      ]);
      expect((await askDoctor(asked(`?sslmode=verify-ca&${trusted}`))).of('server.tls').status).toBe(
        'passed',
      );

      await useCertificate('expired.example.com', true);
      const expired = (await askDoctor(asked(`?sslmode=verify-ca&${trusted}`))).of('server.tls');
      expect([expired.status, expired.findings]).toEqual([
        'failed',
        ['certificate has expired (CERT_HAS_EXPIRED)'],
      ]);
    },
  );

  test.skipIf(!hasOpenssl)('TLS required by pg_hba.conf, and a user without a line in it', async () => {
    await useCertificate('localhost');
    await sql(
      `CREATE ROLE needs_tls LOGIN PASSWORD '${OWN_PASSWORD}'; CREATE ROLE unlisted LOGIN PASSWORD 'x'`,
    );
    give('pg_hba.conf', (path) =>
      writeFileSync(
        path,
        'hostssl gateway needs_tls 127.0.0.1/32 scram-sha-256\nhost all mcpgw 127.0.0.1/32 scram-sha-256\n',
      ),
    );
    await sql('SELECT pg_reload_conf()');
    onTestFinished(async () => void (await sql('DROP ROLE needs_tls; DROP ROLE unlisted')));
    const as = (user: string, search: string) => {
      const changed = new URL(asked(search, '127.0.0.1'));
      return Object.assign(changed, { username: user, password: OWN_PASSWORD }).href;
    };
    await expect
      .poll(async () => (await askDoctor(as('unlisted', ''))).of('server.authentication').status, {
        timeout: 20_000,
      })
      .toBe('failed');
    const { of, report, stderr } = await askDoctor(as('needs_tls', '?sslmode=disable'));
    const found = of('server.tls');
    expect([found.status, found.findings, found.command]).toEqual([
      'failed',
      ['The server takes no connection without TLS from this user and address; sslmode=disable'],
      `mcpgw doctor --database-url 'postgresql://needs_tls:***@127.0.0.1:${url.port}/gateway?sslmode=require'`,
    ]);
    expect(JSON.stringify(report) + stderr).not.toContain(OWN_PASSWORD);
    for (const mode of ['allow', 'prefer', 'require']) {
      const { of: fine } = await askDoctor(as('needs_tls', `?sslmode=${mode}`));
      expect([mode, fine('server.authentication').status]).toEqual([mode, 'passed']);
    }
    const unlisted = (await askDoctor(as('unlisted', '?sslmode=require'))).of('server.authentication');
    expect([unlisted.findings, unlisted.hint]).toEqual([
      [expect.stringMatching(/^no pg_hba\.conf entry for host "127\.0\.0\.1", user "unlisted".*\(28000\)$/)],
      expect.stringContaining('hostssl gateway unlisted <address>/32 scram-sha-256'),
    ]);
  });

  test.skipIf(!hasOpenssl)('a key that others may read is refused by the driver of the gateway', async () => {
    const { certificate, key } = authority!.issue('client');
    const path = join(folder, 'client.key');
    copyFileSync(key, path);
    chmodSync(path, 0o644);
    const found = (await askDoctor(asked(`?sslmode=require&sslcert=${certificate}&sslkey=${path}`))).of(
      'server.tls',
    );
    expect([found.status, found.findings, found.command]).toEqual([
      'failed',
      [`sslkey: ${path} can be read by others, and the gateway’s driver refuses it`],
      `chmod 600 ${path}`,
    ]);
  });
});

test.skipIf(!started)('a server whose disk is nearly full', async (context) => {
  const disk = smallDisk(90 * 1024);
  if (disk === undefined) return context.skip('this user may not mount a file system');
  // The server runs as another user than root.
  for (const each of [dirname(disk), disk]) chmodSync(each, 0o755);
  vi.stubEnv('TMPDIR', disk);
  onTestFinished(() => void vi.unstubAllEnvs());
  const server = await startServer('postgres');
  try {
    const { of } = await askDoctor(server.url);
    const found = of('database.space');
    expect([found.status, found.findings, found.command]).toEqual([
      'failed',
      [
        expect.stringMatching(
          /^database \d\.\d MB, tables [\d.]+ \w+; the migration needs 64\.0 MB at most$/,
        ),
        expect.stringMatching(new RegExp(`^${disk}/.*/data has \\d+\\.\\d MB free$`)),
      ],
      expect.stringMatching(`^df -h ${disk}/`),
    ]);
  } finally {
    await server.stop();
  }
});

test.skipIf(!started)('a replica', async () => {
  const server = await startPostgresStandby();
  try {
    const { of, problems } = await askDoctor(server.url);
    const found = of('database.read-only');
    expect([found.status, found.findings, found.hint]).toEqual([
      'failed',
      ['This server is a replica, or it is still recovering (pg_is_in_recovery)'],
      'Point DATABASE_URL at the primary server.',
    ]);
    expect(problems.filter((id) => /^(server|database)\./.test(id))).toEqual(['database.read-only']);
  } finally {
    await server.stop();
  }
});

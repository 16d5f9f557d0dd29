import { chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningServer } from '../../scripts/servers/server.ts';
import { startServer } from '../../scripts/servers/start-server.ts';
import { status } from '../../src/commands/status.ts';
import { certificateAuthority, hasOpenssl } from '../support/certificate-authority.ts';
import { commandRuns } from '../support/command-run.ts';
import { runSql } from '../support/run-sql.ts';

// Set when `npm test` started the servers itself; where they are given by URL there may be none to start.
const started = process.env.TEST_POSTGRES_CLIENTS !== undefined;

describe('PostgreSQL is reached as the gateway’s driver reaches it', () => {
  describe.skipIf(!started || !hasOpenssl)('postgres', () => {
    let server: RunningServer;
    let folder: string;
    let at: URL;
    let authority: string;
    const asked = (env: Record<string, string>, change: (url: URL) => void = () => {}) => {
      const url = new URL(at);
      change(url);
      return commandRuns({ url: url.href }, folder)(
        (io) => status(io, { format: 'json', color: false }),
        env,
      );
    };

    beforeAll(async () => {
      server = await startServer('postgres');
      at = Object.assign(new URL(server.url), { hostname: 'localhost' });
      folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
      const issuer = certificateAuthority(folder);
      authority = issuer.certificate;
      const issued = issuer.issue('localhost');
      const data = await runSql('postgresql', server.url, 'SHOW data_directory');
      const { uid, gid } = statSync(data);
      for (const [from, name] of [
        [issued.certificate, 'server.crt'],
        [issued.key, 'server.key'],
      ] as const) {
        copyFileSync(from, join(data, name));
        if (process.getuid?.() === 0) chownSync(join(data, name), uid, gid);
      }
      await runSql('postgresql', server.url, 'ALTER SYSTEM SET ssl = on');
      await runSql('postgresql', server.url, 'SELECT pg_reload_conf()');
      const isOn = async () => (await runSql('postgresql', server.url, 'SHOW ssl')) === 'on';
      await vi.waitUntil(isOn, { timeout: 20_000 });
    }, 60_000);

    afterAll(async () => {
      await server?.stop();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    it('PGSSLMODE=verify-full without a root certificate is refused, as libpq does', async () => {
      const { report } = await asked({ PGSSLMODE: 'verify-full', HOME: join(folder, 'nobody') });
      expect(report).toMatchObject({ exitCode: 2, error: { code: 'URL' } });
      expect(report.error?.message).toContain('needs a root certificate');
    });

    it('PGSSLROOTCERT is what it verifies with', async () => {
      const env = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: authority };
      expect((await asked(env)).report.error).toBeNull();
      const wrong = await asked(env, (url) => {
        url.hostname = '127.0.0.1';
      });
      expect(wrong.report.error).toMatchObject({ code: 'UNREACHABLE' });
    });

    it('~/.postgresql/root.crt is found, with sslmode in the URL', async () => {
      const home = join(folder, 'home');
      mkdirSync(join(home, '.postgresql'), { recursive: true });
      copyFileSync(authority, join(home, '.postgresql/root.crt'));
      const { report } = await asked({ HOME: home }, (url) => {
        url.search = 'sslmode=verify-full';
      });
      expect(report.error).toBeNull();
    });

    it('sslrootcert that names no file is a wrong URL, not a bug', async () => {
      const { report } = await asked({}, (url) => {
        url.search = 'sslmode=verify-full&sslrootcert=/nope.crt';
      });
      expect(report).toMatchObject({ exitCode: 2, error: { code: 'URL' } });
    });

    it('the file for passwords, the service and PGOPTIONS count, and nothing is warned of', async () => {
      const warnings: string[] = [];
      const note = ({ name, message }: Error) => void warnings.push(`${name}: ${message}`);
      process.on('warning', note);
      const home = join(folder, 'served');
      mkdirSync(home);
      writeFileSync(join(home, '.pgpass'), `*:*:*:*:${at.password}\n`, { mode: 0o600 });
      const section = `[gateway]\nhost=localhost\nport=${at.port}\nuser=${at.username}\ndbname=postgres\n`;
      writeFileSync(join(home, 'services'), section);
      const env = { HOME: home, PGSERVICE: 'gateway', PGSERVICEFILE: join(home, 'services') };
      const served = commandRuns({ url: 'postgresql://' }, folder);
      const ask = (more: Record<string, string>) =>
        served((io) => status(io, { format: 'json', color: false }), { PATH: '', ...env, ...more });
      expect((await ask({})).report).toMatchObject({ error: null, database: { release: 'empty' } });
      const nowhere = await ask({ PGOPTIONS: '-c search_path=nowhere' });
      expect(nowhere.report.database?.url).toContain('search_path');
      await new Promise((resolve) => setImmediate(resolve));
      process.off('warning', note);
      expect(warnings).toEqual([]);
    });
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/settings/database-url.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const parse = (url: string, env: Record<string, string>) => parseDatabaseUrl(url, '/srv', env).target;

test('what the URL says counts before the service, and that before the environment', () => {
  const home = temporaryFolder();
  writeFileSync(
    join(home, '.pg_service.conf'),
    '# ours\n[other]\nuser=wrong\n\n[gateway]\nhost=db.example\nport=6432\nuser=served\nsslmode=require\n[last]\nuser=no\n',
  );
  const env = {
    HOME: home,
    PGSERVICE: 'gateway',
    PGUSER: 'variable',
    PGDATABASE: 'mcp',
    PGHOST: 'elsewhere',
  };
  expect(parse('postgresql://', env)).toMatchObject({
    host: 'db.example',
    port: 6432,
    user: 'served',
    database: 'mcp',
    ssl: { mode: 'require' },
  });
  expect(parse('postgresql://me@here:1/x?sslmode=disable', env)).toMatchObject({
    host: 'here',
    port: 1,
    user: 'me',
    database: 'x',
    ssl: { mode: 'disable' },
  });
  expect(() => parse('postgresql://h/x?service=none', env)).toThrow(
    'the service of PGSERVICE is described nowhere',
  );
});

test('options, names and times of the environment', () => {
  const env = {
    PGOPTIONS: '-c search_path=gateway',
    PGAPPNAME: 'site',
    PGCONNECT_TIMEOUT: '7',
    PGPORT: '6000',
  };
  expect(parse('postgresql://h/x', env)).toMatchObject({
    port: 6000,
    searchPath: ['gateway'],
    applicationName: 'site',
    connectTimeoutMs: 7_000,
  });
});

test('TLS: variables, then the files in the home folder that are there', () => {
  const home = temporaryFolder();
  const file = (name: string) => join(home, '.postgresql', name);
  mkdirSync(join(home, '.postgresql'));
  for (const name of ['root.crt', 'postgresql.crt', 'postgresql.key', 'root.crl'])
    writeFileSync(file(name), '');
  expect(parse('postgresql://h/x?sslmode=verify-full', { HOME: home })).toMatchObject({
    ssl: {
      mode: 'verify-full',
      rootCert: file('root.crt'),
      cert: file('postgresql.crt'),
      key: file('postgresql.key'),
      crl: file('root.crl'),
    },
  });
  const env = {
    HOME: home,
    PGSSLMODE: 'verify-ca',
    PGSSLROOTCERT: 'other.crt',
    PGSSLCERT: '/c',
    PGSSLKEY: '/k',
  };
  expect(parse('postgresql://h/x', env)).toMatchObject({
    ssl: { mode: 'verify-ca', rootCert: '/srv/other.crt', cert: '/c', key: '/k' },
  });
  expect(() => parse('postgresql://h/x', { PGSSLMODE: 'always' })).toThrow('PGSSLMODE has a value');
});

test('the file for passwords: the first line that fits, and none that others may read', () => {
  const home = temporaryFolder();
  const passfile = join(home, '.pgpass');
  const lines = ['# comment', 'h:1:x:me:no', String.raw`h:*:x:me:a\:b\\c`, '*:*:*:*:rest'];
  writeFileSync(passfile, `${lines.join('\n')}\n`, { mode: 0o600 });
  const passwordOf = (url: string, env = {}) =>
    (parse(url, { HOME: home, ...env }) as { password: string | null }).password;
  expect(passwordOf('postgresql://me@h/x')).toBe(String.raw`a:b\c`);
  expect(passwordOf('postgresql://me@h:1/x')).toBe('no');
  expect(passwordOf('postgresql://other@h/x')).toBe('rest');
  expect(passwordOf('postgresql://me:mine@h/x')).toBe('mine');
  expect(passwordOf('postgresql://me@h/x', { PGPASSWORD: 'variable' })).toBe('variable');
  const open = join(home, 'open');
  writeFileSync(open, '*:*:*:*:seen', { mode: 0o644 });
  expect(passwordOf('postgresql://me@h/x', { PGPASSFILE: open })).toBeNull();
});

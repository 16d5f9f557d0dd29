import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { DatabaseTarget } from '../../src/settings/database-target.ts';
import { parseDatabaseUrl } from '../../src/settings/database-url.ts';

const CWD = '/srv/gateway';
const parse = (url: string) => parseDatabaseUrl(url, CWD);
const target = (url: string) => parse(url).target;

function errorOf(url: string): GatewayError {
  try {
    parse(url);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('the URL was taken');
}

describe('sqlite', () => {
  it.each([
    ['sqlite:///./mcp.db', '/srv/gateway/mcp.db'],
    ['sqlite:///mcp.db', '/srv/gateway/mcp.db'],
    ['sqlite:///../mcp.db', '/srv/mcp.db'],
    ['sqlite:////data/mcp.db', '/data/mcp.db'],
    ['SQLite:////data/mcp.db', '/data/mcp.db'],
    ['sqlite+pysqlite:////data/mcp.db', '/data/mcp.db'],
    ['sqlite+aiosqlite:///mcp.db', '/srv/gateway/mcp.db'],
    ['  sqlite:////data/mcp.db\n', '/data/mcp.db'],
    ['sqlite:////data/my%20own%3F.db', '/data/my%20own%3F.db'],
    ['sqlite:////data/my own.db', '/data/my own.db'],
    ['sqlite:////data/100%25.db', '/data/100%25.db'],
    ['sqlite:///file:/data/my%20own.db?uri=true', '/data/my own.db'],
    ['sqlite:////data/a+b#c@d.db', '/data/a+b#c@d.db'],
    ['sqlite:///file:mcp.db?uri=true', '/srv/gateway/mcp.db'],
    ['sqlite:///file:/data/mcp.db?uri=true', '/data/mcp.db'],
    ['sqlite:///file:///data/mcp.db?mode=rw&uri=true', '/data/mcp.db'],
    ['sqlite:///file://localhost/data/mcp.db?uri=1', '/data/mcp.db'],
  ])('%s is the file %s', (url, path) => {
    expect(target(url)).toMatchObject({ dialect: 'sqlite', path, readOnly: false, busyTimeoutMs: 5000 });
    expect(parse(url).warnings).toEqual([]);
  });

  it('turns parameters into a timeout and pragmas, and says which change the file', () => {
    const url =
      'sqlite:///m.db?check_same_thread=False&timeout=2.5&journal_mode=WAL&synchronous=NORMAL&cache_size=-64000' +
      '&temp_store=memory&mmap_size=268435456&foreign_keys=ON&isolation_level=IMMEDIATE&cached_statements=9';
    const { target: found, warnings } = parse(url);
    expect(warnings).toEqual([]);
    expect(found).toMatchObject({
      busyTimeoutMs: 2500,
      pragmas: [
        { name: 'journal_mode', value: 'wal', persistent: true },
        { name: 'synchronous', value: 'normal', persistent: false },
        { name: 'cache_size', value: '-64000', persistent: false },
        { name: 'temp_store', value: 'memory', persistent: false },
        { name: 'mmap_size', value: '268435456', persistent: false },
        { name: 'foreign_keys', value: 'on', persistent: false },
      ],
    });
  });

  it('busy_timeout is in milliseconds and wins over timeout', () => {
    expect(target('sqlite:///m.db?timeout=30&busy_timeout=250')).toMatchObject({
      busyTimeoutMs: 250,
      pragmas: [],
    });
  });

  it('mode=ro asks for a read-only connection', () => {
    expect(target('sqlite:///m.db?mode=ro')).toMatchObject({ readOnly: true });
  });

  it.each(['off', 'memory'])('journal_mode=%s is not used, since a rollback needs a journal', (mode) => {
    const { target: found, warnings } = parse(`sqlite:///m.db?journal_mode=${mode}`);
    expect(found).toMatchObject({ pragmas: [] });
    expect(warnings).toEqual([expect.stringContaining(`journal_mode=${mode}`)]);
  });

  it.each([
    ['sqlite://', 'in-memory'],
    ['sqlite:///', 'in-memory'],
    ['sqlite:///:memory:', 'in-memory'],
    ['sqlite:///file::memory:?uri=true', 'in-memory'],
    ['sqlite:///x.db?mode=memory', 'in-memory'],
    ['sqlite://mcp.db', 'three slashes'],
    ['sqlite:///file:x.db', 'uri=true'],
    ['sqlite:///file://other/x.db?uri=true', 'names a host'],
    ['sqlite:///a%00b.db', 'NUL'],
    ['sqlite:///x.db?journal_mode=wal;drop', 'journal_mode'],
    ['sqlite:///x.db?cache_size=1);--', 'cache_size'],
    ['sqlite:///x.db?cache_size=1e3', 'cache_size'],
    ['sqlite:///x.db?timeout=-1', 'timeout'],
    ['sqlite:///x.db?timeout=soon', 'timeout'],
    ['sqlite:///x.db?synchronous=full&synchronous=off', '2 times'],
  ])('%s is refused: %s', (url, part) => {
    const error = errorOf(url);
    expect(error.code).toBe('URL');
    expect(`${error.message} ${error.hint}`).toContain(part);
    expect(error.hint).not.toBe('');
  });
});

describe('postgresql', () => {
  it.each([
    'postgresql://ann:pw@db:5433/mcp',
    'postgres://ann:pw@db:5433/mcp',
    'postgresql+psycopg2://ann:pw@db:5433/mcp',
    'postgresql+psycopg://ann:pw@db:5433/mcp',
    'postgresql+asyncpg://ann:pw@db:5433/mcp',
    'PostgreSQL://ann:pw@db:5433/mcp',
    'postgresql://db:5433/mcp?user=ann&password=pw',
    'postgresql://ann:pw@/mcp?host=db&port=5433',
    'postgresql://ann:pw@/?host=db:5433&dbname=mcp',
  ])('%s', (url) => {
    expect(parse(url)).toEqual({
      target: {
        dialect: 'postgresql',
        host: 'db',
        port: 5433,
        user: 'ann',
        password: 'pw',
        database: 'mcp',
        searchPath: null,
        options: null,
        ssl: { mode: 'prefer', rootCert: null, cert: null, key: null, crl: null },
        connectTimeoutMs: null,
        applicationName: null,
        maskedUrl: 'postgresql://ann:***@db:5433/mcp',
      },
      warnings: [],
    });
  });

  it.each<[string, Partial<Extract<DatabaseTarget, { dialect: 'postgresql' }>>]>([
    ['postgresql://db/mcp', { host: 'db', port: 5432, user: null, password: null }],
    ['postgresql://ann@db/mcp', { user: 'ann', password: null, maskedUrl: 'postgresql://ann@db:5432/mcp' }],
    ['postgresql://:pw@db/mcp', { user: null, password: 'pw', maskedUrl: 'postgresql://:***@db:5432/mcp' }],
    ['postgresql://ann:@db:/mcp', { user: 'ann', password: null, host: 'db', port: 5432 }],
    [
      'postgresql://a:b@[::1]:5433/mcp',
      { host: '::1', port: 5433, maskedUrl: 'postgresql://a:***@[::1]:5433/mcp' },
    ],
    ['postgresql:///mcp', { host: '/var/run/postgresql', maskedUrl: 'postgresql:///mcp' }],
    [
      'postgresql://ann:pw@/mcp?host=/tmp/pg',
      { host: '/tmp/pg', maskedUrl: 'postgresql://ann:***@/mcp?host=/tmp/pg' },
    ],
    // SQLAlchemy takes these unencoded; the last @ before the host ends the password.
    ['postgresql://ann:p:a/s?s#w@db/mcp', { password: 'p:a/s?s#w', host: 'db', database: 'mcp' }],
    ['postgresql://ann:p@ss@db/mcp', { user: 'ann', password: 'p@ss', host: 'db' }],
    ['postgresql://ann:p/a@ss@db/mcp', { password: 'p/a@ss', host: 'db' }],
    ['postgresql://ann:50%off+@db/mcp', { password: '50%off+' }],
    ['postgresql://ann:%2550@db/mcp', { password: '%50' }],
    [
      'postgresql://ann%40corp:p%C3%A9@db/m%2Fcp',
      { user: 'ann@corp', password: 'pé', database: 'm%2Fcp', decoded: 'm/cp' },
    ],
    [
      'postgresql://db/mcp?sslmode=disable',
      { ssl: { mode: 'disable', rootCert: null, cert: null, key: null, crl: null } },
    ],
    [
      'postgresql://db/mcp?sslmode=verify-full&sslrootcert=ca.pem&sslcert=/c.pem&sslkey=/k.pem',
      {
        ssl: {
          mode: 'verify-full',
          rootCert: '/srv/gateway/ca.pem',
          cert: '/c.pem',
          key: '/k.pem',
          crl: null,
        },
      },
    ],
    [
      'postgresql://db/mcp?sslmode=require&sslrootcert=/ca.pem',
      { ssl: { mode: 'verify-ca', rootCert: '/ca.pem', cert: null, key: null, crl: null } },
    ],
    [
      'postgresql+asyncpg://db/mcp?ssl=true',
      { ssl: { mode: 'require', rootCert: null, cert: null, key: null, crl: null } },
    ],
    [
      'postgresql://db/mcp?connect_timeout=7&application_name=up+grade',
      { connectTimeoutMs: 7000, applicationName: 'up grade' },
    ],
    ['postgresql://db/mcp?connect_timeout=0', { connectTimeoutMs: null }],
    [
      'postgresql://db/mcp?options=-c%20search_path=Gate,public',
      {
        options: '-c search_path=Gate,public',
        searchPath: ['gate', 'public'],
        maskedUrl: 'postgresql://db:5432/mcp?options=-csearch_path%3Dgate,public',
      },
    ],
    [
      'postgresql://db/mcp?options=-csearch_path%3D%22My%20%22%22S%22%2C%24user%20--statement-timeout%3D5',
      { searchPath: null },
    ],
  ])('%s', (url, expected) => {
    if (expected.searchPath === null && url.includes('search_path')) {
      // An unescaped space ends the option for the server too.
      expect(errorOf(url).message).toContain('search_path');
      return;
    }
    expect(target(url)).toMatchObject(expected);
  });

  it.each([
    ['-c search_path=a -c search_path=b', ['b']],
    ['--search-path=a,b', ['a', 'b']],
    ['-c search_path=a,\\ b -c statement_timeout=5', ['a', 'b']],
    ['-c search_path="My\\ ""S"",$user', null],
    ['-c search_path="My\\ ""S",$user', ['My "S', '$user']],
    ['-c statement_timeout=5', undefined],
    ['-c search_path=', null],
    ['-c search_path=a,', null],
  ])('options %s', (options, schemas) => {
    const url = `postgresql://db/mcp?options=${encodeURIComponent(options)}`;
    if (schemas === null) expect(errorOf(url).message).toContain('search_path');
    else expect(target(url)).toMatchObject({ options, searchPath: schemas ?? null });
  });

  it('names unknown parameters and never their value', () => {
    const { warnings } = parse('postgresql://db/mcp?sslpassword=hunter2&target_session_attrs=any&we%20ird=1');
    expect(warnings).toHaveLength(3);
    expect(warnings.join('\n')).toContain('sslpassword');
    expect(warnings.join('\n')).toContain('target_session_attrs');
    expect(warnings.join('\n')).not.toMatch(/hunter2|we ird/);
  });
});

describe('mysql', () => {
  it.each([
    'mysql',
    'mysql+pymysql',
    'mysql+mysqldb',
    'mysql+mysqlconnector',
    'mysql+aiomysql',
    'mariadb',
    'mariadb+pymysql',
  ])('%s', (scheme) => {
    expect(parse(`${scheme}://ann:pw@db/mcp?charset=UTF8MB4&read_timeout=9&write_timeout=9`)).toEqual({
      target: {
        dialect: 'mysql',
        host: 'db',
        port: 3306,
        user: 'ann',
        password: 'pw',
        database: 'mcp',
        socketPath: null,
        charset: 'utf8mb4',
        ssl: { mode: 'disabled', ca: null, cert: null, key: null },
        connectTimeoutMs: null,
        maskedUrl: 'mysql://ann:***@db:3306/mcp?charset=UTF8MB4',
      },
      warnings: [],
    });
  });

  it.each([
    ['ssl=true', 'required'],
    ['ssl=false', 'disabled'],
    ['ssl_ca=ca.pem', 'verify-identity'],
    ['ssl_ca=ca.pem&ssl_check_hostname=false', 'verify-ca'],
    ['ssl_ca=ca.pem&ssl_verify_identity=false', 'verify-ca'],
    ['ssl_ca=ca.pem&ssl_verify_cert=false', 'required'],
    ['ssl_verify_cert=true', 'verify-ca'],
    ['ssl_verify_identity=true', 'verify-identity'],
    ['ssl_cert=c.pem&ssl_key=k.pem', 'required'],
    ['ssl_mode=PREFERRED', 'preferred'],
    ['ssl_mode=VERIFY_IDENTITY&ssl_ca=ca.pem', 'verify-identity'],
  ])('%s is TLS mode %s', (parameters, mode) => {
    expect(target(`mysql://db/mcp?${parameters}`)).toMatchObject({ ssl: { mode } });
  });

  it('resolves certificates and the socket against the working folder', () => {
    const url = 'mysql://ann@/mcp?unix_socket=/run/my.sock&ssl_ca=ca.pem&connect_timeout=4';
    expect(target(url)).toMatchObject({
      host: 'localhost',
      socketPath: '/run/my.sock',
      ssl: { ca: '/srv/gateway/ca.pem' },
      connectTimeoutMs: 4000,
      maskedUrl: expect.stringContaining('mysql://ann@/mcp?unix_socket=/run/my.sock'),
    });
  });

  it('warns of what it does not know', () => {
    expect(parse('mysql://db/mcp?local_infile=1').warnings).toEqual([
      expect.stringContaining('local_infile'),
    ]);
  });
});

describe('what cannot be used', () => {
  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['mcp.db', 'no scheme://'],
    ['sqlite:/mcp.db', 'no scheme://'],
    ['postgresql:db/mcp', 'no scheme://'],
    ['://db/mcp', 'no scheme://'],
    ['http://db/mcp', 'http://'],
    ['mssql+pyodbc://db/mcp', 'mssql://'],
    ['postgresql+psycop://db/mcp', 'postgresql+psycop'],
    ['postgresql://ann:secret-pw@db\n/mcp', 'line break'],
    ['postgresql://ann:secret-pw@db', 'no database name'],
    ['postgresql://ann:secret-pw@db/', 'no database name'],
    ['postgresql://ann:secret-pw@db?sslmode=require', 'no database name'],
    ['mysql://ann:secret-pw@db', 'no database name'],
    ['postgresql://ann:secret-pw@db:port/mcp', 'port'],
    ['postgresql://ann:secret-pw@db:0/mcp', 'port'],
    ['postgresql://ann:secret-pw@db:65536/mcp', 'port'],
    ['postgresql://ann:secret-pw', 'port'],
    ['postgresql://ann:secret-pw@::1:5432/mcp', 'brackets'],
    ['postgresql://ann:secret-pw@[::1/mcp', 'IPv6'],
    ['postgresql://ann:secret-pw@h1,h2/mcp', 'several hosts'],
    ['postgresql://ann:secret-pw@h1:1,h2:2/mcp', 'several hosts'],
    ['postgresql://ann:secret-pw@/mcp?host=h1&host=h2', 'several hosts'],
    ['postgresql://ann:secret-pw@/mcp?host=h1,h2', 'several hosts'],
    ['postgresql://ann:secret-pw@%2Ftmp/mcp', '?host='],
    ['postgresql://ann:secret-pw@d b/mcp', 'no host name has'],
    ['postgresql://ann:12/secret-pw@db/mcp', 'unclear'],
    ['postgresql://ann:se@cret/secret-pw@db/mcp', 'unclear'],
    ['postgresql://ann:secret-pw%FF@db/mcp', 'UTF-8'],
    ['postgresql://ann:secret-pw%00@db/mcp', 'NUL'],
    ['postgresql://ann:secret-pw@db/mcp?sslmode=secret-pw', 'sslmode'],
    ['postgresql://ann:secret-pw@db/mcp?connect_timeout=secret-pw', 'connect_timeout'],
    ['mysql://ann:secret-pw@db/mcp?charset=secret-pw', 'charset'],
    ['mysql://ann:secret-pw@db/mcp?ssl=secret-pw', 'ssl'],
  ])('%s: %s', (url, part) => {
    const error = errorOf(url);
    expect(error.code).toBe('URL');
    const told = `${error.message} ${error.hint} ${error.details.join(' ')}`;
    expect(told).toContain(part);
    expect(told).not.toContain('secret-pw');
    expect(error.hint).not.toBe('');
  });
});

describe('properties', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'@:/%\'"\\ #?&+=[],;é漢🙂aZ0'), minLength: 1, maxLength: 20 }),
  );
  const text = part.filter((value) => !value.includes('\0'));
  const encode = encodeURIComponent;

  it.each(['postgresql+psycopg', 'mysql+pymysql'])(
    '%s: user and password come back decoded, the database as it is',
    (scheme) => {
      fc.assert(
        fc.property(text, text, text, (user, password, name) => {
          const database = encode(name);
          const found = target(`${scheme}://${encode(user)}:${encode(password)}@db.example:1234/${database}`);
          expect(found).toMatchObject({ user, password, database, host: 'db.example', port: 1234 });
        }),
      );
    },
  );

  it('sqlite: a path is taken as it is, and the masked URL leads to it again', () => {
    fc.assert(
      fc.property(text, (name) => {
        const path = encode(name);
        const found = target(`sqlite:///${path}`);
        expect(found).toMatchObject({ path: resolve(CWD, path) });
        expect(target(found.maskedUrl)).toMatchObject({ path: resolve(CWD, path) });
      }),
    );
  });

  it('the masked URL never holds the password', () => {
    fc.assert(
      fc.property(text, fc.string({ minLength: 6 }), text, (user, password, database) => {
        fc.pre(!password.includes('\0'));
        const others = ['postgresql://', encode(user), '***@db:5432/', encode(database)];
        fc.pre(!others.some((other) => other.includes(password) || other.includes(encode(password))));
        const { maskedUrl } = target(
          `postgresql://${encode(user)}:${encode(password)}@db/${encode(database)}`,
        );
        expect(maskedUrl).not.toContain(password);
        expect(maskedUrl).not.toContain(encode(password));
        expect(maskedUrl).toContain(':***@');
      }),
    );
  });

  it('garbage ends in a GatewayError that does not repeat it, or in a target', () => {
    const scheme = fc.constantFrom(
      '',
      'sqlite://',
      'sqlite:///',
      'postgresql://',
      'mysql://',
      'mysql+pymysql://a:',
    );
    fc.assert(
      fc.property(scheme, fc.string({ unit: 'binary' }), (start, garbage) => {
        try {
          expect(parse(start + garbage).target.maskedUrl).not.toBe('');
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          expect(error.code).toBe('URL');
          if (garbage.trim().length >= 6)
            expect(`${error.message} ${error.hint}`).not.toContain(garbage.trim());
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('a raw password that is taken comes back whole, and one that is not is never repeated', () => {
    const raw = fc.string({ unit: fc.constantFrom(...'@:/?#&=+ab19'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(raw, (middle) => {
        const password = `S3cr${middle}3tpw`;
        try {
          const found = target(`postgresql://ann:${password}@db/mcp`);
          expect(found).toMatchObject({ user: 'ann', password, host: 'db', database: 'mcp' });
          expect(found.maskedUrl).toBe('postgresql://ann:***@db:5432/mcp');
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          expect(`${error.message} ${error.hint}`).not.toMatch(/S3cr|3tpw/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

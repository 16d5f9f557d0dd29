import { resolve } from 'node:path';
import type { PostgresqlSslMode, PostgresqlTarget } from './database-target.ts';
import {
  type Environment,
  type LibpqDefaults,
  type LibpqParameter,
  libpqDefaults,
  passwordFromFile,
} from './libpq-defaults.ts';
import { maskedServerUrl } from './masked-server-url.ts';
import { searchPathOf } from './postgresql-search-path.ts';
import { decodedName, parsePort, splitServerUrl } from './server-url.ts';
import { urlError } from './url-error.ts';
import { UrlQuery } from './url-query.ts';

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** Where Debian's libpq, and so most Python images, look for the server when no host is named. */
const DEFAULT_SOCKET_FOLDER = '/var/run/postgresql';

/**
 * Reads what follows `postgresql://` or one of its aliases. Parameters are libpq's, since SQLAlchemy hands them on;
 * what the URL leaves out has libpq's own defaults.
 *
 * @param cwd the folder relative certificate paths start from
 * @throws GatewayError URL
 */
export function parsePostgresqlUrl(
  rest: string,
  cwd: string,
  env: Environment,
): { target: PostgresqlTarget; warnings: string[] } {
  const parts = splitServerUrl(rest);
  const query = new UrlQuery(parts.query);
  const warnings: string[] = [];
  const libpq = libpqDefaults(env, query.text('service'));
  const location = readLocation(query, parts.host, parts.port, libpq);
  const database = query.text('dbname') ?? parts.database ?? libpq('dbname');
  if (database === null) {
    throw urlError('the URL has no database name', 'write postgresql://user:password@host:5432/database');
  }
  const options = query.text('options') ?? libpq('options');
  const searchPath = options === null ? null : searchPathOf(options);
  if (searchPath !== null) query.show('options', `-csearch_path=${searchPath.map(quoted).join(',')}`);
  const user = query.text('user') ?? parts.user ?? libpq('user');
  const passfile = query.text('passfile') ?? libpq('passfile');
  const urlPassword = query.text('password') ?? parts.password;
  const password =
    urlPassword ?? libpq('password') ?? passwordFromFile(passfile, { ...location, database, user });
  const ssl = readSsl(query, cwd, libpq);
  // libpq waits for ever on 0 or less.
  const seconds = query.whole('connect_timeout', -1, 86_400) ?? (Number(libpq('connect_timeout')) || 0);
  const applicationName = query.text('application_name') ?? libpq('application_name');
  if (query.text('target_session_attrs') !== null) {
    warnings.push(
      'DATABASE_URL: parameter target_session_attrs is ignored: the host must be the one that takes writes',
    );
  }
  warnings.push(...query.unknown());
  const shownHost = location.host.startsWith('/') ? null : location.host;
  const maskedUrl = maskedServerUrl(
    'postgresql',
    { user, password: urlPassword, ...location, host: shownHost, database },
    query,
  );
  return {
    target: {
      dialect: 'postgresql',
      ...location,
      user,
      password,
      database,
      ...(database === parts.database ? decodedName(database) : {}),
      searchPath,
      options,
      ssl,
      connectTimeoutMs: seconds > 0 ? seconds * 1000 : null,
      applicationName,
      maskedUrl,
    },
    warnings,
  };
}

/** `?host=` wins over the host of the URL; SQLAlchemy also takes `host=name:port` there. */
function readLocation(
  query: UrlQuery,
  host: string | null,
  port: number | null,
  libpq: LibpqDefaults,
): { host: string; port: number } {
  const named = query.all('host');
  if (named.length > 1 || named.some((name) => name.includes(','))) {
    throw urlError('the URL names several hosts', 'name one host: the one that takes writes');
  }
  const queryPort = parsePort(query.text('port') ?? '');
  const otherPort = port ?? parsePort(libpq('port') ?? '') ?? 5432;
  const wanted = named[0] ?? (host === null ? libpq('host') : null);
  if (wanted === null) return { host: host ?? DEFAULT_SOCKET_FOLDER, port: queryPort ?? otherPort };
  if (wanted.startsWith('/')) {
    query.show('host', wanted);
    return { host: wanted, port: queryPort ?? otherPort };
  }
  const match = /^([\p{L}\p{N}._-]+|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)(?::(\d*))?$/iu.exec(wanted);
  if (match?.[1] === undefined) {
    throw urlError(
      'parameter host is neither a host nor the folder of a socket',
      'write host=/folder or host=name',
    );
  }
  return { host: match[1], port: queryPort ?? parsePort(match[2] ?? '') ?? otherPort };
}

function readSsl(query: UrlQuery, cwd: string, libpq: LibpqDefaults): PostgresqlTarget['ssl'] {
  const path = (name: LibpqParameter): string | null => {
    const text = query.text(name) ?? libpq(name);
    return text === null || text === 'system' ? text : resolve(cwd, text);
  };
  const files = {
    rootCert: path('sslrootcert'),
    cert: path('sslcert'),
    key: path('sslkey'),
    crl: path('sslcrl'),
  };
  // asyncpg calls the parameter `ssl` and takes `true` for `require`.
  const asyncpg = query.oneOf('ssl', [...SSL_MODES, 'true', 'false']);
  const alias: PostgresqlSslMode | null =
    asyncpg === 'true' ? 'require' : asyncpg === 'false' ? 'disable' : asyncpg;
  const preset = libpq('sslmode');
  const known = preset === null ? null : SSL_MODES.find((mode) => mode === preset);
  if (known === undefined)
    throw urlError('PGSSLMODE has a value that does not exist', `use one of ${SSL_MODES.join(', ')}`);
  const asked = query.oneOf('sslmode', SSL_MODES) ?? alias ?? known;
  if (files.rootCert === 'system') return { mode: 'verify-full', ...files };
  // libpq: `require` with a root certificate verifies it, for compatibility with old releases.
  if (asked === 'require' && files.rootCert !== null) return { mode: 'verify-ca', ...files };
  return { mode: asked ?? 'prefer', ...files };
}

function quoted(schema: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(schema) ? schema : `"${schema.replaceAll('"', '""')}"`;
}

import { resolve } from 'node:path';
import type { MysqlSslMode, MysqlTarget } from './database-target.ts';
import { maskedServerUrl } from './masked-server-url.ts';
import { decodedName, splitServerUrl } from './server-url.ts';
import { urlError } from './url-error.ts';
import { UrlQuery } from './url-query.ts';

/**
 * Reads what follows `mysql://`, `mariadb://` or one of their aliases.
 *
 * @param cwd the folder relative paths start from
 * @throws GatewayError URL
 */
export function parseMysqlUrl(rest: string, cwd: string): { target: MysqlTarget; warnings: string[] } {
  const parts = splitServerUrl(rest);
  const query = new UrlQuery(parts.query);
  if (parts.database === null) {
    throw urlError('the URL has no database name', 'write mysql+pymysql://user:password@host:3306/database');
  }
  const socket = query.text('unix_socket');
  if (socket !== null) query.show('unix_socket', socket);
  const charset = readCharset(query);
  const ssl = readSsl(query, cwd);
  const seconds = query.whole('connect_timeout', 0, 86_400) ?? 0;
  query.ignore('read_timeout', 'write_timeout');
  const location = { host: parts.host ?? 'localhost', port: parts.port ?? 3306 };
  const login = { user: parts.user, password: parts.password };
  const shownHost = socket === null ? location.host : null;
  const maskedUrl = maskedServerUrl(
    'mysql',
    { ...login, ...location, host: shownHost, database: parts.database },
    query,
  );
  return {
    target: {
      dialect: 'mysql',
      ...location,
      ...login,
      database: parts.database,
      ...decodedName(parts.database),
      socketPath: socket === null ? null : resolve(cwd, socket),
      charset,
      ssl,
      connectTimeoutMs: seconds > 0 ? seconds * 1000 : null,
      maskedUrl,
    },
    warnings: [...query.unknown()],
  };
}

function readCharset(query: UrlQuery): string | null {
  const charset = query.text('charset');
  if (charset === null) return null;
  if (!/^[a-z0-9_]{1,32}$/i.test(charset)) {
    throw urlError('parameter charset is not the name of a character set', 'write charset=utf8mb4');
  }
  query.show('charset', charset);
  return charset.toLowerCase();
}

/**
 * TLS as SQLAlchemy and PyMySQL have it: none unless a parameter asks for it; a CA makes the certificate and the
 * host name count, unless one of the two is switched off. `ssl_mode` is mysqlclient's.
 */
function readSsl(query: UrlQuery, cwd: string): MysqlTarget['ssl'] {
  const path = (name: string): string | null => {
    const text = query.text(name);
    return text === null ? null : resolve(cwd, text);
  };
  const files = { ca: path('ssl_ca'), cert: path('ssl_cert'), key: path('ssl_key') };
  const wanted = query.flag('ssl');
  const named = query.oneOf('ssl_mode', [
    'disabled',
    'preferred',
    'required',
    'verify_ca',
    'verify_identity',
  ]);
  const verifyCert = query.flag('ssl_verify_cert');
  const checkHostname = query.flag('ssl_check_hostname');
  const verifyIdentity = query.flag('ssl_verify_identity') ?? checkHostname;
  const mode = (): MysqlSslMode => {
    if (named === 'verify_ca') return 'verify-ca';
    if (named === 'verify_identity') return 'verify-identity';
    if (named !== null) return named;
    if (wanted === false) return 'disabled';
    if (verifyCert === false) return 'required';
    if (verifyIdentity === true) return 'verify-identity';
    if (files.ca !== null) return verifyIdentity === false ? 'verify-ca' : 'verify-identity';
    if (verifyCert === true) return 'verify-ca';
    const asked = wanted === true || files.cert !== null || files.key !== null;
    return asked ? 'required' : 'disabled';
  };
  return { mode: mode(), ...files };
}

import type { DatabaseTarget } from './database-target.ts';
import { commentError, holdsComment } from './existing-name.ts';
import type { Environment } from './libpq-defaults.ts';
import { parseMysqlUrl } from './mysql-url.ts';
import { parsePostgresqlUrl } from './postgresql-url.ts';
import { parseSqliteUrl } from './sqlite-url.ts';
import { urlError } from './url-error.ts';

type Parse = (rest: string, cwd: string, env: Environment) => { target: DatabaseTarget; warnings: string[] };

interface Family {
  readonly names: readonly string[];
  /** Python's drivers for it. Which one is named makes no difference here, but a misspelt one is worth a word. */
  readonly drivers: readonly string[];
  readonly parse: Parse;
}

const FAMILIES: readonly Family[] = [
  { names: ['sqlite'], drivers: ['pysqlite', 'aiosqlite'], parse: parseSqliteUrl },
  {
    names: ['postgresql', 'postgres'],
    drivers: ['psycopg2', 'psycopg', 'psycopg_async', 'psycopg2cffi', 'asyncpg', 'pg8000'],
    parse: parsePostgresqlUrl,
  },
  {
    names: ['mysql', 'mariadb'],
    drivers: ['pymysql', 'mysqldb', 'mysqlconnector', 'mariadbconnector', 'aiomysql', 'asyncmy'],
    parse: parseMysqlUrl,
  },
];

const SCHEMES = 'use one of sqlite:///file, postgresql://…, mysql://… or mariadb://…';

/**
 * Takes an SQLAlchemy URL (COMPATIBILITY §3) apart. User and password are percent-decoded once,
 * database and path are not.
 *
 * @param text DATABASE_URL
 * @param cwd absolute folder from which relative paths start
 * @param env what it does not say and libpq has a variable for, is taken from here
 * @returns where and how to connect, and a warning for each parameter that has no meaning here
 * @throws GatewayError URL: the message names the scheme and the part that is wrong, and never shows the URL
 */
export function parseDatabaseUrl(
  text: string,
  cwd: string,
  env: Environment = {},
): { target: DatabaseTarget; warnings: string[] } {
  const url = text.trim();
  if (url === '') throw urlError('the URL is empty', SCHEMES);
  if (/\p{Cc}/u.test(url)) {
    throw urlError('the URL holds a line break or another control character', 'write it on one line');
  }
  if (/^["']/.test(url)) {
    throw urlError(
      'it begins with a quote, which is part of the value: Docker’s --env-file takes no quotes away',
      'take the quotes out',
    );
  }
  const match = /^([a-z][a-z0-9_]{0,31})(?:\+([a-z0-9_]{1,31}))?:\/\/(.*)$/is.exec(url);
  if (match?.[1] === undefined) throw urlError('this is not a URL: there is no scheme:// in front', SCHEMES);
  const name = match[1].toLowerCase();
  const family = FAMILIES.find((candidate) => candidate.names.includes(name));
  if (family === undefined) throw urlError(`the scheme ${name}:// is not known`, SCHEMES);
  const driver = match[2]?.toLowerCase();
  if (driver !== undefined && !family.drivers.includes(driver)) {
    throw urlError(
      `the driver in ${name}+${driver}:// is not known`,
      `write ${name}:// or use one of ${family.drivers.join(', ')}`,
    );
  }
  // In the name of a file that is there it may be meant: see `withExistingFile`.
  if (name !== 'sqlite' && holdsComment(url)) throw commentError();
  return family.parse(match[3] ?? '', cwd, env);
}

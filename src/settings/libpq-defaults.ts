import { existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { readSmallFile } from '../files/read-small-file.ts';
import { urlError } from './url-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What libpq, and with it the gateway's driver, takes from the environment where DATABASE_URL says nothing. */
const VARIABLES = {
  host: 'PGHOST',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcrl: 'PGSSLCRL',
} as const;

/** And which files in the home folder, when they are there (PostgreSQL manual, "SSL Support", "The Password File"). */
const FILES = {
  passfile: '.pgpass',
  sslrootcert: '.postgresql/root.crt',
  sslcert: '.postgresql/postgresql.crt',
  sslkey: '.postgresql/postgresql.key',
  sslcrl: '.postgresql/root.crl',
} as const;

export type LibpqParameter = keyof typeof VARIABLES;
export type LibpqDefaults = (name: LibpqParameter) => string | null;

/**
 * The default of each parameter: the service's, the environment's, a file's in the home folder; null for none.
 *
 * @param service named by the URL, or null for PGSERVICE's
 * @throws GatewayError URL when that service is not described anywhere
 */
export function libpqDefaults(env: Environment, service: string | null): LibpqDefaults {
  const name = service ?? given(env.PGSERVICE);
  const parameters = name === null ? new Map<string, string>() : readService(env, name);
  const home = given(env.HOME);
  return (parameter) => {
    const set = parameters.get(parameter) ?? given(env[VARIABLES[parameter]]);
    if (set !== null || home === null || !(parameter in FILES)) return set;
    const file = join(home, FILES[parameter as keyof typeof FILES]);
    return existsSync(file) ? file : null;
  };
}

const given = (text: string | undefined) => (text === undefined || text === '' ? null : text);

/** The section of a service: `[name]`, then `parameter=value` lines (PostgreSQL manual, "The Connection Service File"). */
function readService(env: Environment, name: string): Map<string, string> {
  const files = [
    given(env.PGSERVICEFILE) ?? join(env.HOME ?? '', '.pg_service.conf'),
    join(env.PGSYSCONFDIR ?? '/etc/postgresql-common', 'pg_service.conf'),
  ];
  for (const file of files) {
    const lines = linesOf(file);
    const start = lines.indexOf(`[${name}]`);
    if (start === -1) continue;
    const rest = lines.slice(start + 1);
    const end = rest.findIndex((line) => line.startsWith('['));
    const pairs = (end === -1 ? rest : rest.slice(0, end)).filter((line) => line.includes('='));
    return new Map(
      pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
    );
  }
  throw urlError('the service of PGSERVICE is described nowhere', `write its section into ${files[0]}`);
}

/** Of a file that cannot be read there are none, as for libpq. */
function linesOf(file: string): string[] {
  try {
    const lines = readSmallFile(file).toString('utf8').split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  } catch {
    return [];
  }
}

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | null;
}

/** The password that libpq finds in the file for passwords; null for none, or when others may read it. */
export function passwordFromFile(file: string | null, login: Login): string | null {
  if (file === null || !existsSync(file)) return null;
  const stats = statSync(file);
  if (!stats.isFile() || (process.platform !== 'win32' && (stats.mode & 0o077) !== 0)) return null;
  // The usual socket goes by the name of the machine.
  const host = login.host === '/var/run/postgresql' ? 'localhost' : login.host;
  const wanted = [host, String(login.port), login.database, login.user ?? userInfo().username];
  for (const line of linesOf(file)) {
    const fields = (line.match(/(?:\\.|[^\\:])*(?::|$)/g) ?? []).map((field) => field.replace(/:$/, ''));
    const [password, ...others] = [fields[4], ...fields.slice(0, 4)].map((field) =>
      field === undefined || field === '*' ? field : field.replaceAll(/\\(.)/g, '$1'),
    );
    if (password !== undefined && wanted.every((text, i) => others[i] === '*' || others[i] === text)) {
      return password;
    }
  }
  return null;
}

import { join } from 'node:path';
import { findProgram } from '../../scripts/servers/find-program.ts';
import type { DatabaseId, TestDialect } from './database-kinds.ts';

/** A database's own command-line client, ready to take SQL on stdin. The password is in `env` only. */
export interface NativeClient {
  readonly program: string;
  readonly args: readonly string[];
  /** What to add to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

const PROGRAMS: Readonly<Record<DatabaseId, string>> = {
  sqlite: 'sqlite3',
  postgres: 'psql',
  postgres18: 'psql',
  mariadb: 'mariadb',
  mysql: 'mysql',
};

/**
 * The client for one database: from the folder that `npm test` names in TEST_<SERVER>_CLIENTS, else from the
 * PATH; undefined when it is in neither. It stops at the first error, with a non-zero exit code.
 */
export function nativeClient(
  id: DatabaseId,
  dialect: TestDialect,
  url: string,
  name: string,
): NativeClient | undefined {
  const folder = process.env[`TEST_${id.toUpperCase()}_CLIENTS`];
  const program = folder ? join(folder, PROGRAMS[id]) : findProgram(PROGRAMS[id]);
  if (program === undefined) return undefined;
  if (dialect === 'sqlite') return { program, args: ['-batch', '-bail', name], env: {} };

  const { hostname, port, username, password } = new URL(url);
  const user = decodeURIComponent(username);
  if (dialect === 'postgresql') {
    return {
      program,
      args: [
        '-X',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        hostname,
        '-p',
        port || '5432',
        '-U',
        user,
        '-d',
        name,
      ],
      env: { PGPASSWORD: decodeURIComponent(password) },
    };
  }
  return {
    program,
    args: [
      ...['--no-defaults', '--protocol=tcp', `--host=${hostname}`, `--port=${port || '3306'}`],
      ...[`--user=${user}`, '--default-character-set=utf8mb4', name],
    ],
    env: { MYSQL_PWD: decodeURIComponent(password) },
  };
}

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.ts';
import { launch } from './launch.ts';
import { removeFolder } from './running.ts';
import type { RunningServer, ServerName } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface MysqlFamilyOptions {
  readonly name: ServerName;
  /** Path of `mysqld` or `mariadbd`. */
  readonly program: string;
  readonly clientPath: string;
  /** Where its parts are, and what only one of the two knows. */
  readonly args: readonly string[];
  /** Makes the system tables; it is given where: `ownPlaces`. */
  readonly initialise: (places: readonly string[]) => Promise<void>;
}

/**
 * Where a server keeps what is its own, and its installer too. Either removes what it takes for remains in its
 * folder for temporary tables: of two that share one, the later ends the earlier.
 */
export function ownPlaces(folder: string): readonly string[] {
  return [`--datadir=${join(folder, 'data')}`, `--tmpdir=${folder}`];
}

/** Both servers refuse to run as root unless told to; their data is thrown away and they listen on 127.0.0.1. */
export const AS_ROOT: readonly string[] = process.getuid?.() === 0 ? ['--user=root'] : [];

/** Starts MySQL or MariaDB. Nothing is flushed: a power cut loses data that is thrown away anyway. */
export async function startMysqlFamily(options: MysqlFamilyOptions): Promise<RunningServer> {
  const folder = temporaryFolder(options.name);
  const password = randomBytes(12).toString('hex');
  const accounts = join(folder, 'accounts.sql');
  writeFileSync(
    accounts,
    [
      // MariaDB makes root accounts without a password for every local address.
      `DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';`,
      `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';`,
      `CREATE USER 'mcpgw'@'%' IDENTIFIED BY '${password}';`,
      `GRANT ALL PRIVILEGES ON *.* TO 'mcpgw'@'%' WITH GRANT OPTION;`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  try {
    await options.initialise(ownPlaces(folder));
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  const port = await freePort();
  return launch({
    name: options.name,
    url: `mysql://mcpgw:${password}@127.0.0.1:${port}/mysql`,
    clientPath: options.clientPath,
    program: options.program,
    args: [
      '--no-defaults',
      ...AS_ROOT,
      ...ownPlaces(folder),
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'sock')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--init-file=${accounts}`,
      '--skip-name-resolve',
      '--secure-file-priv=',
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-doublewrite=0',
      '--innodb-buffer-pool-size=256M',
      ...options.args,
    ],
    folder,
    stopSignal: 'SIGKILL',
    async answers() {
      const connection = await createConnection({ host: '127.0.0.1', port, user: 'mcpgw', password });
      await connection.end();
    },
  });
}

import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { extractPackages } from './extract-packages.ts';
import { AS_ROOT, startMysqlFamily } from './mysql-family.ts';
import { runProgram } from './run-program.ts';
import type { ServerRecipe } from './server.ts';
import { wrapPrograms } from './wrap-programs.ts';

const PACKAGES = ['mysql-server-core', 'mysql-client-core'];
const PROGRAMS = ['mysqld', 'mysql', 'mysqldump', 'mysqladmin'];

/**
 * MySQL 9 from Debian's unstable suite, the only one that has it: unpacked with its own C library and started
 * through that library's loader. A `mysqld` of the machine is not used: it may be any version, or MariaDB.
 */
export const mysql: ServerRecipe = {
  title: "MySQL 9 (Debian's unstable suite)",

  async install() {
    await fetchMysql();
  },

  async start() {
    const folder = await fetchMysql();
    const program = join(folder, 'bin/mysqld');
    const base = join(folder, 'usr');
    const places = [
      `--basedir=${base}`,
      `--lc-messages-dir=${join(base, 'share/mysql')}`,
      `--plugin-dir=${join(base, 'lib/mysql/plugin')}`,
    ];
    return startMysqlFamily({
      name: 'mysql',
      program,
      clientPath: join(folder, 'bin'),
      args: [
        ...places,
        '--innodb-redo-log-capacity=512M',
        '--innodb-flush-method=nosync',
        '--skip-log-bin',
        '--mysqlx=OFF',
      ],
      async initialise(own) {
        await runProgram(program, [
          '--no-defaults',
          '--initialize-insecure',
          ...AS_ROOT,
          ...own,
          ...places,
          '--innodb-flush-log-at-trx-commit=0',
          '--innodb-flush-method=nosync',
          '--innodb-doublewrite=0',
        ]);
      },
    });
  },
};

function fetchMysql(): Promise<string> {
  return cacheFolder('mysql', async (filling) => {
    await extractPackages({ server: 'mysql', packages: PACKAGES, suite: 'unstable' }, filling);
    wrapPrograms(filling, PROGRAMS);
  });
}

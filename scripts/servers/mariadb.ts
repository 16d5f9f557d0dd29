import { join } from 'node:path';
import { findMariadb } from './find-mariadb.ts';
import { AS_ROOT, startMysqlFamily } from './mysql-family.ts';
import { runProgram } from './run-program.ts';
import type { ServerRecipe } from './server.ts';

/** MariaDB: the machine's own when it is installed, else from its Debian packages, unpacked and not installed. */
export const mariadb: ServerRecipe = {
  title: "MariaDB (Debian's packages)",

  async install() {
    await findMariadb();
  },

  async start() {
    const { server, installer, clientPath, base } = await findMariadb();
    return startMysqlFamily({
      name: 'mariadb',
      program: server,
      clientPath,
      args: [
        `--basedir=${base}`,
        `--lc-messages-dir=${join(base, 'share/mysql')}`,
        `--plugin-dir=${join(base, 'lib/mysql/plugin')}`,
        '--innodb-fast-shutdown=2',
        '--innodb-log-file-size=256M',
      ],
      async initialise(own) {
        await runProgram(installer, [
          '--no-defaults',
          ...AS_ROOT,
          `--basedir=${base}`,
          ...own,
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
          '--innodb-flush-log-at-trx-commit=0',
        ]);
      },
    });
  },
};

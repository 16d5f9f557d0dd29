import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { extractPackages } from './extract-packages.ts';
import { findProgram } from './find-program.ts';
import { AS_ROOT, startMysqlFamily } from './mysql-family.ts';
import { runProgram } from './run-program.ts';
import type { ServerRecipe } from './server.ts';
import { wrapPrograms } from './wrap-programs.ts';

const PACKAGES = ['mariadb-server-core', 'mariadb-client-core', 'mariadb-client'];
const PROGRAMS = [
  'mariadbd',
  'mariadb',
  'mariadb-dump',
  'mariadb-admin',
  'mariadb-install-db',
  'my_print_defaults',
];

interface Installation {
  readonly server: string;
  readonly installer: string;
  readonly clientPath: string;
  /** Where `share/mysql` and `lib/mysql/plugin` are. */
  readonly base: string;
}

/** MariaDB: the machine's own when it is installed, else from its Debian packages, unpacked and not installed. */
export const mariadb: ServerRecipe = {
  title: "MariaDB (Debian's packages)",

  async install() {
    await findOrFetch();
  },

  async start() {
    const { server, installer, clientPath, base } = await findOrFetch();
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
      async initialise(data) {
        await runProgram(installer, [
          '--no-defaults',
          ...AS_ROOT,
          `--basedir=${base}`,
          `--datadir=${data}`,
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
          '--innodb-flush-log-at-trx-commit=0',
        ]);
      },
    });
  },
};

async function findOrFetch(): Promise<Installation> {
  const server = findProgram('mariadbd');
  const installer = findProgram('mariadb-install-db');
  const client = findProgram('mariadb');
  if (server !== undefined && installer !== undefined && client !== undefined) {
    return { server, installer, clientPath: dirname(client), base: dirname(dirname(server)) };
  }
  const folder = await cacheFolder('mariadb', async (filling) => {
    await extractPackages({ server: 'mariadb', packages: PACKAGES, suite: 'machine' }, filling);
    wrapPrograms(filling, PROGRAMS);
  });
  const bin = join(folder, 'bin');
  return {
    server: join(bin, 'mariadbd'),
    installer: join(bin, 'mariadb-install-db'),
    clientPath: bin,
    base: join(folder, 'usr'),
  };
}

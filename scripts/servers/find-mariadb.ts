import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { extractPackages } from './extract-packages.ts';
import { findProgram } from './find-program.ts';
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

export interface MariadbInstallation {
  readonly server: string;
  readonly installer: string;
  readonly clientPath: string;
  /** Where `share/mysql` and `lib/mysql/plugin` are. */
  readonly base: string;
}

/** The machine's own MariaDB when it is installed, else Debian's packages, unpacked and not installed. */
export async function findMariadb(): Promise<MariadbInstallation> {
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

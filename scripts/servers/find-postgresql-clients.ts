import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { extractPackages } from './extract-packages.ts';
import { findProgram } from './find-program.ts';
import { runProgram } from './run-program.ts';
import type { ServerName } from './server.ts';
import { wrapPrograms } from './wrap-programs.ts';

const PROGRAMS = ['pg_dump', 'pg_restore', 'psql'];

/**
 * The folder of PostgreSQL's client programs of this version or a later one, which is what pg_dump needs to be:
 * the machine's own, else Debian's package from the unstable suite, unpacked and not installed.
 *
 * @throws ServerUnavailableError when they are neither there nor can be fetched
 */
export async function findPostgresqlClients(server: ServerName, major: number): Promise<string> {
  const onPath = findProgram('pg_dump');
  const machine = [`/usr/lib/postgresql/${major}/bin`, ...(onPath === undefined ? [] : [dirname(onPath)])];
  for (const folder of machine) if (await holdsClients(folder, major)) return folder;

  const packageName = `postgresql-client-${major}`;
  const fetched = await cacheFolder(packageName, async (filling) => {
    await extractPackages({ server, packages: [packageName], suite: 'unstable' }, filling);
    // In usr/bin are Perl scripts that choose among the versions installed on the machine.
    wrapPrograms(filling, PROGRAMS, [`usr/lib/postgresql/${major}/bin`]);
  });
  return join(fetched, 'bin');
}

async function holdsClients(folder: string, major: number): Promise<boolean> {
  if (!PROGRAMS.every((name) => existsSync(join(folder, name)))) return false;
  const version = await runProgram(join(folder, 'pg_dump'), ['--version']);
  return Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1] ?? 0) >= major;
}

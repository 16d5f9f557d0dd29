import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { installPackage } from './install-package.ts';

/**
 * The path of a Node.js of another version, as an npm package carries it. Like the servers it is fetched into
 * `.servers`, so that `npm ci` does not take 170 MB for what only tests need.
 *
 * @param version exact: `24.21.0`
 */
export async function fetchNode(version: string): Promise<string> {
  const folder = await cacheFolder(`node-${version}`, async (filling) => {
    const name = `node-${process.platform}-${process.arch}`;
    await installPackage(filling, `${name}@${version}`);
    renameSync(join(filling, 'node_modules', name, 'bin/node'), join(filling, 'node'));
    chmodSync(join(filling, 'node'), 0o755);
    rmSync(join(filling, 'node_modules'), { recursive: true });
  });
  return join(folder, 'node');
}

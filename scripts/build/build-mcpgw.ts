import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { buildProgram } from './build-program.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Where the built program is. */
export const BUILT_PROGRAM = join(root, 'dist/cli.js');

/** Builds `dist/cli.js` with the version of `package.json`. */
export function buildMcpgw(): Promise<Metafile> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return buildProgram({
    root,
    entry: join(root, 'src/cli.ts'),
    outputFolder: dirname(BUILT_PROGRAM),
    version,
  });
}

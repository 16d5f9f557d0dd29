import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { thirdPartyLicenses } from './build/third-party-licenses.ts';

const ROOT = join(import.meta.dirname, '..');

/** Where the built program is. */
export const BUILT_PROGRAM = join(ROOT, 'dist/cli.js');

/** Builds the program with the version of `package.json`. @throws Error; esbuild has printed what is wrong */
export async function buildMcpgw(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const folder = dirname(BUILT_PROGRAM);
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    // Two files, so that `--version` reads a small one and no driver.
    entryPoints: ['src/cli.ts', 'src/run-program.ts'],
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    // Node starts CommonJS in some ten milliseconds less than an ES module, and so it is with import().
    format: 'cjs',
    supported: { 'dynamic-import': false },
    // The last three are optional: a driver tries them inside a `try`. Native add-ons: src/native-modules.ts.
    external: ['*/run-program.js', 'pg-native', 'pg-cloudflare', 'cloudflare:sockets'],
    define: {
      MCPGW_VERSION: JSON.stringify(version),
      'import.meta.url': '__filename',
      'import.meta.dirname': '__dirname',
      // pg asks for it to tell where it runs, and Node 20 loads all of fetch() to answer.
      Response: 'undefined',
    },
    // Names stay: a stack trace in a bug report is to be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'info',
  });
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses(ROOT, metafile));
}

if (process.argv[1] === import.meta.filename) await buildMcpgw();

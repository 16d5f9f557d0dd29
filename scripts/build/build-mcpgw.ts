import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuiltProgram, buildProgram } from './build-program.ts';
import { installOutput } from './install-output.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/** Where the built program is. */
export const BUILT_PROGRAM = join(root, 'dist/cli.js');

/** Builds `dist/cli.js` with the version of `package.json`, and compiles it for the Node that runs this. */
export async function buildMcpgw(): Promise<BuiltProgram> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const program = await buildProgram({ root, version });
  const folder = dirname(BUILT_PROGRAM);
  installOutput(folder, program.entry, program.files);
  writeCodeCache(join(folder, program.script));
  return program;
}

/** In a process of its own: what this one was started with may have set flags of V8, which the cache is for. */
function writeCodeCache(script: string): void {
  const tsx = createRequire(import.meta.url).resolve('tsx/cli');
  const { status } = spawnSync(process.execPath, [tsx, join(here, 'write-code-cache.ts'), script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`the program was built, and its code cache was not (exit ${status})`);
}

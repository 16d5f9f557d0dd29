import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Program from '../../src/run-program.ts';
import { writeCodeCache } from './code-cache.ts';
import { compiledScript } from './compiled-script.ts';

/** Writes the code cache of the program in the file named on the command line. */
const [file = ''] = process.argv.slice(2);
const { script, exports } = compiledScript<typeof Program>(file);

const SINK = { write: () => true, isTTY: false, columns: undefined };
const SOMEWHERE = mkdtempSync(join(tmpdir(), 'mcpgw-build-'));
const ENV = {
  PLATFORM_ADMIN_EMAIL: 'admin@build.example.com',
  PLATFORM_ADMIN_PASSWORD: 'Only-For-The-Build-0',
  DB_MAX_RETRIES: '0',
};

/** V8 compiles a function when it is first called: what has run is in the cache. */
const RUNS: readonly (readonly [databaseUrl: string, ...argv: readonly string[]])[] = [
  [`sqlite:///${SOMEWHERE}/mcp.db`, 'migrate', '--yes'],
  [`sqlite:///${SOMEWHERE}/mcp.db`, 'verify'],
  [`sqlite:///${SOMEWHERE}/mcp.db`, 'status'],
  // Drivers, up to a socket that is not there.
  [`postgresql://mcpgw@/mcpgw?host=${SOMEWHERE}`, 'status'],
  [`mysql://mcpgw@localhost/mcpgw?unix_socket=${SOMEWHERE}/none`, 'status'],
];

try {
  for (const [url, ...argv] of RUNS) {
    const env = { ...ENV, DATABASE_URL: url };
    const { signal } = new AbortController();
    const io = { env, cwd: SOMEWHERE, argv, stdout: SINK, stderr: SINK, interactive: false, signal };
    await exports.runProgram(io);
  }
  writeCodeCache(file, script.createCachedData());
} finally {
  rmSync(SOMEWHERE, { recursive: true, force: true });
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchDatabase } from './bench/bench-database.ts';
import { measureDatabase } from './bench/measure-database.ts';
import { measureStartup } from './bench/measure-startup.ts';
import type { Measurement } from './bench/measurement.ts';
import { measurementTable } from './bench/measurement-table.ts';
import { type BenchDatabaseId, type BenchOptions, benchOptions, USAGE } from './bench/options.ts';
import { serverDatabase } from './bench/server-database.ts';
import { sqliteDatabase } from './bench/sqlite-database.ts';
import { buildMcpgw } from './build.ts';
import { stopAll } from './servers/stop-on-exit.ts';

const say = (text: string) => console.error(`… ${text}`);

async function bench(options: BenchOptions, folder: string): Promise<void> {
  await buildMcpgw();
  const results: Measurement[] = [];
  const clients: string[] = [];
  if (options.measurements.includes('startup')) {
    say('start-up: 20 runs of each');
    results.push(...(await measureStartup(folder)));
  }
  const sized = options.measurements.filter((name) => name !== 'startup');
  for (const id of sized.length > 0 ? options.databases : []) {
    const database = await open(id, folder);
    clients.push(`${database.title} (native: ${database.client})`);
    results.push(
      ...(await measureDatabase(database, options, folder, (text) => say(`${database.title}: ${text}`))),
    );
  }
  const gib = Math.round(totalmem() / 1024 ** 3);
  console.log(
    [
      `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gib} GiB, Node ${process.versions.node}`,
      ...clients,
      `${options.tools} tools and the rest in proportion; median of ${options.runs} runs, process start to exit`,
      'native: the same statements given to the native client, without what mcpgw reads to plan and to check;',
      "  on SQLite its display names come from three calls of replace(), which cost less than mcpgw's rule",
      '',
      measurementTable(results),
    ].join('\n'),
  );
}

function open(id: BenchDatabaseId, folder: string): Promise<BenchDatabase> {
  return id === 'sqlite' ? Promise.resolve(sqliteDatabase(folder)) : serverDatabase(id);
}

let options: BenchOptions | undefined;
try {
  options = benchOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  // Beside the project and not in /tmp, which may be kept in memory.
  const parent = join(dirname(fileURLToPath(import.meta.url)), '../.bench');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'run-'));
  try {
    await bench(options, folder);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await stopAll();
  }
}

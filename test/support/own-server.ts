import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { startServer } from '../../scripts/servers/start-server.ts';
import type { DatabaseId } from './database-kinds.ts';
import { runSql } from './run-sql.ts';

export interface OwnServer {
  /** Ends the server as an administrator does, and returns when it is gone. */
  down(): void;
  /** Starts it again on its data, with other options besides, and returns when it answers. */
  up(options?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** What ends every connection at once, and then the server. */
const SHUTDOWN = { postgresql: 'SIGINT', mysql: 'SIGTERM' } as const;

/** A server for one test file, which may do with it what it wants; until `stop` its databases are made there. */
export async function ownServer(id: Exclude<DatabaseId, 'sqlite'>): Promise<OwnServer> {
  const server = await startServer(id);
  const variable = `TEST_${id.toUpperCase()}_URL`;
  vi.stubEnv(variable, server.url);
  const dialect = id.startsWith('postgres') ? 'postgresql' : 'mysql';
  const process_ = `/proc/${server.pid}`;
  const [program = '', ...args] = readFileSync(`${process_}/cmdline`, 'utf8').split('\0').slice(0, -1);
  const cwd = readlinkSync(`${process_}/cwd`);
  const { uid, gid } = statSync(process_);
  // It makes the accounts, which are there the second time.
  const again = args.filter((arg) => !arg.startsWith('--init-file'));
  let pid = server.pid;
  let child: ChildProcess | undefined;
  return {
    down() {
      process.kill(pid, SHUTDOWN[dialect]);
      while (isAlive(pid)) spawnSync('sleep', ['0.05']);
    },
    async up(options = []) {
      child = spawn(program, [...again, ...options], { cwd, uid, gid, stdio: 'ignore' });
      pid = child.pid ?? 0;
      await expect
        .poll(() => runSql(dialect, server.url, 'SELECT 1').catch(String), { timeout: 60_000 })
        .toBe('1');
    },
    async stop() {
      child?.kill(dialect === 'postgresql' ? 'SIGQUIT' : 'SIGKILL');
      await server.stop();
      vi.unstubAllEnvs();
    },
  };
}

/** A process that has ended and was not waited for is a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

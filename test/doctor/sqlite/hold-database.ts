import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { NATIVE_MODULES } from '../../../src/native-modules.ts';

export interface DatabaseHolder {
  readonly pid: number;
  /** Kills it in the middle of whatever it does, and waits until it is gone. */
  kill(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('./hold-database.mjs', import.meta.url));

/**
 * Another process that has run some SQL on a database and keeps it open, transaction and all, until it is killed
 * or the test has finished.
 *
 * @param sql statements without a semicolon in them
 */
export async function holdDatabase(path: string, sql: string): Promise<DatabaseHolder> {
  const child = spawn(process.execPath, [SCRIPT, NATIVE_MODULES.sqlite.name, path, sql], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const [ready] = await Promise.race([once(child.stdout, 'data'), ended]);
  if (String(ready) !== 'ready\n') throw new Error(`it ended with ${ready} before it held the database`);
  return { pid: child.pid ?? 0, kill };
}

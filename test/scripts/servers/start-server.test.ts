import { spawn } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startServer } from '../../../scripts/servers/start-server.ts';
import { isRunning } from '../../support/is-running.ts';
import { runSql } from '../../support/run-sql.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

// Set when `npm test` started PostgreSQL itself; where it is given by URL the machine may have none to start.
const started = process.env.TEST_POSTGRES_CLIENTS !== undefined;

test.skipIf(!started)('two runs at the same time have servers of their own, and leave nothing', async () => {
  const [one, two] = await Promise.all([startServer('postgres'), startServer('postgres')]);
  expect(one.url).not.toBe(two.url);
  await one.stop();
  expect(isRunning(one.pid)).toBe(false);
  expect(await runSql('postgresql', two.url, 'SELECT 1')).toBe('1');
  await two.stop();
  await two.stop();
  expect(isRunning(two.pid)).toBe(false);
});

test.skipIf(!started).each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a run that gets %s stops its server and removes its folder', async (signal, exitCode) => {
  const folder = temporaryFolder();
  // PostgreSQL runs as another user, who has to get through.
  chmodSync(folder, 0o755);
  const script = `
    import { startServer } from './scripts/servers/start-server.ts';
    const server = await startServer('postgres');
    console.log(server.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const pid = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
    ended.then((code) => reject(new Error(`the run ended with ${code}`)));
  });
  expect(isRunning(pid)).toBe(true);
  expect(readdirSync(folder).some((name) => name.startsWith('mcpgw-postgres-'))).toBe(true);

  child.kill(signal);
  expect(await ended).toBe(exitCode);
  expect(isRunning(pid)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.startsWith('mcpgw-postgres-'))).toEqual([]);
});

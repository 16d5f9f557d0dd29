import { expect } from 'vitest';
import type { Timing } from '../../src/timing.ts';
import type { TestDatabase } from '../support/databases.ts';
import { type CliOptions, type CliResult, spawnCli } from '../support/spawn-cli.ts';
import { endState } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

/** Through a proxy: no TLS, which would hide the statements, and a short time to connect. */
export function plain(url: string, dialect: TestDatabase['dialect']): string {
  const through = new URL(url);
  through.searchParams.set('connect_timeout', '2');
  if (dialect === 'postgresql') through.searchParams.set('sslmode', 'disable');
  else through.searchParams.set('ssl-mode', 'DISABLED');
  return through.href;
}

/** For tests of what a silent server comes to. */
export const IMPATIENT: Partial<Timing> = { silenceMs: 500, noticeMs: 1_000 };

/** For tests that wait for retries themselves. */
export const direct = (url: string): CliOptions => ({ env: { DATABASE_URL: url, DB_MAX_RETRIES: '0' } });

/**
 * Expects what a run that lost its server must say and leave: on PostgreSQL exit 2 and everything as before, on
 * MySQL exit 3 once something was written; and that a plain migrate ends as an undisturbed one.
 */
export async function expectInterrupted(
  database: TestDatabase,
  run: CliResult,
  { before, end }: { readonly before: unknown; readonly end: unknown },
): Promise<void> {
  const says = oneLine(run.stderr);
  expect(run.stdout).toBe('');
  if (database.dialect === 'postgresql') {
    expect([run.exitCode, says]).toEqual([2, expect.stringMatching(/Nothing was changed|as it was/)]);
    // The server notices that the client is gone when it next reads from it.
    await expect.poll(() => endState(database), { timeout: 15_000 }).toEqual(before);
  } else {
    expect([run.exitCode, says]).toEqual([3, expect.stringContaining('To go on, run: mcpgw migrate')]);
  }
  const again = await spawnCli(['migrate', '--no-backup'], direct(database.url));
  expect([again.exitCode, again.stderr]).toEqual([0, expect.any(String)]);
  expect(await endState(database)).toEqual(end);
}

import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { NATIVE_MODULES } from './src/native-modules.ts';

/** Files that wait for servers, clocks and other programs more than they work. */
const WAITING = [
  'test/faults/**/*.test.ts',
  'test/faults-long/**/*.test.ts',
  'test/database/right-server.test.ts',
  'test/database/statement-timeout.test.ts',
  'test/doctor/postgresql/outside.test.ts',
  'test/doctor/server/server.test.ts',
  'test/field/beside-a-run.test.ts',
  'test/field/killed-client.test.ts',
  'test/field/site-refuses.test.ts',
  'test/field/sqlite-runs-at-once.test.ts',
];
/** Files that change the process they run in: its modules, its clock, its environment. */
const ALONE = [
  'test/commands/doctor.test.ts',
  'test/database/keep-awake.test.ts',
  'test/database/mysql/sql-mode.test.ts',
  'test/database/watch.test.ts',
  'test/doctor/mysql/database.test.ts',
  'test/doctor/postgresql/own-server.test.ts',
];
/** Files that the real gateway judges: they wait for its starts, minutes long where the machine is busy. */
const JUDGED = ['test/gateway/**/*.test.ts'];

function group(
  name: string,
  options: Omit<NonNullable<TestProjectInlineConfiguration['test']>, 'name'>,
): TestProjectInlineConfiguration {
  return { extends: true, test: { name, ...options } };
}

export default defineConfig({
  // The one of its two versions that this Node.js runs.
  resolve: { alias: { 'better-sqlite3': NATIVE_MODULES.sqlite.name } },
  test: {
    // Forks, since native modules (better-sqlite3, bcrypt, argon2) are not safe in worker threads.
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    globalSetup: 'test/support/run.ts',
    projects: [
      group('waiting', { include: WAITING, maxWorkers: 6, sequence: { groupOrder: 0 } }),
      group('alone', { include: ALONE, maxWorkers: 2, sequence: { groupOrder: 1 } }),
      group('judged', {
        include: JUDGED,
        isolate: false,
        maxWorkers: 3,
        testTimeout: 30 * 60_000,
        sequence: { groupOrder: 2 },
      }),
      // What the others leave as it was, they share: a process, and the modules it has read.
      group('shared', {
        // An exclude of its own would stand instead of the one of the command line.
        include: ['test/**/*.test.ts', ...[...WAITING, ...ALONE, ...JUDGED].map((file) => `!${file}`)],
        isolate: false,
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
      }),
    ],
  },
});

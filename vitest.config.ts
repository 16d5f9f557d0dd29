import { defineConfig } from 'vitest/config';
import { NATIVE_MODULES } from './src/native-modules.ts';

export default defineConfig({
  // The one of its two versions that this Node.js runs.
  resolve: { alias: { 'better-sqlite3': NATIVE_MODULES.sqlite.name } },
  test: {
    include: ['test/**/*.test.ts'],
    // Forks, since native modules (better-sqlite3, bcrypt, argon2) are not safe in worker threads.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

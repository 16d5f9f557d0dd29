import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spawnCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { SHORT } from './describe-databases.ts';
import { endState, hooked, smallV060 } from './kill-support.ts';
import { oneLine } from './lock-support.ts';
import { SIGNALS, signalCases } from './signal-cases.ts';

// On every database, with every signal: test/faults-long/kill-signals.test.ts
signalCases(SHORT, (id) => (id === 'sqlite' ? SIGNALS : SIGNALS.slice(0, 1)));

describe('a signal during the backup', () => {
  test.each(SIGNALS)(
    '$signal leaves no half of one, and the database as it was',
    async ({ signal, exitCode }) => {
      const database = await smallV060('sqlite');
      const before = await endState(database);
      const place = join(temporaryFolder(), 'kept');
      mkdirSync(place);
      // The last look before the backup is what asks who else is at work.
      const hook = hooked(database.url, { at: 1, phase: 'after', match: '^BEGIN IMMEDIATE', signal });
      const stopped = await spawnCli(['migrate', '--backup-dir', place], hook);
      expect(stopped.exitCode).toBe(exitCode);
      expect(oneLine(stopped.stderr)).toContain(`Stopped by ${signal}.`);
      expect(readdirSync(place)).toEqual([]);
      expect(await endState(database)).toEqual(before);
    },
  );
});

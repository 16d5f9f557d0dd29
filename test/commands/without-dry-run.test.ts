import { expect, test } from 'vitest';
import { backupFlags, withoutDryRun } from '../../src/commands/without-dry-run.ts';

test('repeats what decides what the command does, for a shell', () => {
  expect(
    withoutDryRun('mcpgw fix', {
      '--only': ['ownership.orphans', 'roles'],
      '--skip': undefined,
      '--team': "the team's",
      ...backupFlags({ backup: true, backupDir: '/a b', keep: 3 }),
    }),
  ).toBe(`mcpgw fix --only ownership.orphans,roles --team 'the team'\\''s' --backup-dir '/a b' --keep 3`);
  expect(withoutDryRun('mcpgw migrate', { '--adopt': true, ...backupFlags({ backup: false }) })).toBe(
    'mcpgw migrate --adopt --no-backup',
  );
  expect(withoutDryRun('mcpgw rollback', { '--discard-new-data': undefined, ...backupFlags({}) })).toBe(
    'mcpgw rollback',
  );
});

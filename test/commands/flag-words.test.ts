import { expect, test } from 'vitest';
import { backupFlags, flagWords } from '../../src/commands/flag-words.ts';
import { mcpgw } from '../../src/report/advice.ts';

test('repeats what decides what the command does, for a shell', () => {
  const fix = mcpgw(
    'fix',
    ...flagWords({
      '--only': ['ownership.orphans', 'roles'],
      '--skip': undefined,
      '--team': "the team's",
      ...backupFlags({ backup: true, backupDir: '/a b', keep: 3 }),
    }),
  );
  expect(`${fix}`).toBe(
    `mcpgw fix --only ownership.orphans,roles --team 'the team'\\''s' --backup-dir '/a b' --keep 3`,
  );
  expect(flagWords({ '--adopt': true, ...backupFlags({ backup: false }) })).toEqual([
    '--adopt',
    '--no-backup',
  ]);
  expect(flagWords({ '--discard-new-data': undefined, ...backupFlags({}) })).toEqual([]);
});

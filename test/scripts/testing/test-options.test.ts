import { expect, test } from 'vitest';
import { testOptions } from '../../../scripts/testing/test-options.ts';

test('keeps its own options and passes the others on', () => {
  expect(testOptions(['--sqlite-only', 'test/settings', '-t', 'url'], {})).toEqual({
    sqliteOnly: true,
    allNeeded: false,
    vitestArguments: ['test/settings', '-t', 'url'],
  });
});

test('needs every database with --all, and in CI', () => {
  expect(testOptions(['--all'], {}).allNeeded).toBe(true);
  expect(testOptions([], { CI: 'true' }).allNeeded).toBe(true);
  expect(testOptions([], { CI: '' }).allNeeded).toBe(false);
});

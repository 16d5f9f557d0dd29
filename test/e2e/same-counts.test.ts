import { expect, test } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { sqliteFile } from '../support/sqlite-file.ts';

test('status, a dry run and the run tell the same steps as pending, planned and done', async () => {
  const { url } = await sqliteFile('v0.6.0');
  const stepsOf = async (status: string, ...args: string[]) =>
    (await reportHere(url, args)).report.steps.filter((step) => step.status === status).map(({ id }) => id);
  const pending = await stepsOf('planned', 'status');
  expect(pending.length).toBeGreaterThan(3);
  expect(await stepsOf('planned', 'migrate', '--dry-run')).toEqual(pending);
  expect(await stepsOf('done', 'migrate', '--no-backup')).toEqual(pending);
});

import { expect, test } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { runSql } from '../support/run-sql.ts';
import { sqliteFile } from '../support/sqlite-file.ts';

test('rows that a salvage set aside are looked at before fix deletes anything', async () => {
  const file = await sqliteFile('v0.7.0');
  await runSql('sqlite', file.url, "UPDATE tools SET visibility = 'nonsense'");
  expect((await reportHere(file.url, ['verify'])).report).toMatchObject({ next: 'mcpgw fix', warnings: [] });

  await runSql('sqlite', file.url, 'CREATE TABLE lost_and_found ("table" TEXT, why TEXT)');
  const warnings = [expect.stringContaining('Rows of a salvage wait in lost_and_found')];
  expect((await reportHere(file.url, ['verify'])).report).toMatchObject({ next: 'mcpgw doctor', warnings });
  const dry = ['fix', '--dry-run', '--no-backup', '--only', 'ownership'];
  expect((await reportHere(file.url, dry)).report).toMatchObject({
    next: 'mcpgw fix --only ownership --no-backup',
    warnings,
  });
  const { stderr } = await reportHere(file.url, ['fix', '--yes', '--no-backup']);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain('Warning: Rows of a salvage wait in lost_and_found');
});

import { expect, it } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { sampleDatabase } from '../support/sample-database.ts';

const MISSPELT = { PASSWORD_MIN_LENGHT: '9' };

describeEachDatabase('what migrate looks at before it writes', ({ id, dialect }) => {
  it('warns of a misspelt variable, when it has something to do', async () => {
    const database = await sampleDatabase(id);
    const told = expect.stringMatching(/^settings\.unknown: PASSWORD_MIN_LENGHT is unknown/);
    const options = { env: MISSPELT };
    const dryRun = await reportHere(database.url, ['migrate', '--dry-run', '--no-backup'], options);
    expect(dryRun.report.warnings).toContainEqual(told);
    const run = await reportHere(database.url, ['migrate', '--no-backup'], options);
    expect(run.report).toMatchObject({ exitCode: 0, status: 'ok' });
    expect(run.report.warnings).toContainEqual(told);
    expect(run.stderr).toContain('Warning: settings.unknown: PASSWORD_MIN_LENGHT');
    const again = await reportHere(database.url, ['migrate', '--no-backup'], options);
    expect(again.report.warnings).toEqual([]);
  });

  it.runIf(dialect === 'mysql')('refuses where it would fail part-way, and writes nothing', async () => {
    const database = await sampleDatabase(id);
    await database.query('ALTER TABLE alembic_version ENGINE=MyISAM');
    const tables = await database.query('SHOW TABLES');
    const { report } = await reportHere(database.url, ['migrate', '--no-backup']);
    expect(report.exitCode).toBe(2);
    expect(report.error).toMatchObject({
      code: 'PREFLIGHT',
      details: ['database.innodb: alembic_version: MyISAM'],
    });
    expect(report.next).toBe('mcpgw doctor');
    expect(await database.query('SHOW TABLES')).toBe(tables);
  });
});

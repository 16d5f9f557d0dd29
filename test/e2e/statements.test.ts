import { expect, it } from 'vitest';
import { cliReport } from '../support/cli-report.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { sampleDatabase } from '../support/sample-database.ts';

describeEachDatabase('the statements that --dry-run shows', ({ id }) => {
  it('are those that a run sends, in that order', async () => {
    const database = await sampleDatabase(id);
    const plan = await cliReport(database.url, ['migrate', '--dry-run', '--no-backup']);
    const shown = plan.report.steps.flatMap((step) => step.statements ?? []).map(withoutValues);
    expect(shown.length).toBeGreaterThan(50);
    const run = await cliReport(database.url, ['migrate', '--debug', '--quiet', '--no-backup']);
    expect(run.report.status).toBe('ok');
    expect(sent(run.stderr)).toEqual(shown);
  });
});

const WRITES = /^(?:CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REPLACE|RENAME|SET SESSION foreign_key_checks)\b/;

/** What writes among the logged statements, but for the run's own record of itself. */
function sent(stderr: string): string[] {
  return stderr
    .split(/^\[sql\] /m)
    .map((sql) => withoutValues(sql))
    .filter((sql) => WRITES.test(sql))
    .filter((sql) => !/^INSERT INTO ["`]?mcpgw_migration\b/.test(sql));
}

/** One line, without the parameters behind it, and without ids and times that every run makes anew. */
function withoutValues(sql: string): string {
  return sql
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/ -- .*$/, '')
    .replaceAll(/'[0-9a-f]{32}'/g, "'<id>'")
    .replaceAll(/'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*'/g, "'<time>'");
}

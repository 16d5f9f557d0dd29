import { expect, it } from 'vitest';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import type { Report } from '../../src/report/report.ts';
import { cliReport } from '../support/cli-report.ts';
import { describeEachVersion } from '../support/databases.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { ADMIN } from '../support/test-settings.ts';

const GIVEN = {
  servers: SMALL_SAMPLE.servers,
  tools: SMALL_SAMPLE.tools,
  resources: SMALL_SAMPLE.resources,
  prompts: SMALL_SAMPLE.prompts,
  gateways: SMALL_SAMPLE.gateways,
  a2a_agents: SMALL_SAMPLE.agents,
};

describeEachVersion('the main job', ({ id, dialect }) => {
  // A server's own client takes its backups: test/backup is about those.
  const flags = dialect === 'sqlite' ? [] : ['--no-backup'];

  it('migrates, verifies, and has nothing to do the second time', async () => {
    const database = await sampleDatabase(id);
    const untouched = await fingerprint(database);

    const before = await cliReport(database.url, ['status', '--exit-code']);
    expect(before.report).toMatchObject({ status: 'findings', exitCode: 1, next: 'mcpgw migrate' });
    expect(before.report.database).toMatchObject({ dialect, release: '0.6.0', revision: '1fc1795f6983' });
    const plan = await cliReport(database.url, ['migrate', '--dry-run', ...flags]);
    expect(plan.report).toMatchObject({ status: 'ok', next: ['mcpgw migrate', ...flags].join(' ') });
    expect(plan.report.steps.flatMap((step) => step.statements ?? []).length).toBeGreaterThan(50);
    expect(await fingerprint(database)).toEqual(untouched);

    const { report, exitCode, stderr } = await cliReport(database.url, ['migrate', ...flags]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('The database is v0.6.0 (revision 1fc1795f6983)');
    expect(report).toMatchObject({ command: 'migrate', status: 'ok', error: null, next: 'mcpgw verify' });
    expect(report.database).toMatchObject({ dialect, release: '0.7.0', revision: 'e182847d89e6' });
    expect(report.database?.server).toMatch(/^(SQLite|PostgreSQL|MariaDB|MySQL) \d+\.\d+/);
    expect(rows(report, 'created').flat()).toEqual([
      `user ${ADMIN.email}`,
      `personal team “${ADMIN.fullName}'s Team”`,
      'membership of the administrator in it, as owner',
      ...['platform_admin', 'team_admin', 'developer', 'viewer'].map((role) => `role ${role}`),
      `assignment of platform_admin to ${ADMIN.email}`,
    ]);
    expect(Object.fromEntries(rows(report, 'assigned'))).toEqual(GIVEN);
    const counts = new Map(rows(report, 'rows').map(([table, was, is]) => [table, [was, is]]));
    for (const [table, count] of Object.entries(GIVEN)) expect(counts.get(table)).toEqual([count, count]);
    expect(counts.get('email_users')).toEqual(['new', 1]);
    expect(counts.get('roles')).toEqual(['new', 4]);
    expect(rows(report, 'login')).toEqual([[`${ADMIN.email}, password: the one in PLATFORM_ADMIN_PASSWORD`]]);
    expect(report.warnings).toEqual([
      expect.stringMatching(/API tokens .* stop working: issue new ones/),
      ...(dialect === 'mysql' ? [expect.stringContaining('last release that runs on')] : []),
    ]);

    const migrated = await fingerprint(database);
    const verified = await cliReport(database.url, ['verify']);
    expect(verified.report).toMatchObject({ status: 'ok', exitCode: 0, next: '', error: null });
    expect(verified.report.checks.map((check) => check.status)).not.toContain('failed');
    expect(verified.report.checks.length).toBeGreaterThanOrEqual(25);

    const again = await cliReport(database.url, ['migrate']);
    expect(again.report).toMatchObject({ status: 'ok', exitCode: 0, next: 'mcpgw verify' });
    expect(new Set(again.report.steps.map((step) => step.status))).toEqual(new Set(['already']));
    const after = await cliReport(database.url, ['status', '--exit-code']);
    expect(after.report).toMatchObject({ status: 'ok', exitCode: 0, next: 'mcpgw verify' });
    const fixPlan = await cliReport(database.url, ['fix', '--dry-run']);
    expect(fixPlan.report).toMatchObject({ status: 'ok', exitCode: 0, steps: [], next: 'mcpgw verify' });
    const nothing = await cliReport(database.url, ['fix', '--yes', ...flags]);
    expect(nothing.report).toMatchObject({ status: 'ok', exitCode: 0, steps: [] });
    expect(await fingerprint(database)).toEqual(migrated);
  });
});

function rows(report: Report, section: string): readonly (readonly (string | number)[])[] {
  return report.sections.find(({ id }) => id === section)?.rows ?? [];
}

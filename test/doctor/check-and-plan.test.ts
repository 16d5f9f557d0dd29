import { describe, expect, it } from 'vitest';
import type { DoctorCheck } from '../../src/checks/check.ts';
import { sampleSize } from '../../src/checks/sample-size.ts';
import { checkAndPlan } from '../../src/doctor/check-and-plan.ts';
import type { DoctorContext } from '../../src/doctor/context.ts';
import { type Command, mcpgw, shell, sqlCommand } from '../../src/report/advice.ts';

const lines = Array.from({ length: 1_200 }, (_, i) => `row ${i}`);

function check(command: Command | undefined): DoctorCheck<DoctorContext> {
  return {
    id: 'data.rows',
    title: 'Rows are well',
    level: 'error',
    hint: 'They are not.',
    command,
    find: async () => ({ count: lines.length, sample: lines }),
  };
}

// The check above looks at nothing of it but that.
const context = (verbose: boolean) => ({ sampleSize: sampleSize(verbose) }) as DoctorContext;

describe('checkAndPlan', () => {
  it.each([
    [shell('chmod 600 /srv/mcp.db'), 'Run'],
    [mcpgw('migrate'), 'Run'],
    [shell('PGSSLMODE=require psql'), 'Run'],
    [sqlCommand('GRANT SELECT ON `mcp`.* TO u;'), 'SQL'],
    [sqlCommand('SHOW PROCESSLIST;'), 'SQL'],
  ])('%s is said to be for: %s', async (command, label) => {
    const { report } = await checkAndPlan(check(command), context(false));
    expect(`${report.hint}`).toBe(`They are not.\n${label}: ${command}`);
    expect(report.command).toBe(command);
  });

  it('shows ten findings, or with --verbose a thousand', async () => {
    const brief = await checkAndPlan(check(undefined), context(false));
    expect(brief.report).toMatchObject({ count: 1_200, findings: lines.slice(0, 10) });
    const verbose = await checkAndPlan(check(undefined), context(true));
    expect(verbose.report.findings).toEqual(lines.slice(0, 1_000));
  });
});

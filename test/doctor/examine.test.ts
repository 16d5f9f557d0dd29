import { describe, expect, it } from 'vitest';
import type { DoctorContext } from '../../src/doctor/context.ts';
import type { Examination } from '../../src/doctor/examination.ts';
import { examine } from '../../src/doctor/examine.ts';

const lines = Array.from({ length: 1_200 }, (_, i) => `row ${i}`);

function examination(command: string): Examination<DoctorContext> {
  return {
    id: 'data.rows',
    title: 'Rows are well',
    level: 'error',
    meaning: 'They are not.',
    command,
    find: async () => ({ count: lines.length, sample: lines }),
  };
}

// The examination above looks at nothing of it but that.
const context = (thorough: boolean) => ({ thorough }) as DoctorContext;

describe('examine', () => {
  it.each([
    ['chmod 600 /srv/mcp.db', 'Run'],
    ['mcpgw migrate', 'Run'],
    ['PGSSLMODE=require psql', 'Run'],
    ['GRANT SELECT ON `mcp`.* TO u;', 'SQL'],
    ['SHOW PROCESSLIST;', 'SQL'],
  ])('%s is said to be for: %s', async (command, label) => {
    const { report } = await examine(examination(command), context(false));
    expect(report.hint).toBe(`They are not.\n${label}: ${command}`);
    expect(report.command).toBe(command);
  });

  it('shows ten findings, or with --verbose a thousand', async () => {
    const brief = await examine(examination(''), context(false));
    expect(brief.report).toMatchObject({ count: 1_200, findings: lines.slice(0, 10) });
    const verbose = await examine(examination(''), context(true));
    expect(verbose.report.findings).toEqual(lines.slice(0, 1_000));
  });
});

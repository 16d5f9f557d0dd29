import type { Check } from '../../src/checks/check.ts';
import { type FixResult, runFix } from '../../src/checks/fix.ts';
import { runVerify } from '../../src/checks/verify.ts';
import { noProgress } from '../../src/progress.ts';
import type { CheckReport, DraftCheck } from '../../src/report/report.ts';
import type { MigratedDatabase } from './migrated-database.ts';

type Opened = Pick<MigratedDatabase, 'settings' | 'withConnection'>;
type Overrides = Parameters<typeof runVerify>[2]['overrides'];

/** The reports of `verify` with these checks. */
export async function verify(at: Opened, checks: readonly Check[]): Promise<readonly CheckReport[]> {
  const input = { settings: at.settings, overrides: {}, now: new Date() };
  const { checks: drafts } = await at.withConnection((db) => runVerify(db, checks, input, noProgress));
  return drafts.map(written);
}

/** With its texts as people read them. */
function written(check: DraftCheck): CheckReport {
  const { command, ...rest } = check;
  return { ...rest, findings: check.findings.map(String), hint: `${check.hint}` };
}

/** Those of the reports that are no pass, by id. */
export function problems(reports: readonly CheckReport[]): Record<string, CheckReport> {
  return Object.fromEntries(
    reports.filter(({ status }) => status !== 'passed').map((report) => [report.id, report]),
  );
}

/** Runs `fix` with these checks, agreeing to everything. */
export function fix(at: Opened, checks: readonly Check[], overrides: Overrides = {}): Promise<FixResult> {
  return at.withConnection((db) =>
    runFix(db, checks, {
      settings: at.settings,
      judge: async () => overrides,
      now: new Date(),
      progress: noProgress,
      lockTimeoutMs: 5000,
      signal: new AbortController().signal,
      beforeWriting: async () => {},
      confirm: async () => true,
      reconnect: at.withConnection,
    }),
  );
}

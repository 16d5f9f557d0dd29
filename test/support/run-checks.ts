import type { Ran } from '../../src/change/change.ts';
import { runChange } from '../../src/change/run-change.ts';
import type { Check } from '../../src/checks/check.ts';
import { fix as change, type FixPlan, repaired } from '../../src/checks/fix.ts';
import type { Outcome } from '../../src/checks/run-check.ts';
import { runVerify } from '../../src/checks/verify.ts';
import { noProgress } from '../../src/progress.ts';
import type { CheckReport, DraftCheck } from '../../src/report/report.ts';
import type { MigratedDatabase } from './migrated-database.ts';
import { surroundings } from './surroundings.ts';

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

export type Fixed = Ran<FixPlan, readonly Outcome[]> & ReturnType<typeof repaired>;

/** Runs `fix` with these checks, agreeing to everything. */
export async function fix(
  at: Opened,
  checks: readonly Check[],
  overrides: Overrides = {},
  around = surroundings(at.withConnection),
): Promise<Fixed> {
  const { settings } = at;
  const repair = change({ checks, settings, judge: async () => overrides, now: new Date() });
  const ran = await at.withConnection((db) => runChange(db, repair, around));
  return { ...ran, ...repaired(ran) };
}

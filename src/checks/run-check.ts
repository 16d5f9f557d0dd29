import type { Guard } from '../database/in-savepoint.ts';
import { errorText } from '../errors.ts';
import type { CheckReport } from '../report/report.ts';
import type { Check, CheckContext, Findings } from './check.ts';

export interface Outcome {
  readonly check: Check;
  /** Null when it was skipped or crashed. */
  readonly findings: Findings | null;
  readonly report: CheckReport;
}

/**
 * Runs one check. One that crashes is errored, one that lacks its tables is skipped: neither is a pass.
 *
 * @param guard keeps a check that crashes from taking the others with it, where they share a transaction
 */
export async function runCheck(
  check: Check,
  context: CheckContext,
  guard: Guard = (find) => find(),
): Promise<Outcome> {
  const missing = check.requires.filter((table) => !context.schema.has(table));
  if (missing.length > 0) {
    const none = !context.schema.has('email_users');
    const which = none ? 'there are no tables of v0.7.0' : `there is no table ${missing.join(', ')}`;
    const why = `Not checked: ${which}. Run: mcpgw migrate`;
    return { check, findings: null, report: without(check, 'skipped', why) };
  }
  try {
    const findings = await guard(() => check.find(context));
    if (findings.skipped !== undefined) {
      return {
        check,
        findings: null,
        report: without(check, 'skipped', `Not checked: ${findings.skipped}.`),
      };
    }
    return { check, findings, report: reportOf(check, findings, context.sampleSize) };
  } catch (error) {
    const known = context.db.dialect.translateError(error);
    // A table that somebody has locked is no matter of this check alone: the next ones would wait as long.
    if (known?.code === 'BUSY') throw error;
    const why =
      known?.code === 'CORRUPT'
        ? `Not checked: ${known.message}\nWhat is damaged, and what can be done: mcpgw doctor`
        : known?.code === 'PERMISSION'
          ? `Not checked: ${known.message}\n${known.hint}`
          : `The check itself failed: ${errorText(error)}`;
    return { check, findings: null, report: without(check, 'errored', why) };
  }
}

function without(check: Check, status: 'skipped' | 'errored', hint: string): CheckReport {
  const { id, title, level } = check;
  return { id, title, level, status, count: 0, findings: [], fixable: false, hint };
}

function reportOf(check: Check, findings: Findings, sampleSize: number): CheckReport {
  const { id, title, level } = check;
  const clean = findings.count === 0 || level === 'info';
  const unfixable = findings.unfixable ?? 0;
  return {
    id,
    title,
    level,
    status: clean ? 'passed' : level === 'error' ? 'failed' : 'warned',
    count: findings.count,
    findings: findings.sample.slice(0, sampleSize),
    fixable: check.repair !== undefined && findings.count > unfixable,
    hint: findings.count === 0 ? '' : (findings.hint ?? check.hint),
  };
}

/** Whether a report is anything but a pass: a failure, a crash, or something that could not be checked. */
export function isProblem(report: CheckReport): boolean {
  return report.status === 'failed' || report.status === 'errored' || report.status === 'skipped';
}

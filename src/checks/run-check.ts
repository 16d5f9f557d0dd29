import type { Connection } from '../database/connection.ts';
import type { Guard } from '../database/in-savepoint.ts';
import { errorText } from '../errors.ts';
import { advise, joined, mcpgw, type Text } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';
import type { Schema } from '../schema/model.ts';
import type { Check, Findings } from './check.ts';

export interface Outcome<Made = Check> {
  readonly check: Made;
  /** Null when it was skipped or crashed. */
  readonly findings: Findings | null;
  readonly report: DraftCheck;
}

type Described = Pick<Check<never, never>, 'id' | 'title' | 'level'>;

/**
 * Runs one check. One that crashes is errored, one that lacks its tables is skipped: neither is a pass.
 *
 * @param context what the check is given; how many findings are told comes from it, too
 * @param guard keeps a check that crashes from taking the others with it, where they share a transaction
 * @throws the error of a table that somebody has locked: the next checks would wait as long
 */
export async function runCheck<Context, Plan>(
  check: Check<Context, Plan>,
  context: Context & { readonly sampleSize: number; readonly schema?: Schema; readonly db?: Connection },
  guard: Guard = (find) => find(),
): Promise<Outcome<Check<Context, Plan>>> {
  const { schema, db, sampleSize } = context;
  const without = (status: 'skipped' | 'errored', hint: Text) => ({
    check,
    findings: null,
    report: blankReport(check, { status, hint }),
  });
  const missing = (check.requires ?? []).filter((table) => schema?.has(table) === false);
  if (missing.length > 0) {
    const none = schema?.has('email_users') === false;
    const which = none ? 'there are no tables of v0.7.0' : `there is no table ${missing.join(', ')}`;
    return without('skipped', advise`Not checked: ${which}. Run: ${mcpgw('migrate')}`);
  }
  try {
    const findings = await guard(() => check.find(context));
    if (findings.skipped !== undefined) return without('skipped', advise`Not checked: ${findings.skipped}.`);
    return { check, findings, report: reportOf(check, findings, sampleSize) };
  } catch (error) {
    const known = db?.dialect.translateError(error);
    if (known?.code === 'BUSY') throw error;
    const why =
      known?.code === 'CORRUPT'
        ? advise`Not checked: ${known.message}\nWhat is damaged, and what can be done: ${mcpgw('doctor')}`
        : known?.code === 'PERMISSION'
          ? joined([`Not checked: ${known.message}`, known.hint], '\n')
          : crashed(error);
    return without('errored', why);
  }
}

export function crashed(error: unknown): string {
  return `The check itself failed: ${errorText(error)}`;
}

/** The report of a check that found nothing, or was not made. */
export function blankReport({ id, title, level }: Described, more: Partial<DraftCheck>): DraftCheck {
  return { id, title, level, status: 'passed', count: 0, findings: [], fixable: false, hint: '', ...more };
}

function reportOf(check: Check<never, unknown>, findings: Findings, sampleSize: number): DraftCheck {
  const { level } = check;
  const { count, sample, unfixable = 0, hint = check.hint, unseen } = findings;
  if (unseen !== undefined) return blankReport(check, { status: 'warned', findings: [unseen], hint });
  return blankReport(check, {
    status: count === 0 || level === 'info' ? 'passed' : level === 'error' ? 'failed' : 'warned',
    count,
    findings: sample.slice(0, sampleSize),
    fixable: check.repair !== undefined && count > unfixable,
    hint: count === 0 ? '' : hint,
  });
}

/** Whether a report is anything but a pass: a failure, a crash, or something that could not be checked. */
export function isProblem(report: DraftCheck): boolean {
  return report.status === 'failed' || report.status === 'errored' || report.status === 'skipped';
}

import { sampleSize } from '../checks/sample-size.ts';
import type { Guard } from '../database/in-savepoint.ts';
import { errorText } from '../errors.ts';
import type { CheckReport } from '../report/report.ts';
import type { DoctorContext } from './context.ts';
import { type DoctorFindings, type Examination, GROUPS, type Group, type Mend } from './examination.ts';
import { isSql } from './is-sql.ts';

import { shownCommand } from './shown-command.ts';

/** What came of one examination. */
export interface Examined {
  readonly report: CheckReport;
  readonly notes?: readonly string[];
  /** Null when there is nothing to mend, or nothing that a repair could do. */
  readonly mend: Mend | null;
  /** Something was found that keeps the later ones from being made. */
  readonly decisive: boolean;
}

type Described = Pick<Examination<never>, 'id' | 'title' | 'level'>;

/** Makes one examination and plans its repair. One that crashes is errored, which is no pass. */
export async function examine<Context extends DoctorContext>(
  examination: Examination<Context>,
  context: Context,
  guard: Guard = (find) => find(),
): Promise<Examined> {
  try {
    const findings = await guard(() => examination.find(context));
    if (findings.skipped !== undefined) return notExamined(examination, `Not examined: ${findings.skipped}.`);
    if (findings.count === 0) {
      const { notes = [] } = findings;
      return { report: passed(examination, findings), notes, mend: null, decisive: false };
    }
    const mend = (await examination.repair?.(context, findings)) ?? null;
    return {
      report: reportOf(examination, findings, { fixable: mend !== null, most: sampleSize(context.thorough) }),
      mend,
      decisive: examination.decisive === true,
    };
  } catch (error) {
    const hint = `The examination itself failed: ${errorText(error)}`;
    return {
      report: { ...passed(examination), status: 'errored', hint },
      mend: null,
      decisive: false,
    };
  }
}

/** An examination that was not made, which is no pass. */
export function notExamined(examination: Described, why: string): Examined {
  return {
    report: { ...passed(examination), status: 'skipped', hint: why },
    mend: null,
    decisive: false,
  };
}

function passed({ id, title, level }: Described, findings?: DoctorFindings): CheckReport {
  const group = id.split('.')[0] as Group;
  return {
    id,
    group: GROUPS[group],
    title,
    level,
    status: 'passed',
    count: 0,
    findings: findings?.sample ?? [],
    fixable: false,
    hint: '',
  };
}

function reportOf<Context>(
  examination: Examination<Context>,
  findings: DoctorFindings,
  { fixable, most }: { readonly fixable: boolean; readonly most: number },
): CheckReport {
  const { level, meaning } = examination;
  const mends = fixable ? 'mcpgw doctor --repair' : (findings.command ?? examination.command ?? '');
  const command = findings.instead ?? mends;
  const hint = findings.hint ?? meaning;
  return {
    ...passed(examination),
    status: level === 'info' ? 'passed' : level === 'error' ? 'failed' : 'warned',
    count: findings.count,
    findings: findings.sample.slice(0, most),
    fixable,
    hint: command === '' ? hint : `${hint}\n${isSql(command) ? 'SQL' : 'Run'}: ${shownCommand(command)}`,
    command,
  };
}

import { sampleSize } from '../checks/sample-size.ts';
import type { Guard } from '../database/in-savepoint.ts';
import { errorText } from '../errors.ts';
import type { CheckReport } from '../report/report.ts';
import { thousands } from '../report/thousands.ts';
import type { DoctorContext } from './context.ts';
import { type DoctorFindings, type Examination, GROUPS, type Group, type Mend } from './examination.ts';

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
      const { notes = [], sample } = findings;
      return { ...nothingFound(examination, { findings: sample }), notes };
    }
    const mend = (await examination.repair?.(context, findings)) ?? null;
    const report = reportOf(examination, findings, mend !== null, sampleSize(context.thorough));
    return { report, mend, decisive: examination.decisive === true };
  } catch (error) {
    const hint = `The examination itself failed: ${errorText(error)}`;
    return nothingFound(examination, { status: 'errored', hint });
  }
}

/** An examination that was not made, which is no pass. */
export function notExamined(examination: Described, why: string): Examined {
  return nothingFound(examination, { status: 'skipped', hint: why });
}

function nothingFound({ id, title, level }: Described, more: Partial<CheckReport>): Examined {
  const group = GROUPS[id.split('.')[0] as Group];
  const passed = { status: 'passed', count: 0, findings: [], fixable: false, hint: '' } as const;
  return { report: { id, group, title, level, ...passed, ...more }, mend: null, decisive: false };
}

/** @param most how many findings are told */
function reportOf(
  examination: Examination<never>,
  findings: DoctorFindings,
  fixable: boolean,
  most: number,
): CheckReport {
  const { level, meaning } = examination;
  const mends = fixable ? 'mcpgw doctor --repair' : (findings.command ?? examination.command ?? '');
  const command = findings.instead ?? mends;
  const hint = findings.hint ?? meaning;
  return nothingFound(examination, {
    status: level === 'info' ? 'passed' : level === 'error' ? 'failed' : 'warned',
    count: findings.count,
    findings: findings.sample.slice(0, most),
    fixable,
    hint: command === '' ? hint : `${hint}\n${isSql(command) ? 'SQL' : 'Run'}: ${shownCommand(command)}`,
    command,
  }).report;
}

/**
 * Whether the command that mends a finding is for the database's client instead of a shell: statements begin with
 * a word in capitals, programs do not.
 */
export function isSql(command: string): boolean {
  return /^[A-Z]+ /.test(command);
}

/** How many statements of SQL fit before a reader's eyes. */
const SHOWN = 2;

/** The command as a report for people has it: of many statements the first, and where the others are. */
function shownCommand(command: string): string {
  if (!isSql(command)) return command;
  const statements = command.split(/(?<=;) (?=[A-Z]+ )/);
  const hidden = statements.length - SHOWN;
  // One more is shorter than what would be said in its place.
  if (hidden <= 1) return command;
  return `${statements.slice(0, SHOWN).join(' ')} … and ${thousands(hidden)} more statements (all: --format json, .checks[].command)`;
}
